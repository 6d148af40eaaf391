"""Messages of pilot, and the rules of the control pilot (IEC 61851-1:2017, Annex A).

Detection windows and duty cycle are here, in the file of the message, because both `pilot` and
`safety` evaluate the CP line by them, each from its own reading.
"""

from enum import StrEnum

from msgspec import Struct

from msgs.units import Amps, Percent, Volts


class CpState(StrEnum):
    """The vehicle's state as the control pilot shows it (IEC 61851-1, Table A.2)."""

    A = "A"  # no vehicle: +12 V
    B = "B"  # vehicle connected, not ready: +9 V
    C = "C"  # vehicle ready: +6 V
    D = "D"  # vehicle ready, asks for ventilation: +3 V
    E = "E"  # pilot shorted, or the box without power: 0 V
    F = "F"  # the box is not available: -12 V steady


PLUGGED = (CpState.B, CpState.C, CpState.D)
"""The states in which a vehicle is connected."""


class PilotStatus(Struct, frozen=True, kw_only=True):
    """The control pilot as the pilot node reads and drives it.

    Sent every 20 ms, every 100 ms in state A, and on change. After 1 s of silence safety opens,
    because nobody monitors the CP line. It opens earlier if its own reading leaves C or D.
    """

    cp_state: CpState
    duty_percent: Percent  # 100: steady +12 V (X1); 0: steady -12 V (state F)
    offered_a: Amps  # per phase, signalled by the duty; 0 in X1 and F
    high_v: Volts  # plateau of the positive half-wave
    low_v: Volts  # plateau of the negative half-wave; equals high_v where there is only one
    waking: bool = False  # the line is in F, then in X1, to wake a sleeping vehicle


class SimPilotDrive(Struct, frozen=True, kw_only=True):
    """Output of the simulated pilot driver to the simulated generator. Sent on change, latched.

    Silence means nothing: hardware PWM goes on by itself.
    """

    duty_percent: Percent
    connected: bool = True  # the relay between the pilot's driver and the cable


MIN_OFFER_A = 6.0  # IEC 61851-1, Table A.7: the least current that a duty can signal
# assumed: state A for this long is no contact bounce; nobody changes plugs in less time
UNPLUGGED_S = 0.3
MAX_OFFER_A = 32.0  # the product: 22 kW, 32 A on three phases (CHG-3)
X1_PERCENT = 100.0  # steady +12 V, no PWM
STATE_F_PERCENT = 0.0  # steady -12 V

DIODE_LOW_V = -12.0  # negative half-wave with a vehicle, whose diode blocks it
DIODE_TOLERANCE_V = 1.25  # hardware.md 1.5: -12 +/- 1.1 V; the width of the E window here

# Detection windows with 0.5 V dead bands between them: hardware.md 1.1 (as Beckhoff EL6761).
WINDOWS_V: tuple[tuple[CpState, float, float], ...] = (
    (CpState.A, 10.75, 13.25),
    (CpState.B, 7.75, 10.25),
    (CpState.C, 4.75, 7.25),
    (CpState.D, 1.75, 4.25),
    (CpState.E, -1.25, 1.25),
    (CpState.F, -13.25, -10.0),
)


def classify_high_v(high_v: float) -> CpState | None:
    """Return the state whose window holds the positive plateau [V], or None between the windows.

    NaN and values beyond the generator's rails lie in no window.
    """
    for state, least_v, most_v in WINDOWS_V:
        if least_v <= high_v <= most_v:
            return state
    return None


# assumed: the generator's rails are +/-12 V, 5 % more at most, and the outermost detection windows
# end at 13.25 V; values beyond come from a converter that does not answer.
RAIL_V = 13.5


def is_measured(high_v: float, low_v: float, duty_percent: float) -> bool:
    """Return whether the three numbers can come from a working measurement; NaN cannot."""
    return (
        all(isinstance(value, float | int) for value in (high_v, low_v, duty_percent))
        and -RAIL_V <= high_v <= RAIL_V
        and -RAIL_V <= low_v <= RAIL_V
        and 0.0 <= duty_percent <= X1_PERCENT
    )


# Number of equal readings, at most 10 ms apart, before a new state counts. The contactor has to be
# open 100 ms after the vehicle left C or D (IEC 61851-1, Table A.6, seq. 2 and 8); of these 100 ms
# the relay needs 50 ms. A is settled sooner than the others, as in OpenEVSE (25 ms).
A_READS = 2
STATE_READS = 3
# A stray reading adds two, a reading of the settled state subtracts one: after four stray readings
# in a row, or after a line has toggled for 0.2 s, no state is settled.
UNDEFINED_AT = 8
# assumed: if so many readings in a row, of those that leave no settled state, show a vehicle, then
# it changes its state too fast. It is taken for the one of these states that asks for least.
CHANGING_READS = 4


class SettledCp(Struct, frozen=True, kw_only=True):
    """The CP state without single stray readings."""

    state: CpState | None = None  # None: not known yet, or undefined
    seen: CpState | None = None  # state of the latest stray reading
    equal: int = 0  # number of stray readings of that state in a row
    astray: int = 0  # count against the settled state, up to UNDEFINED_AT
    # Readings of B, C or D in a row since the state was last steady, up to CHANGING_READS.
    plugged: int = 0
    least: CpState | None = None  # the state of these that asks for least

    @property
    def is_undefined(self) -> bool:
        """Return whether the line has had no settled state for longer than a change takes."""
        return self.state is None and self.astray >= UNDEFINED_AT


UNSETTLED = SettledCp()


def settle(settled: SettledCp, seen: CpState | None) -> SettledCp:
    """Return the settled state after one more reading; None is a reading between the windows.

    A vehicle that changes between B and C (or D) too fast is in state B: it asks for no current
    until it asks steadily.
    """
    if seen is not None and seen is settled.state:
        if settled.astray <= 1:
            return settled if settled.astray == 0 else SettledCp(state=seen)
        plugged, least = _count_plugged(settled, seen)
        astray = settled.astray - 1
        return SettledCp(state=seen, astray=astray, plugged=plugged, least=least)
    equal = 0
    if seen is not None:
        equal = settled.equal + 1 if seen is settled.seen else 1
        if equal >= (A_READS if seen is CpState.A else STATE_READS):
            return SettledCp(state=seen)
    # Before the first state is known, a change from one stray to another does not indicate a fault.
    is_learning = settled.state is None and seen is not None
    astray = min(settled.astray + (1 if is_learning else 2), UNDEFINED_AT)
    plugged, least = _count_plugged(settled, seen)
    if astray >= UNDEFINED_AT and plugged >= CHANGING_READS:
        if seen is least:
            return SettledCp(state=least)
        return SettledCp(state=least, seen=seen, equal=equal, astray=2, plugged=1, least=seen)
    after = SettledCp(
        state=settled.state if astray < UNDEFINED_AT else None,
        seen=seen,
        equal=equal,
        astray=astray,
        plugged=plugged,
        least=least,
    )
    return settled if after == settled else after


def _count_plugged(settled: SettledCp, seen: CpState | None) -> tuple[int, CpState | None]:
    """Return `SettledCp.plugged` and `SettledCp.least` after one more reading."""
    if seen is None or seen not in PLUGGED:
        return 0, None
    least = seen if settled.least is None else min(settled.least, seen)
    return min(settled.plugged + 1, CHANGING_READS), least


def shows_diode(low_v: float) -> bool:
    """Return whether the negative plateau [V] is that of a vehicle with its diode."""
    return abs(low_v - DIODE_LOW_V) <= DIODE_TOLERANCE_V


def duty_of_offer(offer_a: float) -> float:
    """Return the duty [%] that offers a current [A] (IEC 61851-1, Table A.7).

    Below 6 A no duty signals it: X1. Currents above 51 A are not used by this box and are clamped.
    """
    if not offer_a >= MIN_OFFER_A:
        return X1_PERCENT
    return min(offer_a, 51.0) / 0.6


def offer_of_duty(duty_percent: float) -> float:
    """Return the current [A] that a vehicle reads from a duty [%] (IEC 61851-1, Table A.8).

    0 below 8 % (this includes 5 %, digital communication) and from 97 % up: no charging.
    """
    if not 8.0 <= duty_percent < 97.0:
        return 0.0
    if duty_percent < 10.0:
        return 6.0
    if duty_percent <= 85.0:
        return 0.6 * duty_percent
    return min(2.5 * (duty_percent - 64.0), 80.0)
