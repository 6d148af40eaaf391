"""Messages of safety: the proven state of the contactor, the faults, limits of the installation."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from msgs.fault_cause import Cause
from msgs.pilot import CpState
from msgs.units import Amps, Celsius, Count, Nanoseconds, Seconds, Text


class Contactor(StrEnum):
    """The contactor as proven by mirror contact and load-side voltage, not as commanded."""

    OPEN = "open"
    CLOSED = "closed"
    WELDED = "welded"


class SafetyPhase(StrEnum):
    """The phases of safety, from an open contactor to a closed one and back."""

    START = "start"  # first proves the contactor open
    IDLE = "idle"  # open, no request for current
    SELF_TEST = "self_test"  # residual-current monitor under test, contactor open
    READY = "ready"  # self-test passed: the pilot may offer current
    CLOSING = "closing"  # enabled, not yet proven closed
    CLOSED = "closed"  # proven closed
    STOPPING = "stopping"  # waits for the vehicle to drop its load, then opens
    OPENING = "opening"  # disabled, not yet proven open
    FAULT = "fault"  # open, held by a fault


class FaultCode(StrEnum):
    """The codes of the ERR table (requirements.md, ERR)."""

    UNPLUGGED = "1"
    TOO_HOT = "3"
    NO_VEHICLE = "5"
    PLUG_STATE = "8"
    NOT_CLOSING = "8001"
    MAINS_VOLTAGE = "8002"
    OVERCURRENT = "4003"
    RESIDUAL_CURRENT = "8005"
    SAFETY_CIRCUIT = "8007"
    RED = "red"


LATCHED = frozenset({FaultCode.SAFETY_CIRCUIT, FaultCode.RED})
"""The faults that end the charge: they are not retried (ERR-8007, ERR-RED)."""

RETRIED = frozenset(
    {
        FaultCode.UNPLUGGED,
        FaultCode.NO_VEHICLE,
        FaultCode.PLUG_STATE,
        FaultCode.NOT_CLOSING,
        FaultCode.MAINS_VOLTAGE,
        FaultCode.OVERCURRENT,
        FaultCode.RESIDUAL_CURRENT,
    }
)
"""Retried automatically under ERR-R while `retry_in_s` says so; the others clear with their cause.

1 is retried after a bounce of the plug, 5 if the vehicle has shown its diode in this plug-in.
"""


class Fault(Struct, frozen=True, kw_only=True):
    """One present fault: a record, raised and cleared by safety's machine."""

    code: FaultCode
    since_utc_ns: Nanoseconds
    count: Count  # since the plug went in
    detail: Text  # what was measured, as text
    remedy: Text  # what the user can do
    cause: Cause | None = None  # None: not said


Codes = Annotated[tuple[FaultCode, ...], Meta(max_length=16)]
Faults = Annotated[tuple[Fault, ...], Meta(max_length=16)]


class SafetyStatus(Struct, frozen=True, kw_only=True):
    """The contactor, and whether current may flow. No request closes it.

    Sent every 100 ms and on change; a change of drifting fields alone waits for the next repeat.
    Silence for 1 s means to pilot that the contactor is not supervised: no PWM. Safety's own
    reading of the CP line is included, for nodes to which 100 ms are enough.
    """

    contactor: Contactor
    permitted: bool  # the pilot may offer current; False asks the vehicle to stop
    faults: Codes
    retries: Count  # used since the plug went in, of five (ERR-R)
    temperature_c: Celsius  # hottest sensor
    installation_limit_a: Amps  # per phase, from the DIP switches
    limit_a: Amps  # per phase, from temperature; equals installation_limit_a when cool
    phase: SafetyPhase = SafetyPhase.START
    detail: Text = ""  # why the contactor is not closed, as text
    records: Faults = ()
    # Time until the next automatic retry, rounded up to whole seconds; None: none pending.
    retry_in_s: Seconds | None = None
    commissioning: bool = False  # DSW2.8: the contactor stays open for vehicles (STA-4)
    cp_state: CpState | None = None  # E where no window fits; None: not known (yet)
    offered_a: Amps = 0.0  # per phase, by the duty read back from the generator, to 0.1 A
    # When this incarnation of safety detected the plug going in, after 0.3 s out; 0: none is in, or
    # it was in at the start. A plug swapped while safety's inputs are stale goes undetected.
    plugged_since_utc_ns: Nanoseconds = 0
    has_mains: bool = True  # False: neither CP line nor meter chip show mains
    # The phases of the installation that are wired to the box, L1 first; all False: not known yet.
    wired_phases: tuple[bool, bool, bool] = (False, False, False)
    showroom: bool = False  # vehicles are never charged; everything else works (STA-2)
    # After the return of mains each box of a house starts at another time: time until this one
    # tests, rounded up to whole seconds; None: now.
    starts_in_s: Seconds | None = None
    # The contact at the external input is closed; False as well while it is not read. None: DSW1.1
    # is off, so the input is not used, or the switches have not been read yet.
    external_enable: bool | None = None
    # The DIP switches, DSW1 in the higher byte: switch .1 is its most significant bit. 0: not read.
    dip: Count = 0
    opened: Text = ""  # why the contactor opened last, as text; "": not since safety's start
    opened_ns: Nanoseconds | None = None  # when, by the monotonic clock of this boot


class SimContactorDrive(Struct, frozen=True, kw_only=True):
    """Outputs of the simulated safety driver to the simulated coil chain.

    Sent on change, and again each 0.1 s. Each message that feeds the watchdog is one edge on its
    line, and so is the first that does not; without an edge for 1 s the hardware watchdog drops
    the coil.
    """

    enable: bool
    feeds_watchdog: bool
    residual_test: bool  # test line of the residual-current monitor
    sampled_ns: Nanoseconds = 0  # monotonic clock: of the reading that led to these outputs
    clear_reset: bool = False  # clears the power-on reset flag
    # Monotonic clock: of the newest edge on the watchdog's line. Not 0: only this is an edge, no
    # message is one.
    edge_ns: Nanoseconds = 0


DIP_SMART_HOME = 0x2000  # DSW1.3: local controllers may be answered, smart_home.md 3.6

# DSW1.6 to DSW1.8 -> the installation's maximum per phase [A]: smart_home.md 3.6.
DIP_LIMIT_A: dict[tuple[bool, bool, bool], float] = {
    (False, False, False): 10.0,
    (True, False, False): 13.0,
    (False, True, False): 16.0,
    (True, True, False): 20.0,
    (False, False, True): 25.0,
    (True, False, True): 32.0,
}
