"""What controllers see of the box, in the terms of KEBA's guides. Pure.

UDP and Modbus say the same; `snapshot_of` makes it of the newest messages. What is not known (a
node is silent) is 0, and the state is "start-up" then.
"""

from enum import IntEnum

from msgspec import Struct
from msgspec.structs import replace

from msgs.card import NO_TAG, tag_of
from msgs.meter import MeterReading
from msgs.pilot import PilotStatus
from msgs.safety import Contactor, FaultCode, SafetyPhase, SafetyStatus
from msgs.session import SessionStatus, WallboxState
from nodes.smart_home.control import Control, current_ma, is_enabled

NO_PWM_PERMILLE = 1000  # UDP guide, page 17: no PWM
RED = 0xFFFF  # assumed: the code of a fault without a number
MOST_COUNT = 999_999_999  # page 18


class ChargeState(IntEnum):
    """Report 2 "State" and register 1000 (UDP guide, page 16; Modbus guide, 1000)."""

    STARTING = 0
    NOT_READY = 1  # unplugged, or not authorised
    READY = 2  # waits for the vehicle
    CHARGING = 3
    ERROR = 4
    SUSPENDED = 5  # too hot, or paused by a controller or another limit


class PlugCode(IntEnum):
    """Report 2 "Plug" and register 1004; the cable of this box is fixed (page 17)."""

    NO_VEHICLE = 3
    VEHICLE = 7


class NewestMessages(Struct, frozen=True, kw_only=True):
    """The newest messages; None: silent."""

    safety: SafetyStatus | None = None
    pilot: PilotStatus | None = None
    session: SessionStatus | None = None
    box: MeterReading | None = None
    limit_a: float | None = None  # of load/offer


class BoxSnapshot(Struct, frozen=True, kw_only=True):
    """The box at one instant: currents [mA], energies [0.1 Wh], power [mW], voltages [V].

    The temperature is that of the hottest sensor [°C].
    """

    state: ChargeState = ChargeState.STARTING
    error: int = 0
    plug: PlugCode = PlugCode.NO_VEHICLE
    is_authorization_on: bool = False
    is_card_needed: bool = False  # now
    is_enabled: bool = False  # charging is possible, as far as the box is concerned
    is_user_enabled: bool = True
    offered_ma: int = 0
    duty_permille: int = NO_PWM_PERMILLE
    hardware_ma: int = 0
    user_ma: int = 0
    failsafe_ma: int = 0
    failsafe_s: int = 0
    timer_ma: int = 0
    timer_s: int = 0
    energy_limit_dwh: int = 0
    input: int = 1
    voltages_v: tuple[int, int, int] = (0, 0, 0)
    currents_ma: tuple[int, int, int] = (0, 0, 0)
    power_mw: int = 0
    power_factor_permille: int = 0
    session_dwh: int = 0
    lifetime_dwh: int = 0
    tag: str = NO_TAG  # of the session that runs
    temperature_c: int | None = None  # None: not known


def snapshot_of(seen: NewestMessages, control: Control, now_s: float) -> BoxSnapshot:
    """Return what controllers see now."""
    safety, pilot, session = seen.safety, seen.pilot, seen.session
    failsafe, charge = control.failsafe, control.charge
    is_on = is_enabled(control)
    hardware_a = 0.0 if safety is None else min(safety.installation_limit_a, safety.limit_a)
    plugged = session is not None and session.plugged
    needs_card = session is not None and session.authorization_required
    faults = () if safety is None else safety.faults
    found = BoxSnapshot(
        state=_state(seen, control),
        error=_error(faults),
        plug=PlugCode.VEHICLE if plugged else PlugCode.NO_VEHICLE,
        is_authorization_on=needs_card,
        is_card_needed=needs_card and session is not None and not session.authorized,
        is_enabled=_is_possible(seen, control),
        is_user_enabled=is_on,
        offered_ma=0 if pilot is None else _milli(pilot.offered_a),
        duty_permille=NO_PWM_PERMILLE if pilot is None else round(pilot.duty_percent * 10.0),
        hardware_ma=_milli(hardware_a),
        user_ma=current_ma(control),
        failsafe_ma=0 if failsafe is None else failsafe.current_ma,
        failsafe_s=0 if failsafe is None else failsafe.timeout_s,
        timer_ma=charge.next_ma or 0,
        timer_s=0 if charge.next_ma is None else max(1, round(charge.next_s - now_s)),
        energy_limit_dwh=charge.energy_dwh,
        input=0 if safety is not None and safety.external_enable is False else 1,
        session_dwh=0 if session is None else _count(session.energy_wh * 10.0),
        temperature_c=None if safety is None else round(safety.temperature_c),
        tag=tag_of(session.token) if session is not None and session.token else NO_TAG,
    )
    return found if seen.box is None else _measured(found, seen.box)


def _measured(found: BoxSnapshot, box: MeterReading) -> BoxSnapshot:
    """Add what the box's meter measures; of one that does not answer the register alone."""
    found = replace(found, lifetime_dwh=_count(box.lifetime_wh * 10.0))
    if not box.online:
        return found
    apparent = sum(line.voltage_v * abs(line.current_a) for line in box.lines)
    factor = 0.0 if apparent < 1.0 else min(max(box.power_w / apparent, 0.0), 1.0)
    return replace(
        found,
        voltages_v=tuple(_count(line.voltage_v) for line in box.lines),
        currents_ma=tuple(_count(abs(line.current_a) * 1000.0) for line in box.lines),
        power_mw=_count(box.power_w * 1000.0),
        power_factor_permille=_count(factor * 1000.0),
    )


def _state(seen: NewestMessages, control: Control) -> ChargeState:
    safety, session = seen.safety, seen.session
    if safety is None or session is None or safety.phase is SafetyPhase.START:
        return ChargeState.STARTING
    if safety.faults and session.state is not WallboxState.DEGRADED:
        return ChargeState.ERROR
    if not session.plugged or not session.authorized:
        return ChargeState.NOT_READY
    if session.state is WallboxState.CHARGING:
        return ChargeState.CHARGING
    is_paused = control.is_failsafe or not is_enabled(control)
    if is_paused or (seen.limit_a is not None and seen.limit_a <= 0.0):
        return ChargeState.SUSPENDED
    return ChargeState.READY


def _is_possible(seen: NewestMessages, control: Control) -> bool:
    """Return "Enable sys": card, controllers and external input allow charging (page 17)."""
    safety, session = seen.safety, seen.session
    if safety is None or session is None or not session.authorized:
        return False
    if control.is_failsafe or not is_enabled(control):
        return False
    return safety.permitted or safety.contactor is Contactor.CLOSED


def _error(faults: tuple[FaultCode, ...]) -> int:
    """Return the code of the first fault, as a number of 16 bits; 0: none."""
    if not faults:
        return 0
    try:
        return int(str(faults[0]), 16)
    except ValueError:
        return RED


def _milli(value: float) -> int:
    return round(value * 1000.0)


def _count(value: float) -> int:
    """Return a value as the guides count it: whole, 0 to 999999999; no number is 0."""
    if not 0.0 < value < MOST_COUNT:
        return MOST_COUNT if value >= MOST_COUNT else 0
    return round(value)
