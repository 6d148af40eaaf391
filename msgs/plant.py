"""The simulated world: volts, contacts and currents as the box's chips would see them, and acts.

Only plant and the simulated drivers touch `sim/*`.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from msgs.led import Key
from msgs.meter import Line
from msgs.patterns import matching
from msgs.units import Celsius, Count, Hertz, Name, Nanoseconds, Ohms, Percent, Text, Volts, Watts

# Hex digits that a card returns; not necessarily a UID.
CardText = Annotated[
    str, matching(r"^([0-9A-Fa-f]{2})*\Z", "pairs of hexadecimal digits", max_length=128)
]


class SimSignals(Struct, frozen=True, kw_only=True):
    """Pilot line, contactor proofs, residual-current monitor and sensors.

    Sent every 20 ms and at once when a contact, the plug or a monitor output moves. After 50 ms of
    silence the drivers report failed sensors.
    """

    high_v: Volts  # sampled plateau of the positive half-wave; steady level in X1 and F
    low_v: Volts  # sampled plateau of the negative half-wave; equals high_v in X1 and F
    duty_percent: Percent  # read back from the generator
    mirror_closed: bool  # normally-closed mirror contact: True proves all main poles open
    load_voltage: bool  # voltage behind the contactor, any phase
    residual_ac: bool  # monitor output: 30 mA AC
    residual_dc: bool  # monitor output: 6 mA DC
    earth_ohm: Ohms  # protective-earth loop
    terminal_c: Celsius
    board_c: Celsius
    overtemperature: bool  # the over-temperature switch has opened
    dip1: Count  # DSW1 as a byte, switch .1 is the most significant bit (smart_home.md 3.6)
    dip2: Count  # DSW2, in the same way as DSW1
    power_on_reset: bool = False  # mains came on since the flag was cleared
    external_closed: bool = True  # the contact at the external input
    spi_stuck: bool = False  # the SPI bus of converter and meter chip answers zeros


class SimPower(Struct, frozen=True, kw_only=True):
    """Values of the box's meter chip, in its steps. Sent every 0.1 s and when a current is cut.

    After 0.5 s of silence the drivers report a failed chip.
    """

    lines: tuple[Line, Line, Line]
    frequency_hz: Hertz = 0.0  # of the mains; 0: there are none


class SimCards(Struct, frozen=True, kw_only=True):
    """The cards in the field of the card reader. Sent every second and on change, latched.

    After 3 s of silence the driver reports that the reader does not answer.
    """

    works: bool
    uids: Annotated[tuple[CardText, ...], Meta(max_length=8)]  # as the cards return them


class SimKeys(Struct, frozen=True, kw_only=True):
    """The keys of the front. Sent every second and on change, latched.

    After 3 s of silence the driver reports that the keys cannot be read.
    """

    service: bool
    touch: bool


class SimEvent(Struct, frozen=True, kw_only=True):
    """An event of the simulated world with its time. Sent when it happens."""

    what: Name  # "plugged", "unplugged", "coil_on", "coil_off", "contacts_open", "fault", ...
    at_ns: Nanoseconds  # monotonic clock
    detail: Text = ""


class SimFault(StrEnum):
    """The faults of `wallbox sim fault`."""

    NO_DIODE = "no_diode"
    CP_SHORT = "cp_short"
    CP_MID = "cp_mid"
    CP_OPEN = "cp_open"
    WELD = "weld"
    NO_CLOSE = "no_close"
    RCM_AC = "rcm_ac"
    RCM_DC = "rcm_dc"
    RCM_TEST = "rcm_test"
    PE_OPEN = "pe_open"
    SAG = "sag"
    SWELL = "swell"
    OVERCURRENT = "overcurrent"
    HOT = "hot"
    METER_LOST = "meter_lost"
    READER_DEAD = "reader_dead"
    SPI_STUCK = "spi_stuck"
    IGNORES_X1 = "ignores_x1"  # the vehicle continues to draw when the offer is withdrawn
    ASLEEP = "asleep"  # the vehicle takes no offer until the CP line was at 0 V or in F for 3 s
    CHIP_ZERO = "chip_zero"  # the meter chip measures nothing, and so counts nothing
    CHIP_DEAD = "chip_dead"  # the meter chip is silent
    CHIP_FROZEN = "chip_frozen"  # the meter chip repeats its last values
    MIRROR_DEAD = "mirror_dead"  # the mirror contact never closes; the main poles work
    PE_HIGH = "pe_high"  # 2 kohm in the earth loop
    PHASE_LOST = "phase_lost"  # L2 is gone, for the box and for the house
    CP_MINUS = "cp_minus"  # the pilot's output is stuck at -12 V
    GENERATOR_STUCK = "generator_stuck"  # the pilot's generator keeps its duty
    NTC_OPEN = "ntc_open"  # the terminal's sensor is broken
    SLOW = "slow"  # the contactor opens late


class HouseLoad(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `house`: the other loads' current on each phase."""

    current_a: tuple[
        Annotated[float, Meta(ge=0, le=200)],
        Annotated[float, Meta(ge=0, le=200)],
        Annotated[float, Meta(ge=0, le=200)],
    ]


class Sun(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `sun`: solar power."""

    power_w: Annotated[float, Meta(ge=0, le=100_000)]


class Power(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `power`: the box's mains."""

    on: bool


class ContactPosition(StrEnum):
    """The contact at the external input; closed enables."""

    OPEN = "open"
    CLOSED = "closed"


class ExternalContact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `input`: the contact of a grid operator at the external input."""

    position: ContactPosition


TAP_S = 0.6  # assumed: a card is presented for a moment; a reader looks every 0.15 s


class Tap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `tap`: present a card to the reader, alone or with others."""

    uid: CardText
    seconds: Annotated[float, Meta(gt=0, le=60)] = TAP_S
    others: Annotated[tuple[CardText, ...], Meta(max_length=7)] = ()


class ServicePress(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `service`: press the service key for a time."""

    seconds: Annotated[float, Meta(gt=0, le=60)]


class FaultName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requests `fault` and `clear`."""

    name: SimFault


class ModbusRead(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `modbus_read`: the reads of a Modbus client from a simulated meter's server.

    They are done in order. Answered with the `Registers` of all; refused with the client's error of
    the first read that fails.
    """

    host: Name
    port: Annotated[int, Meta(ge=0, le=65535)]
    unit: Annotated[int, Meta(ge=0, le=255)]
    function: Annotated[int, Meta(ge=1, le=127)]
    # Of each read: address and count.
    blocks: Annotated[
        tuple[tuple[Annotated[int, Meta(ge=0, le=65535)], Annotated[int, Meta(ge=1, le=125)]], ...],
        Meta(min_length=1, max_length=64),
    ]


Registers = Annotated[tuple[Annotated[int, Meta(ge=0, le=65535)], ...], Meta(max_length=8000)]
"""Answer to `modbus_read`."""


class VehicleState(StrEnum):
    """State of the simulated vehicle."""

    AWAY = "away"
    PLUGGED = "plugged"  # wants no energy
    READY = "ready"  # wants energy, draws none yet
    CHARGING = "charging"
    STOPPING = "stopping"
    FULL = "full"


class WorldStatus(Struct, frozen=True, kw_only=True):
    """Answer to `status`: the state of the simulated world."""

    vehicle: VehicleState
    contacts_closed: tuple[bool, bool, bool]
    coil: bool
    current_a: tuple[float, float, float]  # the vehicle's, L1 first [A]
    house_a: tuple[float, float, float]  # other loads [A]
    sun_w: Watts
    mains: bool
    duty_percent: Percent
    faults: Annotated[tuple[SimFault, ...], Meta(max_length=32)]
    lights: Text  # what the front shows
    cards: Annotated[tuple[CardText, ...], Meta(max_length=8)] = ()  # presented to the reader
    keys: Annotated[tuple[Key, ...], Meta(max_length=2)] = ()  # pressed
    ports: dict[str, int]  # simulated meters: name -> TCP port
    external_closed: bool = True  # the contact at the external input
