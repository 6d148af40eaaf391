"""The registers of the Modbus interface: what they show, and what is ordered by them. Pure.

Source: KEBA's Modbus TCP guide for P30 (V1.02; "page" is one of it), and smart_home.md 2 for the
registers that newer ones have. Each value is a number of 32 bits in two registers, the higher word
first, and is read alone, with function 3; orders have 16 bits and are written with function 6.
"""

import re
from collections.abc import Callable

from msgspec import Struct

from nodes.modbus_map.exceptions import (
    DEVICE_FAILURE,
    GATEWAY_NO_RESPONSE,
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
)
from nodes.smart_home.control import (
    LEAST_FAILSAFE_S,
    LEAST_MA,
    MOST_FAILSAFE_S,
    MOST_MA,
)
from nodes.smart_home.modbus_server import WRITTEN, ModbusReply, ModbusRequest
from nodes.smart_home.orders import Enable, LimitEnergy, Order, SetCurrent, SetFailsafe
from nodes.smart_home.snapshot import BoxSnapshot, ChargeState

READ, WRITE = 3, 6  # functions

# 255 is the guide's. 1 and 0 are what clients send that were not set up (assumed); 0 is allowed for
# a server that is no gateway (Modbus messaging guide V1.0b, 4.4.2.1). Others are answered as by a
# gateway without such a unit, so that a wrong number is seen at once and not after a time-out.
UNITS = (255, 1, 0)

WORDS = 2  # registers of one value
MOST_WORDS = 125  # Modbus Application Protocol V1.1b3, 6.3
DWH_PER_ENERGY = 100  # of 5010, in 10 Wh

# Page 11, digit by digit: P30, with cable, 32 A, x-series, standard meter, with RFID.
PRODUCT = 314_011
FIRMWARE = 3 << 24 | 9 << 16 | 17 << 8  # page 12: 3.9.17, as reports have it
_TAG_DIGITS = 8  # of 1500
_HEX = re.compile(r"[0-9A-F]+")
NO_PHASE_SWITCH, THREE_PHASES = 0, 1  # 1550, 1552


class ShownBox(Struct, frozen=True, kw_only=True):
    """What the registers show."""

    seen: BoxSnapshot
    serial: int
    has_tags: bool = False  # the numbers of cards are shown


class FailsafeParts(Struct, frozen=True, kw_only=True):
    """What was written of a failsafe while the rest of it is missing."""

    current_ma: int | None = None
    timeout_s: int | None = None
    is_lasting: bool = False


NO_PARTS = FailsafeParts()


class Written(Struct, frozen=True, kw_only=True):
    """What comes of a write: an answer, or an order that is answered when it is carried out."""

    reply: ModbusReply = WRITTEN
    order: Order | None = None
    parts: FailsafeParts = NO_PARTS


READABLE: dict[int, Callable[[ShownBox], int]] = {
    1000: lambda it: int(it.seen.state),
    1004: lambda it: int(it.seen.plug),
    1006: lambda it: it.seen.error,
    1008: lambda it: it.seen.currents_ma[0],
    1010: lambda it: it.seen.currents_ma[1],
    1012: lambda it: it.seen.currents_ma[2],
    1014: lambda it: it.serial,
    1016: lambda _: PRODUCT,
    1018: lambda _: FIRMWARE,
    1020: lambda it: it.seen.power_mw,
    # In 0.1 Wh, as clients read both energies; the guide says Wh.
    1036: lambda it: it.seen.lifetime_dwh,
    1040: lambda it: it.seen.voltages_v[0],
    1042: lambda it: it.seen.voltages_v[1],
    1044: lambda it: it.seen.voltages_v[2],
    1046: lambda it: it.seen.power_factor_permille,
    1100: lambda it: it.seen.offered_ma,  # assumed: "Max curr" of UDP
    1110: lambda it: it.seen.hardware_ma,
    1500: lambda it: _card(it.seen.tag) if it.has_tags else 0,
    1502: lambda it: it.seen.session_dwh,
    1550: lambda _: NO_PHASE_SWITCH,
    1552: lambda _: THREE_PHASES,
    1600: lambda it: it.seen.failsafe_ma,
    1602: lambda it: it.seen.failsafe_s,
}
"""What is read, by address; between them there is nothing."""


def refusal(request: ModbusRequest) -> ModbusReply | None:
    """Return why a request is refused whatever the box does; None if it is not."""
    if request.unit not in UNITS:
        return _refused(GATEWAY_NO_RESPONSE)
    if request.function not in (READ, WRITE):
        return _refused(ILLEGAL_FUNCTION)
    if not request.is_whole:
        return _refused(ILLEGAL_VALUE)
    if request.function == WRITE:
        return None if request.address in _WRITABLE else _refused(ILLEGAL_ADDRESS)
    if not 0 < request.value <= MOST_WORDS:
        return _refused(ILLEGAL_VALUE)
    is_known = request.address in READABLE and request.value == WORDS
    return None if is_known else _refused(ILLEGAL_ADDRESS)


def read(request: ModbusRequest, shown: ShownBox) -> ModbusReply:
    """Return the answer to a read that is not refused."""
    number = min(max(READABLE[request.address](shown), 0), 0xFFFF_FFFF)
    return ModbusReply(registers=(number >> 16, number & 0xFFFF))


def write(request: ModbusRequest, seen: BoxSnapshot, parts: FailsafeParts) -> Written:
    """Return what comes of a write that is not refused.

    :param parts: of a failsafe, written before.
    """
    return _WRITABLE[request.address](request.value, seen, parts)


def _current(value: int, seen: BoxSnapshot, parts: FailsafeParts) -> Written:
    """Limit the current: 5004; 0 pauses, as `curr 0` (assumed: the guide begins at 6 A)."""
    if not _is_current(value):
        return _not_taken(ILLEGAL_VALUE, parts)
    return Written(order=SetCurrent(current_ma=value), parts=parts)


def _energy(value: int, seen: BoxSnapshot, parts: FailsafeParts) -> Written:
    return Written(order=LimitEnergy(energy_dwh=value * DWH_PER_ENERGY), parts=parts)


def _unlock(value: int, seen: BoxSnapshot, parts: FailsafeParts) -> Written:
    """Confirm to unlock a plug: 5012. The cable of this box is fixed; charging has to be paused."""
    if value != 0:
        return _not_taken(ILLEGAL_VALUE, parts)
    if seen.is_user_enabled and seen.state is not ChargeState.SUSPENDED:
        return _not_taken(DEVICE_FAILURE, parts)
    return Written(parts=parts)


def _enable(value: int, seen: BoxSnapshot, parts: FailsafeParts) -> Written:
    if value not in (0, 1):
        return _not_taken(ILLEGAL_VALUE, parts)
    return Written(order=Enable(is_on=value == 1), parts=parts)


def _failsafe_current(value: int, seen: BoxSnapshot, parts: FailsafeParts) -> Written:
    if not _is_current(value):
        return _not_taken(ILLEGAL_VALUE, parts)
    return _complete(seen, _merged(parts, current_ma=value))


def _failsafe_timeout(value: int, seen: BoxSnapshot, parts: FailsafeParts) -> Written:
    """Set the time of the failsafe: 5018; the same one again shows that the client is there."""
    if value == 0:
        order = SetFailsafe(timeout_s=0, current_ma=0, is_lasting=parts.is_lasting)
        return Written(order=order, parts=FailsafeParts(current_ma=parts.current_ma))
    if not LEAST_FAILSAFE_S <= value <= MOST_FAILSAFE_S:
        return _not_taken(ILLEGAL_VALUE, parts)
    return _complete(seen, _merged(parts, timeout_s=value))


def _failsafe_persist(value: int, seen: BoxSnapshot, parts: FailsafeParts) -> Written:
    """Let what counts last over starts of the box: 5020; also that nothing does."""
    if value not in (0, 1):
        return _not_taken(ILLEGAL_VALUE, parts)
    written = _complete(seen, _merged(parts, is_lasting=value == 1))
    if value == 1 and written.order is None:
        order = SetFailsafe(timeout_s=0, current_ma=0, is_lasting=True)
        return Written(order=order, parts=written.parts)
    return written


def _phases(most: int) -> Callable[[int, BoxSnapshot, FailsafeParts], Written]:
    """Return the refusal of 5050 and 5052: this box cannot switch phases."""
    return lambda value, seen, parts: _not_taken(
        DEVICE_FAILURE if value <= most else ILLEGAL_VALUE, parts
    )


_WRITABLE: dict[int, Callable[[int, BoxSnapshot, FailsafeParts], Written]] = {
    5004: _current,
    5010: _energy,
    5012: _unlock,
    5014: _enable,
    5016: _failsafe_current,
    5018: _failsafe_timeout,
    5020: _failsafe_persist,
    5050: _phases(4),
    5052: _phases(1),
}
"""What is written, by address."""

WRITABLE = frozenset(_WRITABLE)


def _merged(
    parts: FailsafeParts,
    *,
    current_ma: int | None = None,
    timeout_s: int | None = None,
    is_lasting: bool | None = None,
) -> FailsafeParts:
    return FailsafeParts(
        current_ma=parts.current_ma if current_ma is None else current_ma,
        timeout_s=parts.timeout_s if timeout_s is None else timeout_s,
        is_lasting=parts.is_lasting if is_lasting is None else is_lasting,
    )


def _complete(seen: BoxSnapshot, parts: FailsafeParts) -> Written:
    """Order the failsafe once current and time are known, of now or of the one that counts.

    Whether it lasts needs not be written: it does not then.
    """
    counts = seen.failsafe_s > 0
    current_ma = seen.failsafe_ma if parts.current_ma is None and counts else parts.current_ma
    timeout_s = seen.failsafe_s if parts.timeout_s is None and counts else parts.timeout_s
    if current_ma is None or timeout_s is None:
        return Written(parts=parts)
    order = SetFailsafe(timeout_s=timeout_s, current_ma=current_ma, is_lasting=parts.is_lasting)
    return Written(order=order, parts=parts)


def after(order: Order, parts: FailsafeParts) -> FailsafeParts:
    """Return the parts after an order that was carried out: those of a whole failsafe are used."""
    return NO_PARTS if isinstance(order, SetFailsafe) and order.timeout_s else parts


def _card(tag: str) -> int:
    """Return a card's number, of a longer UID its beginning; 0: the session has another token."""
    return int(tag[:_TAG_DIGITS], 16) if _HEX.fullmatch(tag[:_TAG_DIGITS]) else 0


def _is_current(value: int) -> bool:
    return value == 0 or LEAST_MA <= value <= MOST_MA


def _not_taken(exception: int, parts: FailsafeParts) -> Written:
    return Written(reply=_refused(exception), parts=parts)


def _refused(exception: int) -> ModbusReply:
    return ModbusReply(exception=exception)
