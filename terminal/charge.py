"""The charge in rows: state, faults with their remedies, session, contactor, pilot. Pure."""

from msgs.pilot import STATE_F_PERCENT, X1_PERCENT, CpState
from msgs.safety import Contactor, Fault, SafetyStatus
from msgs.session import WallboxState
from terminal.facts import Facts
from terminal.lines import Line, Look, Span
from terminal.rows import Rank, row

_MOST_RETRIES = 5  # ERR-R

_STATES = {
    WallboxState.CHARGING: Look.GOOD,
    WallboxState.DEGRADED: Look.WARNING,
    WallboxState.SUSPENDED: Look.WARNING,
    WallboxState.RECOVER_FROM_ERROR: Look.WARNING,
    WallboxState.UNRECOVERABLE_ERROR: Look.ALARM,
}
_CONTACTORS = {
    Contactor.OPEN: Look.STRONG,
    Contactor.CLOSED: Look.GOOD,
    Contactor.WELDED: Look.ALARM,
}
CP_WORDS = {
    CpState.A: "no vehicle",
    CpState.B: "vehicle connected",
    CpState.C: "vehicle ready",
    CpState.D: "vehicle ready, asks for ventilation",
    CpState.E: "pilot shorted, or no power",
    CpState.F: "box not available",
}


def charge_rows(facts: Facts, width: int) -> list[Line]:
    """Return all of it; of a source that is silent, that it is."""
    return [
        *_state(facts, width),
        *_faults(facts, width),
        *_session(facts, width),
        *_contactor(facts, width),
        *_pilot(facts, width),
    ]


def fault_words(fault: Fault) -> str:
    """Return a fault and its remedy in one line."""
    return f"{fault.detail}. {fault.remedy}"


def duty_words(duty_percent: float, offered_a: float) -> str:
    """Return what the box tells the vehicle by its pilot."""
    if duty_percent == X1_PERCENT:
        return "no PWM, offers nothing"
    if duty_percent == STATE_F_PERCENT:
        return "steady -12 V, offers nothing"
    return f"duty {duty_percent:.1f} % offers {offered_a:.1f} A"


def state_reason(facts: Facts) -> str:
    """Return why the state is what it is; "" where faults say it one by one."""
    session, safety = facts.session.fresh, facts.safety.fresh
    if session is None or (safety is not None and safety.records):
        return ""
    return session.reason


def _state(facts: Facts, width: int) -> list[Line]:
    session = facts.session.fresh
    if session is None:
        return row("state", [Span(facts.silence(facts.session), Look.WARNING)], width)
    reason = state_reason(facts)
    look = _STATES.get(session.state, Look.STRONG)
    state = f"{session.state}:" if reason else session.state
    return row("state", [Span(state, look), Span(reason)], width)


def _faults(facts: Facts, width: int) -> list[Line]:
    """Return what is wrong and what the user can do about it."""
    safety = facts.safety.fresh
    if safety is None:
        return []
    lines: list[Line] = []
    for fault in safety.records:
        often = f", seen {fault.count} times" if fault.count > 1 else ""
        lines += row(
            "fault", [Span(f"{fault.code}{often}:", Look.ALARM), Span(fault.detail)], width
        )
        lines += row("remedy", [Span(fault.remedy)], width)
    told = {fault.code for fault in safety.records}
    codes = [code for code in safety.faults if code not in told]
    if codes:
        lines += row("fault", [Span(", ".join(codes), Look.ALARM)], width)
    if safety.retry_in_s is not None:
        lines += row("retry", [Span(_retry_words(safety, safety.retry_in_s))], width)
    return lines


def _retry_words(safety: SafetyStatus, retry_in_s: float) -> str:
    return f"by itself in {retry_in_s:.0f} s ({safety.retries} of {_MOST_RETRIES} used)"


def _session(facts: Facts, width: int) -> list[Line]:
    session = facts.session.fresh
    if session is None:
        return []
    energy = f"{session.energy_wh / 1e3:.2f} kWh"
    if not session.session_id:
        plugged = "a vehicle is plugged in" if session.plugged else "no vehicle is plugged in"
        last = f"; the last one had {energy}" if session.energy_wh else ""
        return row("session", [Span(f"none, {plugged}{last}")], width, rank=Rank.SESSION)
    took = _duration((facts.utc_ns - session.started_utc_ns) / 1e9)
    allowed = "authorised" if session.authorized else "not authorised"
    spans = [Span(f"{energy} in {took},", Look.STRONG), Span(f"{allowed}, id {session.session_id}")]
    return row("session", spans, width, rank=Rank.SESSION)


def _contactor(facts: Facts, width: int) -> list[Line]:
    safety = facts.safety.fresh
    if safety is None:
        return row("contactor", [Span(facts.silence(facts.safety), Look.WARNING)], width)
    phase = "" if safety.phase.value == safety.contactor else f"; {safety.phase.replace('_', '-')}"
    why = f": {safety.detail}" if safety.detail and not safety.records else ""
    spans = [
        Span(f"{safety.contactor},", _CONTACTORS[safety.contactor]),
        Span(f"as proven{phase}{why}"),
    ]
    return row("contactor", spans, width)


def _pilot(facts: Facts, width: int) -> list[Line]:
    pilot = facts.pilot.fresh
    if pilot is None:
        return row("pilot", [Span(facts.silence(facts.pilot), Look.WARNING)], width)
    spans = [
        Span(f"{pilot.cp_state},", Look.STRONG),
        Span(f"{CP_WORDS[pilot.cp_state]};"),
        Span(f"{duty_words(pilot.duty_percent, pilot.offered_a)};", Look.STRONG),
        Span(f"{pilot.high_v:+.1f} V / {pilot.low_v:+.1f} V"),
    ]
    return row("pilot", spans, width)


def _duration(seconds: float) -> str:
    whole = max(0, int(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
