"""Why no current is offered, and the line for the log when that ends a running offer. Pure.

Each reason is the first that holds.
"""

from enum import Enum

from msgs.pilot import MIN_OFFER_A, CpState
from msgs.topics import LOAD_OFFER, SAFETY_STATUS, SESSION_STATUS
from nodes.pilot.cp_line import CpLineReading


class NoOffer(Enum):
    """Why no current is offered."""

    LINE_UNREAD = "line_unread"
    NO_VEHICLE = "no_vehicle"
    LINE_WRONG = "line_wrong"  # E or F
    SESSION_SILENT = "session_silent"
    NOT_PERMITTED = "not_permitted"  # by session
    SAFETY_SILENT = "safety_silent"
    SAFETY_WITHHOLDS = "safety_withholds"
    LOAD_SILENT = "load_silent"
    TOO_LITTLE = "too_little"  # a limit is below the least offer


_SILENCE = {
    NoOffer.SESSION_SILENT: ("session", SESSION_STATUS.hold_s),
    NoOffer.SAFETY_SILENT: ("safety", SAFETY_STATUS.hold_s),
    NoOffer.LOAD_SILENT: ("load_manager", LOAD_OFFER.hold_s),
}
_LINE = frozenset({NoOffer.LINE_UNREAD, NoOffer.LINE_WRONG})


def of_line(cp_state: CpState | None, reading: CpLineReading | None) -> NoOffer:
    """Return why a CP line without a plugged vehicle gets no current."""
    if reading is None:
        return NoOffer.LINE_UNREAD
    return NoOffer.NO_VEHICLE if cp_state is CpState.A else NoOffer.LINE_WRONG


def line_of(
    reason: NoOffer,
    offered_a: float,
    *,
    limit_a: float,
    cp_state: CpState | None,
    reading: CpLineReading | None,
    since_s: float,
) -> tuple[str, str] | None:
    """Return the line for an offer that ends (level, text); None if the plug was pulled.

    :param offered_a: until now.
    :param limit_a: the lowest known limit.
    :param since_s: since the look before: a node that stood still itself may read late.
    """
    if reason is NoOffer.NO_VEHICLE:
        return None
    match reason:
        case NoOffer.LINE_UNREAD:
            gap = f"the look before was {since_s * 1000:.0f} ms ago"
            why = f"the CP line could not be read; {gap}"
        case NoOffer.LINE_WRONG:
            volts = 0.0 if reading is None else reading.high_v
            why = f"the CP line is in state {cp_state}, {volts:+.1f} V"
        case NoOffer.NOT_PERMITTED:
            why = "session does not permit charging"
        case NoOffer.SAFETY_WITHHOLDS:
            why = "safety withholds it"
        case NoOffer.TOO_LITTLE:
            why = f"the lowest limit is {limit_a:.1f} A, below {MIN_OFFER_A:g} A"
        case _:
            writer, hold_s = _SILENCE[reason]
            why = f"{writer} has been silent for more than {hold_s * 1000:.0f} ms"
    level = "warning" if reason in _SILENCE or reason in _LINE else "info"
    return level, f"no current is offered any more ({offered_a:g} A before): {why}"
