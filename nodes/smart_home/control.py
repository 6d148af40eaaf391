"""What local controllers have asked for, and what follows from it with time. Pure.

Currents and the enabling count until the next start of the box, a `currtime`, an energy limit and a
stop until the plug is out (UDP guide, pages 21, 24, 31, 33). When no order comes within the time of
the failsafe, its current replaces what was asked for, until current and enabling have been ordered
again (page 34).
"""

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.units import Seconds
from nodes.smart_home.orders import (
    CancelTimer,
    Enable,
    LimitEnergy,
    Order,
    SetCurrent,
    SetCurrentLater,
    SetFailsafe,
)

MOST_MA = 63_000  # UDP guide, page 33: no limit
LEAST_MA = 6_000
MOST_DELAY_S = 860_400  # page 22
MOST_ENERGY_DWH = 999_999_999  # page 24, in 0.1 Wh
LEAST_FAILSAFE_S, MOST_FAILSAFE_S = 10, 600  # page 34

Milliamperes = Annotated[int, Meta(ge=0, le=MOST_MA, extra={"unit": "mA"})]


class Failsafe(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds while the controllers are silent."""

    timeout_s: Annotated[int, Meta(ge=LEAST_FAILSAFE_S, le=MOST_FAILSAFE_S)]
    current_ma: Milliamperes


class Charge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What counts until the plug is out."""

    current_ma: Milliamperes | None = None  # None: the lasting one counts
    is_stopped: bool = False  # by `currtime 0`, until the next `currtime`
    is_full: bool = False  # the energy limit was reached; until it is enabled again
    next_ma: Milliamperes | None = None  # comes into force at next_s; None: nothing waits
    next_s: Seconds = 0.0  # monotonic; 0 while nothing waits
    energy_dwh: Annotated[int, Meta(ge=0, le=MOST_ENERGY_DWH)] = 0  # 0: no limit


NO_CHARGE = Charge()


class Control(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What controllers have asked for since the box has started."""

    lasting_ma: Milliamperes = MOST_MA
    is_enabled: bool = True
    charge: Charge = NO_CHARGE
    session_id: str = ""  # of which charge; "": the session had not begun
    failsafe: Failsafe | None = None
    word_s: Seconds = 0.0  # of the newest order that the failsafe waits for [monotonic]
    # The failsafe counts; what was ordered again since.
    is_failsafe: bool = False
    has_current: bool = False
    has_enabling: bool = False


NO_CONTROL = Control()

LEAST = Control(lasting_ma=LEAST_MA)
"""What counts where it is not known what was asked for."""


def current_ma(control: Control) -> int:
    """Return the current that is asked for, whether charging is enabled or not."""
    asked_ma = control.charge.current_ma
    return control.lasting_ma if asked_ma is None else asked_ma


def is_allowed(control: Control) -> bool:
    """Return whether the controllers allow charging, apart from failsafe and energy limit."""
    return control.is_enabled and not control.charge.is_stopped and current_ma(control) > 0


def is_enabled(control: Control) -> bool:
    """Return whether the controllers allow charging, apart from the failsafe."""
    return is_allowed(control) and not control.charge.is_full


def is_free(control: Control) -> bool:
    """Return whether nothing limits the charge, now or later."""
    is_unlimited = current_ma(control) >= MOST_MA and is_enabled(control)
    return is_unlimited and control.failsafe is None and control.charge.next_ma is None


def apply(control: Control, order: Order, now_s: float) -> Control:
    """Return what is asked for after an order that needs no other node."""
    match order:
        case SetCurrent():
            charge = replace(control.charge, current_ma=None)
            return _current_said(
                replace(control, lasting_ma=order.current_ma, charge=charge), now_s
            )
        case SetCurrentLater(delay_s=0):
            return _current_said(_now(control, order.current_ma), now_s)
        case SetCurrentLater():
            charge = replace(control.charge, next_ma=order.current_ma, next_s=now_s + order.delay_s)
            return _current_said(replace(control, charge=charge), now_s)
        case CancelTimer():
            charge = replace(control.charge, next_ma=None, next_s=0.0)
            return _word(replace(control, charge=charge), now_s)
        case Enable():
            charge = control.charge
            charge = replace(charge, is_full=charge.is_full and not order.is_on)
            control = replace(control, is_enabled=order.is_on, charge=charge)
            return _free_again(_word(replace(control, has_enabling=True), now_s))
        case LimitEnergy():
            charge = replace(control.charge, energy_dwh=order.energy_dwh)
            return replace(control, charge=charge)
        case SetFailsafe(timeout_s=0):
            return _word(replace(control, failsafe=None, is_failsafe=False), now_s)
        case SetFailsafe():
            failsafe = Failsafe(timeout_s=order.timeout_s, current_ma=order.current_ma)
            return _word(replace(control, failsafe=failsafe), now_s)
        case _:
            return control


def follow(
    control: Control, moment: Moment, *, plugged: bool | None, session_id: str, energy_wh: float
) -> Control:
    """Return what is asked for as time goes on and the plug moves.

    :param plugged: None: not known.
    :param energy_wh: of the session that runs.
    """
    control = _of_this_charge(control, plugged, session_id)
    charge = control.charge
    if charge.next_ma is not None and moment.reached(charge.next_s):
        control = _now(control, charge.next_ma)
        charge = control.charge
    if charge.energy_dwh and not charge.is_full and energy_wh * 10.0 >= charge.energy_dwh:
        control = replace(control, charge=replace(charge, is_full=True, energy_dwh=0))
    failsafe = control.failsafe
    if failsafe is None or control.is_failsafe:
        return control
    if moment.reached(control.word_s + failsafe.timeout_s):
        control = replace(control, is_failsafe=True, has_current=False, has_enabling=False)
    return control


def restarted(control: Control, now_s: float) -> Control:
    """Return what is asked for after a restart of the node alone: the controllers have time."""
    return replace(control, word_s=now_s)


def _of_this_charge(control: Control, plugged: bool | None, session_id: str) -> Control:
    """Forget what counted for a charge that is over."""
    is_over = plugged is False
    if session_id and control.session_id and session_id != control.session_id:
        is_over = True
    if is_over and (control.charge != NO_CHARGE or control.session_id):
        control = replace(control, charge=NO_CHARGE, session_id="")
    if session_id and control.session_id != session_id:
        control = replace(control, session_id=session_id)
    return control


def _now(control: Control, current_ma: int) -> Control:
    """Let a current of `currtime` count: it enables as well, 0 stops (pages 21, 31)."""
    is_stop, charge = current_ma == 0, control.charge
    charge = replace(
        charge,
        current_ma=charge.current_ma if is_stop else current_ma,
        is_stopped=is_stop,
        is_full=charge.is_full and is_stop,
        next_ma=None,
        next_s=0.0,
    )
    return replace(control, is_enabled=control.is_enabled or not is_stop, charge=charge)


def _current_said(control: Control, now_s: float) -> Control:
    return _free_again(_word(replace(control, has_current=True), now_s))


def _word(control: Control, now_s: float) -> Control:
    """Note an order that the failsafe waits for."""
    return replace(control, word_s=now_s)


def _free_again(control: Control) -> Control:
    """End the failsafe once current and enabling have been ordered again."""
    if control.is_failsafe and control.has_current and control.has_enabling:
        return replace(control, is_failsafe=False)
    return control
