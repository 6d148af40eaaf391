"""Random disturbances, each with its beginning and its end. Pure: the caller gives the chance."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from bus.disk import Refusal
from bus.memory import START_UTC_NS
from msgs.plant import SimFault
from msgs.topics import LOAD_OFFER, METER_BOX, PILOT_STATUS, SESSION_STATUS, TOPICS

# The holds of msgs/topics.py and of safety's own inputs, and the vehicle's 6 s.
HOLDS_S = (0.05, 0.5, 1.0, 3.0, 5.0, 6.0, 10.0)
HUNG_S = 10.0  # then the supervisor kills a frozen node
CHARGE_S = 20.0  # most charges last at least this long
SOON_S = 6.0  # self-test, closing and stopping all take less

# Each as often as its weight in the tuple.
KINDS = (
    *["fault"] * 3,
    *["glitch"] * 3,
    *["loss"] * 3,
    *["death"] * 2,
    *["freeze", "restart", "outage", "cut", "box", "disk", "clock"],
)
GLITCH_S = (0.01, 5.0)
HOUR_S = 3600.0
# A session may go on for 4 h. The sign that shows how old it is may be a minute old.
CUTS_S = (10.0, 600.0, HOUR_S, 4 * HOUR_S - 300.0, 4 * HOUR_S + 60.0, 5 * HOUR_S, 720 * HOUR_S)
UNSET_S = (1.0, 130.0)  # a box without a battery waits for the time for a minute
# Back and ahead, and to 1970 as a machine without a battery.
CLOCK_ERRORS_S = (-3 * HOUR_S, -10.0, 10.0, 3 * HOUR_S, 72 * HOUR_S, -START_UTC_NS / 1e9)

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
    SimFault.CHIP_FROZEN,
    SimFault.PHASE_LOST,
    SimFault.CP_MINUS,
    SimFault.NTC_OPEN,
    SimFault.MIRROR_DEAD,
    SimFault.GENERATOR_STUCK,
    SimFault.PE_HIGH,
)

# Short disturbances of what a box reads.
GLITCHES = (
    SimFault.CP_OPEN,
    SimFault.CP_SHORT,
    SimFault.CP_MID,
    SimFault.NO_DIODE,
    SimFault.PE_OPEN,
    SimFault.PE_HIGH,
    SimFault.RCM_AC,
    SimFault.RCM_DC,
    SimFault.RCM_TEST,
    SimFault.SAG,
    SimFault.SWELL,
    SimFault.PHASE_LOST,
    SimFault.CHIP_FROZEN,
    SimFault.SPI_STUCK,
)

# They are latched, and a latched fault hides what else the box does: rare.
LATCHING = frozenset(
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

    changes_vehicle: bool = False  # another one is plugged in meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerCut:
    """The box has no mains for a time, and its nodes end with them.

    The end of the disturbance sets UTC, if it was not set at the start.
    """

    seconds: float  # without mains
    changes_vehicle: bool
    is_utc_set: bool  # by a clock with a battery


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxRestart:
    """A person asks for a restart of the box; nothing has to be done at the end."""

    is_session_dead: bool  # the session node is killed before
    changes_vehicle: bool  # while no node runs


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskRefusal:
    """The disk takes no writes."""

    refusal: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockError:
    """UTC is set to a wrong time, and set right at the end."""

    ahead_s: float  # of the right time


Cause = (
    WorldFault
    | Loss
    | NodeDeath
    | NodeFreeze
    | NodeRestart
    | Outage
    | PowerCut
    | BoxRestart
    | DiskRefusal
    | ClockError
)


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

    That is: a clock that is set, a disk that refuses, a restart in place; a node that is stopped,
    or messages that are lost, for less than half of the hold (a restarted node is valid again
    within the other half).
    """
    match disturbance.cause:
        case ClockError() | DiskRefusal():
            return True
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


def random_glitch(chance: random.Random) -> Disturbance:
    """Return a short disturbance of a sensor, or of the mains, that begins now."""
    cause = Outage() if chance.random() < 0.1 else WorldFault(name=chance.choice(GLITCHES))
    lasts_s = _any_duration_s(chance, *GLITCH_S)
    return Disturbance(cause=cause, in_charge=False, after_s=0.0, lasts_s=lasts_s)


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
    """Return a disturbance.

    It lasts 0.02 to 50 s, or about as long as a hold; a short one of a sensor 10 ms to 5 s.
    """
    kind = chance.choice(KINDS)
    cause = _random_cause(chance, targets, kind)
    if kind == "glitch":
        lasts_s = _any_duration_s(chance, *GLITCH_S)
    elif isinstance(cause, PowerCut) and not cause.is_utc_set:
        lasts_s = chance.uniform(*UNSET_S)
    elif chance.random() < 0.5:
        lasts_s = chance.choice(HOLDS_S) * chance.uniform(0.9, 1.4)
    else:
        lasts_s = _any_duration_s(chance, 0.02, 50.0)
    if isinstance(cause, NodeFreeze):
        lasts_s = min(lasts_s, HUNG_S)
    return Disturbance(cause=cause, in_charge=in_charge, after_s=after_s, lasts_s=lasts_s)


def _random_cause(chance: random.Random, targets: Targets, kind: str) -> Cause:
    match kind:
        case "fault" | "glitch":
            names = [
                name
                for name in (NAMES if kind == "fault" else GLITCHES)
                if name not in LATCHING or kind == "glitch" or chance.random() < 0.5
            ]
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
        case "cut":
            return PowerCut(
                seconds=chance.choice(CUTS_S),
                changes_vehicle=chance.random() < 0.4,
                is_utc_set=chance.random() < 0.6,
            )
        case "box":
            return BoxRestart(
                is_session_dead=chance.random() < 0.4, changes_vehicle=chance.random() < 0.4
            )
        case "disk":
            return DiskRefusal(refusal=chance.choice(tuple(Refusal)))
        case "clock":
            return ClockError(ahead_s=chance.choice(CLOCK_ERRORS_S))
        case _:
            return Outage(changes_vehicle=chance.random() < 0.4)


def _any_duration_s(chance: random.Random, least_s: float, most_s: float) -> float:
    """Return a duration between two [s], of evenly distributed order of magnitude."""
    ratio: float = (most_s / least_s) ** chance.random()
    return least_s * ratio
