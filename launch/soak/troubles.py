"""What goes wrong: random troubles, each with its beginning and its end. Pure: chance comes in.

Two links are spared, sim/contactor_drive and sim/pilot_drive: they are wires and a register of
the hardware, no messages. The world itself (plant) neither dies nor sleeps.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from msgs.plant import SimFault
from msgs.topics import (
    LOAD_OFFER,
    METER_BOX,
    METER_HOUSE,
    PILOT_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    SIM_COPPER,
    SIM_POWER,
)

NODES = ("led", "load_manager", "meter", "pilot", "safety", "session")
"""Those that may die, sleep or be restarted."""

SOON_S = 6.0  # self-test, closing, stopping all lie within
REQUEST = "?"  # what a request is called where messages are lost

# Faults that may end in a latched one, and with it the life of a box: rare.
FATAL = frozenset(
    {SimFault.WELD, SimFault.PE_OPEN, SimFault.RCM_TEST, SimFault.SPI_STUCK, SimFault.NO_CLOSE}
)
LINKS = (
    PILOT_STATUS.name,
    SAFETY_STATUS.name,
    SESSION_STATUS.name,
    LOAD_OFFER.name,
    METER_BOX.name,
    METER_HOUSE.name,
    SIM_COPPER.name,
    SIM_POWER.name,
    REQUEST,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something breaks and is mended."""

    name: SimFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Messages of a topic are lost on the way to a reader, or to all ("*")."""

    topic: str
    reader: str
    ratio: float  # 1.0: silence


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """A node is killed; its end is its next start."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleep:
    """A node is held as by SIGSTOP, then released."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """A node is restarted in place; it has no end of its own."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The box has no mains; its nodes live on."""


Cause = Fault | Loss | Death | Sleep | Restart | Outage


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that goes wrong for a while, in seconds since the visit began."""

    cause: Cause
    from_s: float
    to_s: float


def random_troubles(
    chance: random.Random, length_s: float, moments_s: Sequence[float]
) -> tuple[Trouble, ...]:
    """Return the troubles of one visit of a length; a sixth of the visits have none.

    Half of them come soon after one of the moments at which something is done.
    """
    count = chance.choice((0, 1, 2, 3, 4, 6))
    return tuple(_random_trouble(chance, length_s, moments_s) for _ in range(count))


def _random_trouble(chance: random.Random, length_s: float, moments_s: Sequence[float]) -> Trouble:
    if chance.random() < 0.5:
        from_s = chance.choice(moments_s) + chance.uniform(0.0, SOON_S)
    else:
        from_s = chance.uniform(0.0, length_s)
    cause = _random_cause(chance)
    match cause:
        case Sleep():
            lasts_s = 0.02 * 500.0 ** chance.random()  # beyond 10 s the supervisor kills
        case Death():
            lasts_s = 0.05 * 200.0 ** chance.random()
        case Fault() | Loss() | Restart() | Outage():
            lasts_s = 0.05 * 1200.0 ** chance.random()
    return Trouble(cause=cause, from_s=from_s, to_s=from_s + lasts_s)


def _random_cause(chance: random.Random) -> Cause:
    kinds = ("fault", "fault", "loss", "loss", "death", "sleep", "restart", "outage")
    match chance.choice(kinds):
        case "fault":
            names = [name for name in SimFault if name not in FATAL or chance.random() < 0.1]
            return Fault(name=chance.choice(names))
        case "loss":
            reader = chance.choice(("*", *NODES))
            ratio = chance.choice((1.0, 1.0, round(chance.uniform(0.05, 0.95), 2)))
            return Loss(topic=chance.choice(LINKS), reader=reader, ratio=ratio)
        case "death":
            return Death(node=chance.choice(NODES))
        case "sleep":
            return Sleep(node=chance.choice(NODES))
        case "outage":
            return Outage()
        case _:
            return Restart(node=chance.choice(NODES))
