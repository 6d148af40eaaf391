"""The contactor: a coil behind a chain of conditions, three main poles, a mirror contact."""

from msgspec import Struct
from msgspec.structs import replace

PULL_IN_S = 0.025  # assumed: middle of 15 to 30 ms of an AC-coil contactor of 40 A
DROP_OUT_S = 0.018  # assumed: within 10 to 25 ms of such a contactor
SLOW_S = 0.5  # the fault `slow`: beyond the 0.2 s of ERR-RED
WATCHDOG_S = 1.0  # from the last edge until the hardware watchdog drops the coil

Poles = tuple[bool, bool, bool]  # L1, L2, L3; True is closed

OPEN: Poles = (False, False, False)
CLOSED: Poles = (True, True, True)


class ContactorModel(Struct, frozen=True, kw_only=True):
    """Coil and main poles; the poles follow the coil after a delay."""

    coil: bool = False
    poles: Poles = OPEN
    moves_at_s: float | None = None

    @property
    def mirror_closed(self) -> bool:
        """Return whether the mirror contact is closed: never while a main pole is closed.

        IEC 60947-4-1, Annex F.
        """
        return True not in self.poles


def settle(
    contactor: ContactorModel, now_s: float, *, coil: bool, welded: bool, stuck: bool, slow: bool
) -> ContactorModel:
    """Return the contactor at a time; `coil`: the chain of conditions gives the coil current.

    `welded`: a closed pole L1 does not open. `stuck`: open poles do not close. `slow`: closed poles
    open late.
    """
    if coil != contactor.coil:
        contactor = replace(contactor, coil=coil, moves_at_s=None)
    if coil:
        target = contactor.poles if stuck else CLOSED
    else:
        target = (welded and contactor.poles[0], False, False)
    if target == contactor.poles:
        if contactor.moves_at_s is None:
            return contactor
        return replace(contactor, moves_at_s=None)
    if contactor.moves_at_s is None:
        opens_after_s = SLOW_S if slow else DROP_OUT_S
        delay_s = PULL_IN_S if coil else opens_after_s
        return replace(contactor, moves_at_s=now_s + delay_s)
    if now_s < contactor.moves_at_s:
        return contactor
    return replace(contactor, poles=target, moves_at_s=None)
