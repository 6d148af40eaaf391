"""Random disturbances, each with its beginning and its end. Pure: the caller gives the chance."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from msgs.plant import SimFault
from msgs.topics import LOAD_OFFER, METER_BOX, PILOT_STATUS, SESSION_STATUS, TOPICS

# The holds of msgs/topics.py and of safety's own inputs, and the vehicle's 6 s.
HOLDS_S = (0.05, 0.5, 1.0, 3.0, 5.0, 6.0, 10.0)
HUNG_S = 10.0  # then the supervisor kills a frozen node
CHARGE_S = 20.0  # most charges last at least this long
SOON_S = 6.0  # self-test, closing and stopping all take less

# Each as often as its weight in the tuple.
KINDS = (*["fault"] * 2, *["loss"] * 3, *["death"] * 2, "freeze", "restart", "outage")

WORLD = "plant"
EVERY_READER = "*"
REQUEST = "?"  # stands for all requests among the topics whose messages may be lost

# The faults of the simulated world that a soak makes.
NAMES = (
    SimFault.NO_DIODE,
    SimFault.CP_SHORT,
    SimFault.CP_MID,
    SimFault.CP_OPEN,
    SimFault.WELD,
    SimFault.NO_CLOSE,
    SimFault.RCM_AC,
    SimFault.RCM_DC,
    SimFault.RCM_TEST,
    SimFault.PE_OPEN,
    SimFault.SAG,
    SimFault.SWELL,
    SimFault.OVERCURRENT,
    SimFault.HOT,
    SimFault.METER_LOST,
    SimFault.READER_DEAD,
    SimFault.SPI_STUCK,
    SimFault.IGNORES_X1,
    SimFault.ASLEEP,
    SimFault.CHIP_ZERO,
    SimFault.CHIP_DEAD,
    SimFault.PHASE_LOST,
    SimFault.CP_MINUS,
    SimFault.NTC_OPEN,
    SimFault.MIRROR_DEAD,
    SimFault.GENERATOR_STUCK,
    SimFault.PE_HIGH,
)

# They are latched, which ends the run of a box: rare.
FATAL = frozenset(
    {
        SimFault.WELD,
        SimFault.PE_OPEN,
        SimFault.PE_HIGH,
        SimFault.MIRROR_DEAD,
        SimFault.GENERATOR_STUCK,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What may be disturbed."""

    nodes: tuple[str, ...]  # that may be killed, frozen or restarted
    links: tuple[tuple[str, str], ...]  # topic and reader, for messages that may be lost


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldFault:
    """A fault of the simulated world is made and cleared."""

    name: SimFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Messages of a topic are lost on the way to a reader, or to all (`EVERY_READER`)."""

    topic: str
    reader: str
    ratio: float  # 1.0: silence


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDeath:
    """A node is killed; the end of the disturbance is its next start."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFreeze:
    """A node is stopped as by SIGSTOP, then continued."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRestart:
    """A node is restarted in place; nothing has to be done at the end."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The box has no mains; its nodes go on."""


Cause = WorldFault | Loss | NodeDeath | NodeFreeze | NodeRestart | Outage


# How long a node may be silent before its readers end a charge; nothing depends on led.
SILENT_S = {
    "led": float("inf"),
    "load_manager": LOAD_OFFER.hold_s,
    "meter": METER_BOX.hold_s,
    "pilot": PILOT_STATUS.hold_s,
    "session": SESSION_STATUS.hold_s,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """One disturbance, which lasts for a time.

    It begins `after_s` after the beginning of the visit, or, with `in_charge`, after the
    contactor's first closing in the visit; without a closing it does not begin.
    """

    cause: Cause
    in_charge: bool
    after_s: float
    lasts_s: float


def is_harmless(disturbance: Disturbance) -> bool:
    """Return whether this disturbance alone must not interrupt a charge.

    That is: a restart in place; a node that is stopped, or messages that are lost, for less than
    half of the hold (a restarted node is valid again within the other half).
    """
    match disturbance.cause:
        case NodeRestart(node=node):
            return node in SILENT_S
        case NodeDeath(node=node) | NodeFreeze(node=node):
            return node in SILENT_S and disturbance.lasts_s < SILENT_S[node] / 2
        case Loss(topic=topic) if topic in TOPICS and TOPICS[topic].writer != WORLD:
            return disturbance.lasts_s < TOPICS[topic].hold_s / 2
        case _:
            return False


def random_disturbances(
    chance: random.Random, targets: Targets, length_s: float, moments_s: Sequence[float]
) -> tuple[Disturbance, ...]:
    """Return the disturbances of one visit of `length_s`.

    None, a single one in a charge, a few, or many that overlap. Of a few and of many, half begin in
    a charge, and a quarter soon after one of the moments at which a person acts.
    """
    match chance.choice(("none", "one", "one", "few", "few", "many")):
        case "none":
            return ()
        case "one":
            after_s = chance.uniform(0.0, CHARGE_S)
            return (_random_disturbance(chance, targets, after_s, in_charge=True),)
        case kind:
            count = chance.randint(2, 3) if kind == "few" else chance.randint(5, 10)
            return tuple(_random_moment(chance, targets, length_s, moments_s) for _ in range(count))


def _random_moment(
    chance: random.Random, targets: Targets, length_s: float, moments_s: Sequence[float]
) -> Disturbance:
    match chance.choice(("charge", "charge", "soon", "ever")):
        case "charge":
            return _random_disturbance(
                chance, targets, in_charge=True, after_s=chance.uniform(0.0, CHARGE_S)
            )
        case "soon":
            after_s = chance.choice(moments_s) + chance.uniform(0.0, SOON_S)
        case _:
            after_s = chance.uniform(0.0, length_s)
    return _random_disturbance(chance, targets, after_s, in_charge=False)


def _random_disturbance(
    chance: random.Random, targets: Targets, after_s: float, *, in_charge: bool
) -> Disturbance:
    """Return a disturbance; it lasts 0.02 to 50 s, or about as long as a hold."""
    cause = _random_cause(chance, targets)
    if chance.random() < 0.5:
        lasts_s = chance.choice(HOLDS_S) * chance.uniform(0.9, 1.4)
    else:
        lasts_s = 0.02 * 2500.0 ** chance.random()
    if isinstance(cause, NodeFreeze):
        lasts_s = min(lasts_s, HUNG_S)
    return Disturbance(cause=cause, in_charge=in_charge, after_s=after_s, lasts_s=lasts_s)


def _random_cause(chance: random.Random, targets: Targets) -> Cause:
    match chance.choice(KINDS):
        case "fault":
            names = [name for name in NAMES if name not in FATAL or chance.random() < 0.1]
            return WorldFault(name=chance.choice(names))
        case "loss":
            topic, reader = chance.choice(targets.links)
            return Loss(
                topic=topic,
                reader=EVERY_READER if chance.random() < 0.2 else reader,
                ratio=1.0 if chance.random() < 0.7 else round(chance.uniform(0.05, 0.95), 2),
            )
        case "death":
            return NodeDeath(node=chance.choice(targets.nodes))
        case "freeze":
            return NodeFreeze(node=chance.choice(targets.nodes))
        case "restart":
            return NodeRestart(node=chance.choice(targets.nodes))
        case _:
            return Outage()
