"""The charge in rows: state, faults with their remedies, session, contactor, pilot. Pure."""

from msgs.safety import Contactor
from msgs.session import WallboxState
from terminal.lines import Span, Style, TextLine
from terminal.rows import Rank, row
from terminal.snapshot import FrontSnapshot
from view.charge import (
    authorisation_words,
    card_name,
    contactor_why,
    contactor_words,
    cp_words,
    duty_words,
    lasted_s,
    plugged_words,
)
from view.faults import faults
from view.silence import silence
from view.state import is_reason_below, state_name, state_reason

_STATES = {
    WallboxState.CHARGING: Style.GOOD,
    WallboxState.DEGRADED: Style.WARNING,
    WallboxState.SUSPENDED: Style.WARNING,
    WallboxState.RECOVER_FROM_ERROR: Style.WARNING,
    WallboxState.UNRECOVERABLE_ERROR: Style.ALARM,
}
_CONTACTORS = {
    Contactor.OPEN: Style.STRONG,
    Contactor.CLOSED: Style.GOOD,
    Contactor.WELDED: Style.ALARM,
}


def charge_rows(snapshot: FrontSnapshot, width: int) -> list[TextLine]:
    """Return all rows of the charge; a silent source is shown as silent."""
    return [
        *_state(snapshot, width),
        *_faults(snapshot, width),
        *_session(snapshot, width),
        *_contactor(snapshot, width),
        *_pilot(snapshot, width),
    ]


def _state(snapshot: FrontSnapshot, width: int) -> list[TextLine]:
    session = snapshot.session.fresh
    style = Style.WARNING if session is None else _STATES.get(session.state, Style.STRONG)
    name = state_name(snapshot)
    if is_reason_below(snapshot):
        return row("state", [Span(name, style)], width)
    return row("state", [Span(f"{name}:", style), Span(state_reason(snapshot))], width)


def _faults(snapshot: FrontSnapshot, width: int) -> list[TextLine]:
    """Return the faults and what the user can do."""
    lines: list[TextLine] = []
    present = faults(snapshot)
    for fault in present:
        lines += row("fault", [Span(f"{fault.name}:", Style.ALARM), Span(fault.detail)], width)
        if fault.remedy:
            lines += row("remedy", [Span(fault.remedy)], width)
    retry = next((fault.retry for fault in present if fault.retry), "")  # one retry for all
    return lines + row("retry", [Span(retry)], width) if retry else lines


def _session(snapshot: FrontSnapshot, width: int) -> list[TextLine]:
    session = snapshot.session.fresh
    if session is None:
        return []
    energy = f"{session.energy_wh / 1e3:.2f} kWh"
    if not session.session_id:
        last = f"; the last one had {energy}" if session.energy_wh else ""
        words = f"none, vehicle {plugged_words(session.plugged)}{last}"
        return row("session", [Span(words)], width, rank=Rank.SESSION)
    took_s = lasted_s(snapshot)
    took = "" if took_s is None else f" in {_duration(took_s)}"
    by = card_name(snapshot) or session.token
    rest = f"authorisation {authorisation_words(session, by)}, id {session.session_id}"
    return row(
        "session", [Span(f"{energy}{took},", Style.STRONG), Span(rest)], width, rank=Rank.SESSION
    )


def _contactor(snapshot: FrontSnapshot, width: int) -> list[TextLine]:
    safety = snapshot.safety.fresh
    style = Style.WARNING if safety is None else _CONTACTORS[safety.contactor]
    why = contactor_why(snapshot)
    words = contactor_words(snapshot)
    return row("contactor", [Span(f"{words};" if why else words, style), Span(why)], width)


def _pilot(snapshot: FrontSnapshot, width: int) -> list[TextLine]:
    pilot = snapshot.pilot.fresh
    if pilot is None:
        return row("pilot", [Span(silence(snapshot, snapshot.pilot), Style.WARNING)], width)
    spans = [
        Span(f"{cp_words(pilot.cp_state)};"),
        Span(f"{duty_words(pilot)};", Style.STRONG),
        Span(f"{pilot.high_v:+.1f} V / {pilot.low_v:+.1f} V"),
    ]
    return row("pilot", spans, width)


def _duration(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
