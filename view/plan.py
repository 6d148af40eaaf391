"""The plan of the charging service for a person: how this charge goes, why, and the curve."""

from msgspec import Struct

from msgs.dcs import ChargeMode, DcsStatus, Link
from msgs.units import Amps, Seconds
from view.snapshot import Snapshot

NS_PER_S = 1e9


class PlanSpan(Struct, frozen=True, kw_only=True):
    """A part of the plan: it is valid until the next one begins."""

    in_s: Seconds  # from now on; 0: already
    limit_a: Amps | None  # of each phase; 0: paused; None: no limit


class PlanPicture(Struct, frozen=True, kw_only=True):
    """The plan of the charging service."""

    mode: str  # how this charge goes, in one word; "" while there is none
    why: str
    spans: tuple[PlanSpan, ...]  # none: there is no plan
    is_applied: bool  # the box follows it now


def plan_picture(snapshot: Snapshot) -> PlanPicture | None:
    """Return the plan; None while the box belongs to no service, or dcs is silent."""
    dcs, session = snapshot.dcs.fresh, snapshot.session.fresh
    if dcs is None or not dcs.synchronised:
        return None
    is_running = session is not None and session.session_id != ""
    is_applied = is_running and dcs.mode is ChargeMode.INTELLIGENT and not dcs.waits_for_plan
    return PlanPicture(
        mode=_mode(dcs) if is_running else "",
        why=_why(dcs, is_running),
        spans=_spans(dcs, snapshot.utc_ns),
        is_applied=is_applied,
    )


def _mode(dcs: DcsStatus) -> str:
    if dcs.waits_for_plan:
        return "Waiting for the plan"
    return "Intelligent" if dcs.mode is ChargeMode.INTELLIGENT else "Fast"


def _why(dcs: DcsStatus, is_running: bool) -> str:
    if not dcs.clock_set:
        return "The time is not known: no plan is in force until it is."
    lost = " The service is not reached now." if dcs.link is not Link.ONLINE else ""
    if not is_running:
        words = "The next charge follows this plan." if dcs.plan else "No charge runs."
    elif dcs.waits_for_plan:
        words = "A low current is offered until the charging service has sent its plan."
    elif dcs.mode is ChargeMode.INTELLIGENT:
        words = "The current follows the plan of the charging service."
    elif dcs.plan:
        words = "Fast charging was chosen at the box: the plan is not applied."
    else:
        words = "The charging service has sent no plan for this charge."
    return words + lost


def _spans(dcs: DcsStatus, utc_ns: int) -> tuple[PlanSpan, ...]:
    """Return the spans from now on; the one that is valid now begins now."""
    spans: list[PlanSpan] = []
    for period in dcs.plan:
        in_s = (period.start_utc_ns - utc_ns) / NS_PER_S
        if in_s <= 0.0:
            spans = [PlanSpan(in_s=0.0, limit_a=period.limit_a)]
        else:
            spans.append(PlanSpan(in_s=in_s, limit_a=period.limit_a))
    return tuple(spans)
