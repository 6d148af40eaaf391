"""Scenes of the simulated world: short lists of acts that are done in order. Data.

The page does them one after another, and leaves out each whose key is done already (`web.panel`).
"""

from functools import cache
from typing import Any

from msgspec import Struct

from msgs.card import CardRole
from msgs.label import Label
from msgs.method import Method
from msgs.methods import CLEAR, FAULT, HOUSE, INPUT, PLUG, POWER, PULL, READY, SUN, TAP, UNPLUG
from msgs.plant import (
    ContactPosition,
    ExternalContact,
    FaultName,
    HouseLoad,
    Power,
    SimFault,
    Sun,
    Tap,
)
from msgs.requests import NoArguments
from web.world_words import FAULT_WORDS

QUIET_A = (2.0, 2.0, 2.0)  # as in launch/simulation.toml
KETTLE_A = (27.0, 12.0, 4.0)  # assumed: leaves 8 A of a main fuse of 35 A on L1
SUN_W = 9000.0  # assumed: a roof at noon
CLOUD_W = 1500.0  # assumed: too little for a charge
UNKNOWN_UID = "04A1B2C3D4E5F6"  # of a card that is in no list


class SceneStep(Struct, frozen=True, kw_only=True):
    """One act of a scene."""

    act: Method[Any, None]
    arguments: Struct
    text: str  # what it does: "Plug the vehicle in"
    key: str = ""  # of `web.panel.barred`: the step is over when it is done; "": at once
    missed: str = ""  # what it means if the box does not show it within some seconds
    wait_s: float = 0.0  # before it


class Scene(Struct, frozen=True, kw_only=True):
    """One row: what it is called, what it shows, and its acts."""

    key: str
    title: str
    text: str
    steps: tuple[SceneStep, ...]
    needs: tuple[str, ...] = ()  # the acts that must be possible before it begins
    needs_words: str = ""  # why it is not possible; "": the reason of the act
    done_words: str = "It is so already."


def _step(
    act: Method[Any, None], text: str, arguments: Struct | None = None, **more: Any
) -> SceneStep:
    return SceneStep(act=act, arguments=arguments or NoArguments(), text=text, **more)


def _mains(on: bool, wait_s: float = 0.0) -> SceneStep:
    word = "on" if on else "off"
    return _step(
        POWER, f"Switch the mains {word}", Power(on=on), key=f"power_{word}", wait_s=wait_s
    )


def _fault(fault: SimFault) -> SceneStep:
    text = f"Break it: {FAULT_WORDS[fault]}"
    return _step(FAULT, text, FaultName(name=fault), key=f"fault_{fault}")


def _repair(fault: SimFault, wait_s: float = 0.0) -> SceneStep:
    text = f"Repair it: {FAULT_WORDS[fault]}"
    return _step(CLEAR, text, FaultName(name=fault), key=f"clear_{fault}", wait_s=wait_s)


def _card(uid: str, text: str, **more: Any) -> SceneStep:
    return _step(TAP, text, Tap(uid=uid), **more)


def _sun(power_w: float, text: str, **more: Any) -> SceneStep:
    return _step(SUN, text, Sun(power_w=power_w), **more)


def _house(current_a: tuple[float, float, float], text: str, **more: Any) -> SceneStep:
    return _step(HOUSE, text, HouseLoad(current_a=current_a), **more)


_PLUG = _step(PLUG, "Plug the vehicle in", key="plug")
_READY = _step(READY, "Let the vehicle ask for energy", key="ready")
_QUIET = _house(QUIET_A, "Only the fridge and the lights are on", key="house_quiet")


@cache
def scenes_of(label: Label) -> tuple[Scene, ...]:
    """Return all scenes of a box; its label has the cards that are presented."""
    master = next(card.uid for card in label.rfid if card.role is CardRole.MASTER)
    user = next(card.uid for card in label.rfid if card.role is CardRole.USER)
    pay = _card(user, "Present a card", key="card", missed="The box has not accepted the card.")
    return (
        Scene(
            key="charge_now",
            title="Charge now",
            text="A vehicle comes, a card is presented, and the vehicle asks for energy.",
            steps=(_mains(True), _PLUG, pay, _READY),
            done_words="The vehicle asks for energy already.",
        ),
        Scene(
            key="kettle",
            title="Kettle on",
            text="The house needs the current: the vehicle gets less, and more again after it.",
            steps=(
                _house(KETTLE_A, "Kettle and oven on"),
                _house(QUIET_A, "Kettle and oven off", key="house_quiet", wait_s=30.0),
            ),
        ),
        Scene(
            key="clouds",
            title="Clouds",
            text="The sun shines, a cloud comes and goes. Charging with the sun follows it.",
            steps=(
                _sun(SUN_W, "The sun shines"),
                _sun(CLOUD_W, "A cloud comes", wait_s=20.0),
                _sun(SUN_W, "The cloud is gone", wait_s=20.0),
            ),
        ),
        Scene(
            key="pull",
            title="Pull the plug",
            text="Out under load, without asking the vehicle: fault 1 while it charges.",
            steps=(_step(PULL, "Pull the plug out", key="pull"),),
            needs=("pull",),
        ),
        Scene(
            key="drive_away",
            title="Drive away",
            text="The vehicle stops drawing, then the plug is taken out.",
            steps=(_step(UNPLUG, "Unplug the vehicle", key="unplug"),),
            needs=("unplug",),
        ),
        Scene(
            key="power_cut",
            title="Power cut",
            text="The mains are gone for 10 s. What was charging goes on after it.",
            steps=(_mains(False), _mains(True, wait_s=10.0)),
            needs=("power_off",),
        ),
        Scene(
            key="meter_lost",
            title="Meter lost",
            text="The house meter is silent for 40 s: at most 10 A, two orange segments.",
            steps=(_fault(SimFault.METER_LOST), _repair(SimFault.METER_LOST, wait_s=40.0)),
            needs=("fault_meter_lost",),
        ),
        Scene(
            key="unknown_card",
            title="Unknown card",
            text="A card that is in no list is presented, and refused.",
            steps=(_card(UNKNOWN_UID, "Present an unknown card"),),
            needs=("card",),
        ),
        Scene(
            key="water",
            title="Water in the plug",
            text="A residual current for 5 s: fault 8005, and the box tries again by itself.",
            steps=(_fault(SimFault.RCM_AC), _repair(SimFault.RCM_AC, wait_s=5.0)),
            needs=("fault_rcm_ac",),
        ),
        Scene(
            key="no_vehicle",
            title="Not a vehicle",
            text="Something else is plugged in, without a vehicle's diode: fault 5.",
            steps=(_fault(SimFault.NO_DIODE), _PLUG, pay, _READY),
            needs=("plug",),
        ),
        Scene(
            key="teach",
            title="Teach a card",
            text="Master card, new card, master card again, each within 5 s.",
            steps=(
                _card(master, "Present the master card"),
                _card(UNKNOWN_UID, "Present the new card", wait_s=2.0),
                _card(master, "Present the master card again", wait_s=2.0),
            ),
            needs=("plug", "card"),
            needs_words="Cards are taught while no vehicle is plugged in and no card has been "
            "accepted.",
        ),
        Scene(
            key="well",
            title="All well again",
            text="Every fault is repaired, the mains are on, the house is quiet.",
            steps=(
                *(_repair(fault) for fault in SimFault),
                _mains(True),
                _step(
                    INPUT,
                    "Close the contact at the external input",
                    ExternalContact(position=ContactPosition.CLOSED),
                    key="input_closed",
                ),
                _QUIET,
            ),
            done_words="All is well.",
        ),
    )
