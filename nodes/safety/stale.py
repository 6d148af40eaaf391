"""Inputs stale: how long, and how often a charge or a self-test was broken off by it. Pure."""

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from nodes.safety.config import Config
from nodes.safety.judge import Blind


class StaleInputs(Struct, frozen=True, kw_only=True):
    """What is remembered of readings that said nothing."""

    why: Blind | None = None  # the last reading said nothing
    since_s: float | None = None  # not fresh for long enough to prove the contactor open, since
    interrupted_at_s: tuple[float, ...] = ()  # a charge or a self-test, of late


def interrupt(stale: StaleInputs, config: Config, moment: Moment) -> tuple[StaleInputs, bool]:
    """Note that a charge or a self-test is broken off; return whether that is too often."""
    recent_s = tuple(
        at_s for at_s in stale.interrupted_at_s if not moment.reached(at_s + config.interruptions_s)
    )
    interrupted_at_s = (*recent_s, moment.now_s)
    is_too_often = len(interrupted_at_s) >= config.interruptions
    if is_too_often:
        interrupted_at_s = ()
    return replace(stale, interrupted_at_s=interrupted_at_s), is_too_often


def miss(
    stale: StaleInputs, config: Config, why: Blind, moment: Moment, *, interrupts: bool
) -> tuple[StaleInputs, bool]:
    """Note that inputs are stale; return whether for too long, or whether it interrupts too often.

    Without mains nothing is wrong with the box, nor was before it was known that there are none.

    :param interrupts: it breaks off a charge or a self-test.
    """
    if why is Blind.DARK:
        return replace(stale, why=why, since_s=None, interrupted_at_s=()), False
    since_s = moment.now_s if stale.since_s is None else stale.since_s
    stale = replace(stale, why=why, since_s=since_s)
    is_wrong = False
    if interrupts:
        stale, is_wrong = interrupt(stale, config, moment)
    if moment.reached(since_s + config.blind_s):
        return replace(stale, interrupted_at_s=()), True
    return stale, is_wrong


def see(stale: StaleInputs, *, is_proven: bool) -> StaleInputs:
    """Note that inputs are fresh.

    :param is_proven: for long enough to have proven the contactor open.
    """
    since_s = None if is_proven else stale.since_s
    if stale.why is None and since_s == stale.since_s:
        return stale
    return replace(stale, why=None, since_s=since_s)
