"""What a local controller may order, in any of the protocols. Pure.

A protocol makes orders of its messages (`udp_commands`) and its own answer of an `Outcome`. Ranges
are those of its document, and checked by the protocol.
"""

from msgspec import Struct


class SetCurrent(Struct, frozen=True, kw_only=True):
    """Limit the current until the next start of the box: UDP `curr`, Modbus 5004."""

    current_ma: int  # of each phase; 0 pauses


class SetCurrentLater(Struct, frozen=True, kw_only=True):
    """Limit the current after a time, until the plug is out: UDP `currtime`."""

    current_ma: int  # 0 pauses
    delay_s: int  # 0: now


class CancelTimer(Struct, frozen=True, kw_only=True):
    """Forget a current that has not come into force yet: UDP `currtime 0 0`."""


class Enable(Struct, frozen=True, kw_only=True):
    """Allow charging, or pause it, until the next start of the box: UDP `ena`, Modbus 5014."""

    is_on: bool


class LimitEnergy(Struct, frozen=True, kw_only=True):
    """Pause this charge when it has taken so much energy: UDP `setenergy`, Modbus 5010."""

    energy_dwh: int  # in 0.1 Wh; 0: no limit


class SetFailsafe(Struct, frozen=True, kw_only=True):
    """Limit the current when no order comes for a time: UDP `failsafe`, Modbus 5016 to 5020."""

    timeout_s: int  # 0: off
    current_ma: int  # 0 pauses
    is_lasting: bool = False  # over starts of the box as well


class StartOrder(Struct, frozen=True, kw_only=True):
    """Authorise with a card of the list, or begin again where none is needed: UDP `start`."""

    tag: str | None = None  # 16 hexadecimal digits: the UID, and zeros


class StopOrder(Struct, frozen=True, kw_only=True):
    """End the session: UDP `stop`."""

    tag: str | None = None  # of the card that has authorised it; None: of any


Order = (
    SetCurrent
    | SetCurrentLater
    | CancelTimer
    | Enable
    | LimitEnergy
    | SetFailsafe
    | StartOrder
    | StopOrder
)


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of an order."""

    refusal: str = ""  # why it was not carried out, for a person; "": it was
    is_wrong_card: bool = False  # the card of a start or a stop was refused
