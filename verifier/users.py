"""Random visits, each a list of timed acts. Pure: the caller gives the chance."""

import random
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from msgspec import Struct

from msgs.card import CardColor
from msgs.method import Method
from msgs.methods import END_SESSION, FULL, HOUSE, PLUG, PULL, READY, SET_WISH, SUN, TAP, UNPLUG
from msgs.plant import HouseLoad, Sun, Tap
from msgs.requests import NoArguments, ReasonArguments, WishArguments
from msgs.safety import DIP_LIMIT_A

A = TypeVar("A", bound=Struct)

FOREIGN = "04F0F1F2"  # the UID of a card that no box knows

_USER_CARDS = (CardColor.RED, CardColor.GREEN, CardColor.BLUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRequest(Generic[A]):
    """One request that a person causes."""

    method: Method[A, Any]
    arguments: A


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act of a person, `at_s` after the beginning of the visit.

    A request, or a card of the box's label that is presented; its UID differs per box.
    """

    at_s: float
    does: UserRequest[Any] | CardColor


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One vehicle that comes, charges or not, and goes."""

    acts: tuple[Act, ...]  # in order
    length_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The house of a box and the kind of vehicle that visits it, as arguments of `--set`."""

    dip_a: float
    fuse_a: float | None  # None: domestic connection monitoring is off
    needs_card: bool
    settings: tuple[str, ...]


_PLUG = UserRequest(method=PLUG, arguments=NoArguments())
_READY = UserRequest(method=READY, arguments=NoArguments())
_FULL = UserRequest(method=FULL, arguments=NoArguments())
_PULL = UserRequest(method=PULL, arguments=NoArguments())


def random_installation(chance: random.Random) -> Installation:
    """Return a house, a box and a kind of vehicle."""
    dip_a = chance.choice(sorted(DIP_LIMIT_A.values()))
    fuse_a = chance.choice((25.0, 35.0, 63.0))
    is_monitored = chance.random() < 0.7
    needs_card = chance.random() < 0.5
    values = {
        "plant.dip_a": int(dip_a),
        "plant.ambient_c": round(chance.uniform(-20.0, 40.0), 1),
        "plant.vehicle_phases": chance.choice((1, 2, 3, 3, 3)),
        "plant.vehicle_max_a": chance.choice((10, 16, 20, 32)),
        "plant.vehicle_charged_percent": round(chance.uniform(10.0, 99.0), 1),
        "plant.start_delay_s": round(chance.uniform(0.2, 4.0), 3),
        "plant.precharge_s": round(chance.uniform(0.2, 3.0), 3),
        "plant.ramp_up_a_s": round(chance.uniform(2.0, 10.0), 1),
        "plant.dead_time_s": round(chance.uniform(0.2, 5.0), 3),
        "load_manager.main_fuse_a": fuse_a,
        "load_manager.monitoring": "true" if is_monitored else "false",
        "session.authorization": "true" if needs_card else "false",
    }
    return Installation(
        dip_a=dip_a,
        fuse_a=fuse_a if is_monitored else None,
        needs_card=needs_card,
        settings=tuple(f"{key}={value}" for key, value in values.items()),
    )


def random_visit(chance: random.Random) -> Visit:
    """Return one visit: it begins with the plug and ends without. Half of the visits are short."""
    acts: list[Act] = []
    is_short = chance.random() < 0.5
    now_s = chance.uniform(0.0, 2.0)

    def act(does: UserRequest[Any] | CardColor) -> None:
        acts.append(Act(at_s=now_s, does=does))

    card = chance.choice(_USER_CARDS)
    is_first = chance.random() < 0.5
    if is_first:
        act(card)
        now_s += _soon(chance, 0.05, 70.0)  # sometimes too late for RFID-4
    act(_PLUG)
    if not is_first:
        now_s += _soon(chance, 0.05, 10.0)
        act(card)
    if chance.random() < 0.95:
        now_s += _soon(chance, 0.05, 1.0 if is_short else 20.0)
        act(_READY)
    for _ in range(0 if is_short else chance.choice((0, 1, 1, 2, 3))):
        now_s += _soon(chance, 0.5, 60.0)
        if chance.random() < 0.2:
            act(_any_card(chance))
        for does in _midway(chance):
            act(does)
            now_s += _soon(chance, 0.01, 3.0)
    now_s += chance.uniform(10.0, 40.0) if is_short else _soon(chance, 1.0, 200.0)
    if chance.random() < 0.2:
        act(_FULL)
        now_s += _soon(chance, 0.1, 10.0)
    if chance.random() < 0.1:
        act(UserRequest(method=END_SESSION, arguments=ReasonArguments(reason="soak")))
        now_s += _soon(chance, 0.1, 10.0)
    act(_wish())
    if chance.random() < 0.7:
        act(UserRequest(method=UNPLUG, arguments=NoArguments()))
        now_s += 10.0  # the vehicle drops its load, opens S2, and is unplugged 1 s later
    now_s += chance.uniform(0.0, 0.5)
    act(_PULL)  # refused if the vehicle is unplugged already
    return Visit(acts=tuple(acts), length_s=now_s + _soon(chance, 0.05, 5.0))


def _any_card(chance: random.Random) -> UserRequest[Tap] | CardColor:
    """Return any card of the box, or an unknown one; the card that authorised logs off."""
    if chance.random() < 0.2:
        return UserRequest(method=TAP, arguments=Tap(uid=FOREIGN))
    return chance.choice((CardColor.WHITE, *_USER_CARDS))


def _midway(chance: random.Random) -> list[UserRequest[Any]]:
    """Return a sequence of acts during the charge."""
    match chance.choice(("house", "house", "sun", "full", "limit", "pause", "jolt")):
        case "house":
            l1_a, l2_a, l3_a = (round(chance.uniform(0.0, 30.0), 1) for _ in range(3))
            return [UserRequest(method=HOUSE, arguments=HouseLoad(current_a=(l1_a, l2_a, l3_a)))]
        case "sun":
            power_w = round(chance.uniform(0.0, 12_000.0))
            return [UserRequest(method=SUN, arguments=Sun(power_w=power_w))]
        case "full":
            return [_FULL, _READY]
        case "limit":
            return [_wish(limit_a=round(chance.uniform(0.0, 40.0), 1))]
        case "pause":
            pauses = (True, chance.random() < 0.5)
            return [_wish(pause=pause) for pause in pauses]
        case _:
            return [_PULL, _PLUG, _READY]


def _wish(limit_a: float | None = None, pause: bool = False) -> UserRequest[WishArguments]:
    return UserRequest(method=SET_WISH, arguments=WishArguments(limit_a=limit_a, pause=pause))


def _soon(chance: random.Random, least_s: float, most_s: float) -> float:
    """Return a duration between two [s], of evenly distributed order of magnitude."""
    ratio: float = (most_s / least_s) ** chance.random()
    return least_s * ratio
