"""Messages of smart_home: what a local controller has asked for, and what came of it."""

from typing import Annotated

from msgspec import Meta, Struct

from msgs.patterns import matching
from msgs.units import Amps, Name, Nanoseconds, Seconds, Text, WattHours

_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
AllowedAddress = Annotated[
    str,
    matching(
        rf"^{_BYTE}(\.{_BYTE}){{3}}(/(3[0-2]|[12]?[0-9]))?\Z",
        "an IPv4 address or network, as 192.168.2.10 or 192.168.2.0/24",
        max_length=18,
    ),
]
AllowList = Annotated[
    tuple[AllowedAddress, ...],
    Meta(
        max_length=16,
        description="a list of at most 16 IPv4 addresses or networks, as 192.168.2.0/24",
    ),
]


class SmartHomeOrder(Struct, frozen=True, kw_only=True):
    """The newest order of a controller."""

    sender: Name  # its address
    words: Text  # as it was sent, without the number of a card
    utc_ns: Nanoseconds
    refusal: Text = ""  # why it was not carried out; "": it was
    is_open: bool = False  # it is being carried out


class SmartHomeStatus(Struct, frozen=True, kw_only=True):
    """What local controllers have asked for. Latched, sent on change.

    Silence means that the node has not started: load_manager limits by the settings' fallback.
    """

    udp: Text = ""  # why the UDP interface does not answer; "": it answers
    has_udp: bool = False  # the settings have it on
    modbus: Text = ""  # likewise, of the Modbus interface
    has_modbus: bool = False
    limit_a: Amps | None = None  # of each phase; None: none was asked for
    is_enabled: bool = True
    failsafe_s: Seconds | None = None  # None: no failsafe
    failsafe_a: Amps = 0.0
    is_failsafe: bool = False  # the controllers are silent: its current counts
    energy_limit_wh: WattHours | None = None  # of this charge
    last: SmartHomeOrder | None = None  # None: none since the start of the node
