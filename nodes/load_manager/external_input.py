"""The claim of the external input: a contact, as of a grid operator, that limits while open. Pure.

safety reads the contact (`safety/status.external_enable`). The limit counts at once; it ends when
the contact has been closed for a while, so that one that opens and closes does not switch the
contactor each time.
"""

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.load_manager import Limit, amount_words
from msgs.safety import SafetyStatus

SOURCE = "external_input"
CLOSED_S = 10.0  # assumed: spares the contactor, as RAISE_AFTER_S of the fuse


class ExternalInput(Struct, frozen=True, kw_only=True):
    """What is remembered of the contact."""

    is_limiting: bool = False
    closed_since_s: float | None = None  # while limiting; None: open, or safety is silent


def follow(before: ExternalInput, safety: SafetyStatus | None, moment: Moment) -> ExternalInput:
    """Return what is remembered after a look. An input that is switched off is as a closed one."""
    if safety is not None and safety.external_enable is False:
        return ExternalInput(is_limiting=True)
    if not before.is_limiting:
        return before
    if safety is None:
        return ExternalInput(is_limiting=True)
    since_s = moment.now_s if before.closed_since_s is None else before.closed_since_s
    if moment.reached(since_s + CLOSED_S):
        return ExternalInput()
    return replace(before, closed_since_s=since_s)


def claims_of(state: ExternalInput, safety: SafetyStatus | None, limit_a: float) -> list[Limit]:
    """Return the claim, if the input is used.

    :param limit_a: what is allowed while the contact is open
    """
    if state.is_limiting:
        words = f"{amount_words(limit_a)} at most" if limit_a else "paused"
        detail = (
            "The contact at the external input is open, by which the grid operator or a switch "
            f"limits the charge: {words} until it closes."
        )
        if state.closed_since_s is not None:
            detail = (
                f"The contact at the external input was open: {words} until it has been closed for "
            )
            detail += f"{CLOSED_S:g} s."
        return [Limit(source=SOURCE, limit_a=limit_a, detail=detail)]
    if safety is None or safety.external_enable is None:
        return []
    return [
        Limit(source=SOURCE, limit_a=None, detail="The contact at the external input is closed.")
    ]
