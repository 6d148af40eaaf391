"""What can be done in the simulated world, and why not what cannot be done now. Pure.

An act that is impossible is refused by plant. The page knows it before, and offers it with the
reason; so does a scene, which leaves out what is so already.
"""

from typing import NamedTuple

from msgspec import Struct

from msgs.card import CardColor
from msgs.label import Label
from msgs.led import LedFrame
from msgs.plant import SimFault, VehicleState, WorldStatus
from msgs.requests import Status
from msgs.session import SessionStatus
from view.front import is_dark
from web.scenes import QUIET_A, UNKNOWN_UID, Scene, scenes_of
from web.world_words import FAULT_GROUPS, VEHICLES

STATUS: dict[Status, int] = {
    Status.OK: 200,
    Status.BAD_ARGUMENTS: 400,
    Status.REFUSED: 409,
    Status.NOT_READY: 409,
    Status.ERROR: 502,
    Status.TIMEOUT: 504,
}
"""HTTP status by the status of an answer."""


class PanelNow(Struct, frozen=True, kw_only=True):
    """What cannot be done now, by the keys of acts ("plug") and of scenes ("scene_pull")."""

    reasons: dict[str, str]  # why an act is not offered
    done: tuple[str, ...]  # the acts of which the result is there already


class PanelCard(Struct, frozen=True, kw_only=True):
    """A card that can be presented."""

    uid: str
    role: str  # "" for a card that is in no list
    color: str


class PanelFault(Struct, frozen=True, kw_only=True):
    """A fault that can be made."""

    name: SimFault
    text: str


class PanelGroup(Struct, frozen=True, kw_only=True):
    """Faults that belong together."""

    title: str
    faults: tuple[PanelFault, ...]


class PanelStep(Struct, frozen=True, kw_only=True):
    """One act of a scene, see `web.scenes.SceneStep`."""

    act: str
    arguments: Struct
    text: str
    key: str
    missed: str
    wait_s: float


class PanelScene(Struct, frozen=True, kw_only=True):
    """One scene, see `web.scenes.Scene`."""

    key: str
    title: str
    text: str
    steps: tuple[PanelStep, ...]


class Panel(Struct, frozen=True, kw_only=True):
    """Answer of /api/v1/panel: what does not change."""

    cards: tuple[PanelCard, ...]
    vehicles: dict[VehicleState, str]
    groups: tuple[PanelGroup, ...]  # of faults
    scenes: tuple[PanelScene, ...]


def panel_of(label: Label) -> Panel:
    """Return the panel of a box."""
    cards = [PanelCard(uid=each.uid, role=each.role, color=each.color) for each in label.rfid]
    cards.append(PanelCard(uid=UNKNOWN_UID, role="", color=CardColor.NONE))
    return Panel(
        cards=tuple(cards),
        vehicles=VEHICLES,
        groups=tuple(
            PanelGroup(
                title=title,
                faults=tuple(PanelFault(name=name, text=text) for name, text in faults.items()),
            )
            for title, faults in FAULT_GROUPS
        ),
        scenes=tuple(_panel_scene(scene) for scene in scenes_of(label)),
    )


def _panel_scene(scene: Scene) -> PanelScene:
    steps = tuple(
        PanelStep(
            act=step.act.name,
            arguments=step.arguments,
            text=step.text,
            key=step.key,
            missed=step.missed,
            wait_s=step.wait_s,
        )
        for step in scene.steps
    )
    return PanelScene(key=scene.key, title=scene.title, text=scene.text, steps=steps)


class _Barred(NamedTuple):
    """Why an act is not offered."""

    reason: str = ""
    is_done: bool = False  # its result is there already


def panel_now(
    world: WorldStatus | None,
    session: SessionStatus | None,
    front: LedFrame | None,
    label: Label,
) -> PanelNow | None:
    """Return what cannot be done now; None without an answer of a simulated world."""
    if world is None:
        return None
    acts = {
        **_vehicle(world),
        **_card(world, session),
        **_touch(front),
        **_mains(world),
        **_faults(world),
    }
    for scene in scenes_of(label):
        if (why := _scene(scene, acts)) is not None:
            acts[f"scene_{scene.key}"] = why
    return PanelNow(
        reasons={key: why.reason for key, why in acts.items() if why.reason},
        done=tuple(key for key, why in acts.items() if why.is_done),
    )


def _vehicle(world: WorldStatus) -> dict[str, _Barred]:
    vehicle = world.vehicle
    if vehicle is VehicleState.AWAY:
        away = "No vehicle is plugged in."
        gone = _Barred(away, is_done=True)
        return {"unplug": gone, "pull": gone, "ready": _Barred(away), "full": _Barred(away)}
    acts = {"plug": _Barred("A vehicle is plugged in already.", is_done=True)}
    if vehicle in (VehicleState.READY, VehicleState.CHARGING):
        acts["ready"] = _Barred("The vehicle asks for energy already.", is_done=True)
    if vehicle is VehicleState.STOPPING:
        acts["ready"] = _Barred("The vehicle is stopping.")
    if vehicle is VehicleState.FULL:
        acts["full"] = _Barred("The vehicle is full already.", is_done=True)
    return acts


def _card(world: WorldStatus, session: SessionStatus | None) -> dict[str, _Barred]:
    if session is not None and session.authorized:
        return {"card": _Barred("The charge is authorised already.", is_done=True)}
    if not world.mains:
        return {"card": _Barred("The box has no mains, so it reads no card.")}
    return {}


def _touch(front: LedFrame | None) -> dict[str, _Barred]:
    if front is None or is_dark(front.touch):
        return {"touch": _Barred("The touch key is dark: a press does nothing.")}
    return {}


def _mains(world: WorldStatus) -> dict[str, _Barred]:
    mains, contact = _on(world.mains), "closed" if world.external_closed else "open"
    acts = {
        f"power_{mains}": _Barred(f"The mains are {mains} already.", is_done=True),
        f"input_{contact}": _Barred(f"The contact is {contact} already.", is_done=True),
    }
    if world.house_a == QUIET_A:
        acts["house_quiet"] = _Barred(is_done=True)
    return acts


def _on(is_on: bool) -> str:
    return "on" if is_on else "off"


def _faults(world: WorldStatus) -> dict[str, _Barred]:
    return {
        f"{'fault' if fault in world.faults else 'clear'}_{fault}": _Barred(is_done=True)
        for fault in SimFault
    }


def _scene(scene: Scene, acts: dict[str, _Barred]) -> _Barred | None:
    """Return why a scene is not possible: what it needs is not, or there is nothing to do."""
    for key in scene.needs:
        if key in acts:
            return _Barred(scene.needs_words or acts[key].reason or scene.done_words)
    if all(step.key in acts and acts[step.key].is_done for step in scene.steps):
        return _Barred(scene.done_words, is_done=True)
    return None
