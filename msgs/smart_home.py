"""Messages of smart_home: what a local controller has asked for, and what came of it."""

from typing import Annotated

from msgspec import Meta, Struct

from msgs.patterns import matching
from msgs.units import Amps, Name, Nanoseconds, Seconds, Text, WattHours
from msgs.visible import HIDDEN

_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
AllowedAddress = Annotated[
    str,
    matching(
        rf"^{_BYTE}(\.{_BYTE}){{3}}(/(3[0-2]|[12]?[0-9]))?\Z",
        "an IPv4 address or network, as 192.168.2.10 or 192.168.2.0/24",
        max_length=18,
    ),
]
_PORT = "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
BrokerUrl = Annotated[
    str,
    matching(
        rf"^(mqtts?://[A-Za-z0-9._-]+(:{_PORT})?)?\Z",
        "an address as mqtt://broker.local or mqtts://192.168.2.5:8883, without user and password",
        max_length=200,  # assumed
    ),
]
AllowList = Annotated[
    tuple[AllowedAddress, ...],
    Meta(
        max_length=16,
        description="a list of at most 16 IPv4 addresses or networks, as 192.168.2.0/24",
    ),
]


BrokerPassword = Annotated[
    str,
    matching(
        rf"^[^{HIDDEN}]*\Z",
        "a password of at most 128 characters that can be seen",
        max_length=128,  # assumed
    ),
]


class BrokerPasswordArguments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The password of this box at the MQTT broker."""

    password: BrokerPassword = ""  # "": none


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
    mqtt: Text = ""  # likewise, why there is no connection to the broker
    has_mqtt: bool = False
    limit_a: Amps | None = None  # of each phase; None: none was asked for
    is_enabled: bool = True
    failsafe_s: Seconds | None = None  # None: no failsafe
    failsafe_a: Amps = 0.0
    is_failsafe: bool = False  # the controllers are silent: its current counts
    energy_limit_wh: WattHours | None = None  # of this charge
    last: SmartHomeOrder | None = None  # None: none since the start of the node
