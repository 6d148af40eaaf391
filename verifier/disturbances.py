"""What goes wrong: random troubles, each with its beginning and its end. Pure: chance comes in."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from msgs.plant import SimFault
from msgs.topics import LOAD_OFFER, METER_BOX, PILOT_STATUS, SESSION_STATUS, TOPICS

HOLDS_S = (0.05, 0.5, 1.0, 3.0, 5.0, 6.0, 10.0)  # of the architecture
HUNG_S = 10.0  # then the supervisor kills
CHARGE_S = 20.0  # most charges last as long
SOON_S = 6.0  # self-test, closing, stopping all lie within

# How often each kind comes.
KINDS = (*["loss"] * 3, *["fault"] * 2, *["death"] * 2, "sleep", "restart", "outage")

WORLD = "plant"
EVERYBODY = "*"
REQUEST = "?"  # what a request is called where messages are lost

# What soak breaks in the world.
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

# They end in a latched fault, and with it the life of a box: rare.
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
class Scene:
    """What there is that can go wrong."""

    nodes: tuple[str, ...]  # that may die, sleep or be restarted
    links: tuple[tuple[str, str], ...]  # topic and reader, for messages that may be lost


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


# How long a node may be silent to whoever keeps the contactor closed; led may be for ever.
SILENT_S = {
    "led": float("inf"),
    "load_manager": LOAD_OFFER.hold_s,
    "meter": METER_BOX.hold_s,
    "pilot": PILOT_STATUS.hold_s,
    "session": SESSION_STATUS.hold_s,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that goes wrong for a while.

    It begins so long after the visit, or, in a charge, after the contactor has first closed in
    it; without a charge it does not come about.
    """

    cause: Cause
    in_charge: bool
    after_s: float
    lasts_s: float


def is_harmless(trouble: Trouble) -> bool:
    """Return whether this trouble alone must leave a charge as it is.

    A restart in place; a node that is away, or a message that does not come, for less than half
    of the hold that is relied on (a restarted node is valid again within the other half).
    """
    match trouble.cause:
        case Restart(node=node):
            return node in SILENT_S
        case Death(node=node) | Sleep(node=node):
            return node in SILENT_S and trouble.lasts_s < SILENT_S[node] / 2
        case Loss(topic=topic) if topic in TOPICS and TOPICS[topic].writer != WORLD:
            return trouble.lasts_s < TOPICS[topic].hold_s / 2
        case _:
            return False


def random_troubles(
    chance: random.Random, scene: Scene, length_s: float, moments_s: Sequence[float]
) -> tuple[Trouble, ...]:
    """Return the troubles of one visit of a length.

    None, one alone in a charge, a few, or many that meet each other. Of those, half come in a
    charge, a quarter soon after one of the moments at which something is done.
    """
    match chance.choice(("none", "one", "one", "few", "few", "many")):
        case "none":
            return ()
        case "one":
            after_s = chance.uniform(0.0, CHARGE_S)
            return (_random_trouble(chance, scene, after_s, in_charge=True),)
        case kind:
            count = chance.randint(2, 3) if kind == "few" else chance.randint(5, 10)
            return tuple(_random_moment(chance, scene, length_s, moments_s) for _ in range(count))


def _random_moment(
    chance: random.Random, scene: Scene, length_s: float, moments_s: Sequence[float]
) -> Trouble:
    match chance.choice(("charge", "charge", "soon", "ever")):
        case "charge":
            return _random_trouble(
                chance, scene, in_charge=True, after_s=chance.uniform(0.0, CHARGE_S)
            )
        case "soon":
            after_s = chance.choice(moments_s) + chance.uniform(0.0, SOON_S)
        case _:
            after_s = chance.uniform(0.0, length_s)
    return _random_trouble(chance, scene, after_s, in_charge=False)


def _random_trouble(
    chance: random.Random, scene: Scene, after_s: float, *, in_charge: bool
) -> Trouble:
    """Return a trouble that lasts any order of magnitude, or about as long as a hold."""
    cause = _random_cause(chance, scene)
    if chance.random() < 0.5:
        lasts_s = chance.choice(HOLDS_S) * chance.uniform(0.9, 1.4)
    else:
        lasts_s = 0.02 * 2500.0 ** chance.random()
    if isinstance(cause, Sleep):
        lasts_s = min(lasts_s, HUNG_S)
    return Trouble(cause=cause, in_charge=in_charge, after_s=after_s, lasts_s=lasts_s)


def _random_cause(chance: random.Random, scene: Scene) -> Cause:
    kinds = (
        "fault",
        "fault",
        "loss",
        "loss",
        "loss",
        "death",
        "death",
        "sleep",
        "restart",
        "mains",
    )
    match chance.choice(kinds):
        case "fault":
            names = [name for name in NAMES if name not in FATAL or chance.random() < 0.1]
            return Fault(name=chance.choice(names))
        case "loss":
            topic, reader = chance.choice(scene.links)
            return Loss(
                topic=topic,
                reader=EVERYBODY if chance.random() < 0.2 else reader,
                ratio=1.0 if chance.random() < 0.7 else round(chance.uniform(0.05, 0.95), 2),
            )
        case "death":
            return Death(node=chance.choice(scene.nodes))
        case "sleep":
            return Sleep(node=chance.choice(scene.nodes))
        case "restart":
            return Restart(node=chance.choice(scene.nodes))
        case _:
            return Outage()
