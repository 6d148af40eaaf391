"""The lights beside the status LED: network, RFID, reading area, charge mode, touch key. Pure.

Each is one function, first row that applies. What the manual leaves open is marked as ours.
"""

from msgs.dcs import ChargeMode, Link
from msgs.led import DARK, Color, Effect, Light
from msgs.rfid import Indication, RfidMode
from nodes.led.messages import Messages

MODULE_STARTS_S = 180.0  # DCS-1: about three minutes, and no fault meanwhile


def _steady(color: Color) -> Light:
    return Light(color=color, effect=Effect.STEADY)


def _blinking(color: Color) -> Light:
    return Light(color=color, effect=Effect.BLINK)


_PULSE = Light(color=Color.WHITE, effect=Effect.PULSE)

# RFID-3, RFID-8: what became of the card that was held last, for as long as rfid tells it.
INDICATIONS: dict[Indication, Light | None] = {
    Indication.NONE: None,
    Indication.ACCEPTED: _steady(Color.GREEN),
    Indication.REFUSED: _steady(Color.RED),
    Indication.NEW_CARD: _steady(Color.ORANGE),
    Indication.STORED: _steady(Color.WHITE),
}

# RFID-8, RFID-9: which card the reader waits for. Pulsing as for every card that is awaited (ours).
MODES: dict[RfidMode, Light | None] = {
    RfidMode.READY: None,
    RfidMode.NEW_CARD: _PULSE,
    RfidMode.CONFIRM: _steady(Color.ORANGE),
    RfidMode.MASTER: _PULSE,
}

CHARGE_MODES: dict[ChargeMode, Light] = {  # DCS-3
    ChargeMode.FAST: _steady(Color.GREEN),
    ChargeMode.INTELLIGENT: _steady(Color.WHITE),
}


def network(messages: Messages) -> Light:
    """Return the network indicator (DCS-1, DCS-8): dark while the service is not offered."""
    dcs = messages.dcs
    if dcs is None:
        return DARK
    if dcs.link is Link.ONLINE:
        return _steady(Color.GREEN)
    if dcs.signing_in:
        return _blinking(Color.GREEN)
    if dcs.link is Link.REACHABLE:
        return _steady(Color.WHITE)
    return _steady(Color.ORANGE) if dcs.synchronised else DARK


def rfid(messages: Messages) -> Light:
    """Return the RFID indicator (RFID-2, RFID-3, RFID-8, RFID-9): dark with nothing to tell.

    A reader that does not answer, while a card is needed, blinks orange instead of inviting one
    (ours): a front that is dark all over would look like one without mains. A silent rfid says
    nothing.
    """
    said = messages.rfid
    if said is None:
        return DARK
    told = INDICATIONS[said.indication]
    if told is not None:
        return told
    if not said.works:
        return _blinking(Color.ORANGE) if messages.needs_card else DARK
    awaited = MODES[said.mode]
    if awaited is not None:
        return awaited
    return _PULSE if messages.needs_card else DARK


def frame(messages: Messages) -> Light:
    """Return the frame of the reading area: lit while cards are taught, inviting while needed.

    It tells nothing of the card that was held last (RFID-3 names the indicator alone).
    """
    said = messages.rfid
    if said is None or not said.works:
        return DARK
    if said.mode is not RfidMode.READY:
        return _steady(Color.WHITE)  # RFID-9: the reading area lights up; RFID-8 likewise (ours)
    return _PULSE if messages.needs_card else DARK


def mode(messages: Messages) -> Light:
    """Return the charge-mode indicator (DCS-3).

    The module is the box's communication side. Without a link to it nothing below can be relied
    on, so that goes first, but not before its start time is over.
    """
    if not messages.has_module and messages.is_module_late:
        return _steady(Color.ORANGE)
    dcs, session = messages.dcs, messages.session
    charges = session is not None and session.plugged and session.session_id != ""
    if dcs is not None and dcs.synchronised and charges:
        return _blinking(Color.WHITE) if dcs.waits_for_plan else CHARGE_MODES[dcs.mode]
    return _steady(Color.BLUE) if messages.has_module else DARK


def touch(messages: Messages) -> Light:
    """Return the light of the touch key: lit only when a press would do something (PAN-4).

    White for a synchronisation to confirm (DCS-2), and for a switch of the charge mode (ours).
    """
    dcs = messages.dcs
    does = dcs is not None and (dcs.can_confirm or dcs.can_switch)
    return _steady(Color.WHITE) if does else DARK
