"""What the reader shows and plays about a card, and the end of a mode. Pure."""

import math
from dataclasses import replace

from msgs.led import Tone
from msgs.rfid import Indication, RfidMode
from nodes.rfid.outcome import CardOutcome, CardResult
from nodes.rfid.state import State

SHOWN_S = 2.0  # assumed: RFID-3: accepted, refused; RFID-8: stored


def refuse(state: State, why: CardResult, now_s: float, said: str = "") -> State:
    """Refuse the card, and end teaching (RFID-3)."""
    state = replace(
        end_teaching(state),
        accepted=False,
        outcome=CardOutcome(result=why, said=said),
        indication=Indication.REFUSED,
        shown_until_s=now_s + SHOWN_S,
    )
    return play(state, Tone.FALLING)


def end_teaching(state: State) -> State:
    """Return to READY, except from the window for a first master."""
    if state.mode in (RfidMode.NEW_CARD, RfidMode.CONFIRM):
        return without_indication(ready(state))
    return state


def ready(state: State) -> State:
    """Return to the mode in which a card authorises."""
    return replace(state, mode=RfidMode.READY, until_s=math.inf, master_uid="", new_uid="")


def without_indication(state: State) -> State:
    """Switch the indication off."""
    return replace(state, indication=Indication.NONE, shown_until_s=math.inf)


def play(state: State, tone: Tone) -> State:
    """Play a tone once."""
    return replace(state, tone=tone, tone_count=state.tone_count + 1)
