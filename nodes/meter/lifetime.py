"""The energy that the box has counted since it was new: one register for all readers. Pure.

The register grows with the counter of the meter chip. It never falls, and it does not follow a jump
by more than can have flowed since the chip last showed that it works: since any of its values last
changed. So a chip that was frozen or silent for a while, and has counted meanwhile, is caught up
with; a counter that was reset goes on from where the register is; and noise is not counted.

It is stored, beside the chip's counter at that instant, each 0.1 kWh, but not more than once a
minute, and once more when nothing flows any more. After eight hours of that the pace is two
minutes, so that a day of charging writes less than 10 MB with the signs of the session. From the
store it goes on with what the chip has counted since, as far as that can have flowed: without
meter/box safety opens the contactor.
"""

import math

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from bus.moment import Moment
from bus.store import UNREADABLE
from bus.write_behind import WriteBehind, WriteResult, hand_out, queue, replaces_all, retry
from msgs.meter import Line
from msgs.units import WattHours

STORE_S = 60.0  # between two writes: each 0.1 kWh would be each 16 s at 22 kW
STORE_WH = 100.0  # and only if it has grown by this
REST_WH = 1.0  # or by this, and not in the last minute; less is noise
# Of 10 MB a day the signs of a session take 1440 blocks of 4 kB, 5.9 MB. The register takes 960 at
# most: 240 at once, each of which is earned in 120 s.
SLOW_S = 120.0
BURST = 240
UNMETERED_S = 11.0  # current without meter/box: its hold of 5 s, and the vehicle's 6 s
MOST_W = 3 * 32.0 * 280.0  # the largest installation, at the voltage where safety opens (8002)
MARGIN_WH = 10.0  # assumed: a counter may lag by this and catch up in one reading
RESET_WH = 10.0  # assumed: a larger fall is a counter that was reset, a smaller one noise


class Register(Struct, frozen=True, kw_only=True):
    """The register, and the chip's counter at the same instant, as they are stored."""

    lifetime_wh: WattHours
    chip_wh: WattHours


class Lifetime(Struct, frozen=True, kw_only=True):
    """What the meter remembers of the register."""

    register: Register | None = None  # None: the chip was not read yet, and nothing is stored
    is_recalled: bool = False  # from the store, and the chip was not read since
    lines: tuple[Line, Line, Line] | None = None  # of the chip, as read last
    alive_s: float = -math.inf  # when they last changed
    is_jump_logged: bool = False  # since the start
    grown_s: float = -math.inf  # when the register grew last
    store_s: float = -math.inf  # not stored before
    paid_s: float = -math.inf  # when all writes so far are earned, one each SLOW_S
    store: WriteBehind[Register] = field(default_factory=WriteBehind)


class Jump(Struct, frozen=True, kw_only=True):
    """A change of the chip's counter that the register does not follow."""

    grown_wh: WattHours
    can_wh: WattHours


def begin(stored: Register | None) -> Lifetime:
    """Return the state to start with, from the store.

    The next write does not wait: a node that is killed again and again stores what flows.
    """
    if stored is None:
        return Lifetime()
    return Lifetime(
        register=stored,
        is_recalled=True,
        store=WriteBehind(stored=stored),
    )


def most_wh(seconds: float) -> float:
    """Return the most energy that can flow in a time, and that a counter may lag by."""
    return MOST_W * max(0.0, seconds) / 3600.0 + MARGIN_WH


def count(
    lifetime: Lifetime, lines: tuple[Line, Line, Line], now_s: float
) -> tuple[Lifetime, Jump | None]:
    """Take a sample of the chip; return also a jump that is to be logged."""
    chip_wh = math.fsum(line.imported_wh for line in lines)
    if not math.isfinite(chip_wh):
        return lifetime, None
    since_s = SLOW_S + UNMETERED_S if lifetime.is_recalled else now_s - lifetime.alive_s
    if lines != lifetime.lines:
        lifetime = replace(lifetime, lines=lines, alive_s=now_s)
    register = lifetime.register
    if register is None:
        register = Register(lifetime_wh=max(chip_wh, 0.0), chip_wh=chip_wh)
        return replace(lifetime, register=register), None
    grown_wh, can_wh = chip_wh - register.chip_wh, most_wh(since_s)
    is_reset = grown_wh < -RESET_WH
    if not is_reset and grown_wh < 0.0:
        return replace(lifetime, is_recalled=False), None
    # A counter that was reset has counted from 0 on since.
    new_wh = chip_wh if is_reset else grown_wh
    is_possible = 0.0 <= new_wh <= can_wh
    lifetime_wh = register.lifetime_wh + (new_wh if is_possible else 0.0)
    if lifetime_wh > register.lifetime_wh:
        lifetime = replace(lifetime, grown_s=now_s)
    register = Register(lifetime_wh=lifetime_wh, chip_wh=chip_wh)
    jump = None
    if (is_reset or not is_possible) and not lifetime.is_jump_logged:
        jump = Jump(grown_wh=grown_wh, can_wh=can_wh)
        lifetime = replace(lifetime, is_jump_logged=True)
    return replace(lifetime, register=register, is_recalled=False), jump


def keep(
    lifetime: Lifetime, written: WriteResult | None, moment: Moment
) -> tuple[Lifetime, Register | None]:
    """Take the result of a write; return what is to be written now, if anything."""
    store = lifetime.store
    if written is not None:
        store = retry(store, written, moment.now_s, replaces_all)
    register = lifetime.register
    if register is not None and _is_due(lifetime, store, register, moment):
        store = queue(store, register, replaces_all)
        lifetime = replace(
            lifetime,
            store_s=moment.now_s + STORE_S,
            paid_s=max(lifetime.paid_s, moment.now_s) + SLOW_S,
        )
    store, write = hand_out(store, moment)
    return replace(lifetime, store=store), write


def last(lifetime: Lifetime) -> Register | None:
    """Return what is to be written before the node ends; None: it is on the disk."""
    register = lifetime.register
    return register if register is not None and register != lifetime.store.stored else None


def encode(register: Register) -> bytes:
    """Return a register as it is stored."""
    return msgspec.json.encode(register)


def decode(content: bytes | None) -> Register | None:
    """Return a stored register; None: there is none, or it cannot be decoded."""
    if content is None:
        return None
    try:
        register = msgspec.json.decode(content, type=Register)
    except UNREADABLE:
        return None
    return register if register.lifetime_wh >= 0.0 else None


def _is_due(
    lifetime: Lifetime, store: WriteBehind[Register], register: Register, moment: Moment
) -> bool:
    """Return whether the register is to be stored now."""
    earliest_s = max(lifetime.store_s, lifetime.paid_s - BURST * SLOW_S)
    if not moment.reached(earliest_s):
        return False
    newest = store.newest
    if newest is None:
        return True
    grown_wh = register.lifetime_wh - newest.lifetime_wh
    if grown_wh >= STORE_WH:
        return True
    return grown_wh >= REST_WH and moment.reached(lifetime.grown_s + STORE_S)
