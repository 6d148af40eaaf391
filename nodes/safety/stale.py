"""Inputs stale: how long, and how often that broke off a charge or a self-test. Pure."""

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from nodes.safety.config import Config
from nodes.safety.evaluation import Stale


class StaleInputs(Struct, frozen=True, kw_only=True):
    """What is remembered of stale inputs."""

    reason: Stale | None = None  # of the last reading; None: it was fresh
    since_s: float | None = None  # stale since; cleared when the contactor is proven open
    interrupted_at_s: tuple[float, ...] = ()  # when a charge or a self-test was broken off


def interrupt(stale: StaleInputs, config: Config, moment: Moment) -> tuple[StaleInputs, bool]:
    """Record that a charge or a self-test is broken off; return whether too often."""
    recent_s = tuple(
        at_s for at_s in stale.interrupted_at_s if not moment.reached(at_s + config.interruptions_s)
    )
    interrupted_at_s = (*recent_s, moment.now_s)
    is_too_often = len(interrupted_at_s) >= config.interruptions
    if is_too_often:
        interrupted_at_s = ()
    return replace(stale, interrupted_at_s=interrupted_at_s), is_too_often


def record_stale(
    stale: StaleInputs, config: Config, reason: Stale, moment: Moment, *, interrupts: bool
) -> tuple[StaleInputs, bool]:
    """Record stale inputs; return whether they are a fault.

    They are if they have lasted too long, or have broken off too many charges and self-tests.

    Without mains it is no fault; what was counted before the loss was known is dropped.

    :param interrupts: it breaks off a charge or a self-test.
    """
    if reason is Stale.NO_MAINS:
        return replace(stale, reason=reason, since_s=None, interrupted_at_s=()), False
    since_s = moment.now_s if stale.since_s is None else stale.since_s
    stale = replace(stale, reason=reason, since_s=since_s)
    is_wrong = False
    if interrupts:
        stale, is_wrong = interrupt(stale, config, moment)
    if moment.reached(since_s + config.stale_s):
        return replace(stale, interrupted_at_s=()), True
    return stale, is_wrong


def record_fresh(stale: StaleInputs, *, is_proven: bool) -> StaleInputs:
    """Record that inputs are fresh.

    :param is_proven: long enough to prove the contactor open.
    """
    since_s = None if is_proven else stale.since_s
    if stale.reason is None and since_s == stale.since_s:
        return stale
    return replace(stale, reason=None, since_s=since_s)
