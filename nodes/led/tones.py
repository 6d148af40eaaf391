"""The tone that is played now: one after another, with a pause between, each once. Pure.

The frame has a tone for its duration and then none: the device plays a tone when it appears.
"""

import math
from dataclasses import dataclass, replace

from bus.moment import Moment
from msgs.led import Tone
from msgs.rfid import RfidStatus

TONE_S = 0.5  # assumed; three notes of 120 ms are the longest (hardware.md 3.5)
PAUSE_S = 0.1  # assumed: long enough to be heard, and to be a frame of its own
MOST_WAITING = 3  # assumed: if there are more, the oldest are dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class Tones:
    """The tone that is played, and those that wait."""

    count: int | None = None  # the last tone_count of rfid/status
    now: Tone = Tone.NONE
    until_s: float = 0.0  # end of the tone, or of the pause after it
    waiting: tuple[Tone, ...] = ()


SILENCE = Tones()


def hear(tones: Tones, status: RfidStatus) -> Tones:
    """Return the tones with rfid's newest one; the first status only sets the count."""
    known, tones = tones.count, replace(tones, count=status.tone_count)
    return tones if known in (None, status.tone_count) else add(tones, status.tone)


def add(tones: Tones, tone: Tone) -> Tones:
    """Return the tones with one more. A service tone marks a time and so replaces all others."""
    match tone:
        case Tone.NONE:
            return tones
        case Tone.SERVICE:
            until_s = (
                tones.until_s if tones.now is Tone.NONE else -math.inf
            )  # what is played is cut
            return replace(tones, until_s=until_s, waiting=(tone,))
        case Tone.RISING | Tone.FALLING | Tone.SINGLE:
            return replace(tones, waiting=(*tones.waiting, tone)[-MOST_WAITING:])


def pass_time(tones: Tones, moment: Moment) -> Tones:
    """Return the tones at the present time."""
    if (tones.now is Tone.NONE and not tones.waiting) or not moment.reached(tones.until_s):
        return tones
    if tones.now is not Tone.NONE:
        tones = replace(tones, now=Tone.NONE, until_s=moment.now_s + PAUSE_S)
    else:
        first, *others = tones.waiting
        tones = replace(tones, now=first, until_s=moment.now_s + TONE_S, waiting=tuple(others))
    if tones.now is not Tone.NONE or tones.waiting:
        moment.wake_at(tones.until_s)  # the next change
    return tones
