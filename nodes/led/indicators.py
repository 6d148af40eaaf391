"""The lights beside the status LED: network, RFID, reading area, charge mode, touch key. Pure.

One function for each light. What the manual leaves open is marked as assumed.
"""

from msgs.dcs import ChargeMode, Link
from msgs.led import DARK, Color, Effect, Light
from msgs.rfid import Indication, RfidMode
from nodes.led.messages import Messages

MODULE_STARTS_S = 180.0  # DCS-1: about three minutes, without a fault meanwhile


def _steady(color: Color) -> Light:
    return Light(color=color, effect=Effect.STEADY)


def _blinking(color: Color) -> Light:
    return Light(color=color, effect=Effect.BLINK)


_PULSE = Light(color=Color.WHITE, effect=Effect.PULSE)

# RFID-3, RFID-8: the result of the card that was presented last, while rfid publishes it.
INDICATIONS: dict[Indication, Light | None] = {
    Indication.NONE: None,
    Indication.ACCEPTED: _steady(Color.GREEN),
    Indication.REFUSED: _steady(Color.RED),
    Indication.NEW_CARD: _steady(Color.ORANGE),
    Indication.STORED: _steady(Color.WHITE),
}

# RFID-8, RFID-9: the card that the reader waits for. Assumed: pulsing, as for any awaited card.
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
    """Return the network indicator (DCS-1, DCS-8): off while the service is not offered."""
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
    """Return the RFID indicator (RFID-2, RFID-3, RFID-8, RFID-9).

    Assumed: it blinks orange if a card is needed and the reader does not answer, since a front
    without any light would look like a box without mains. It is off while rfid is silent.
    """
    status = messages.rfid
    if status is None:
        return DARK
    indicated = INDICATIONS[status.indication]
    if indicated is not None:
        return indicated
    if not status.works:
        return _blinking(Color.ORANGE) if messages.needs_card else DARK
    awaited = MODES[status.mode]
    if awaited is not None and not messages.is_master_blocked:
        return awaited
    return _PULSE if messages.needs_card else DARK


def frame(messages: Messages) -> Light:
    """Return the frame of the reading area: lit while cards are taught, else pulsing if needed.

    The result of a card is shown by the RFID indicator alone (RFID-3).
    """
    status = messages.rfid
    if status is None or not status.works:
        return DARK
    if status.mode is not RfidMode.READY and not messages.is_master_blocked:
        return _steady(Color.WHITE)  # RFID-9: the reading area lights up; assumed for RFID-8
    return _PULSE if messages.needs_card else DARK


def mode(messages: Messages) -> Light:
    """Return the charge-mode indicator (DCS-3).

    The module is the box's communication side. Without a link to it the other rows are unreliable,
    so a missing link comes first, but only after the module's start time.
    """
    if not messages.has_module and messages.is_module_late:
        return _steady(Color.ORANGE)
    dcs, session = messages.dcs, messages.session
    has_session = session is not None and session.plugged and session.session_id != ""
    if dcs is not None and dcs.synchronised and has_session:
        return _blinking(Color.WHITE) if dcs.waits_for_plan else CHARGE_MODES[dcs.mode]
    return _steady(Color.BLUE) if messages.has_module else DARK


def touch(messages: Messages) -> Light:
    """Return the light of the touch key: lit only while a press has an effect (PAN-4).

    White to confirm a synchronisation (DCS-2); assumed: also to switch the charge mode.
    """
    dcs = messages.dcs
    has_effect = dcs is not None and (dcs.can_confirm or dcs.can_switch)
    return _steady(Color.WHITE) if has_effect else DARK
