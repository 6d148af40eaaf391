"""What can be done in the simulated world now, and why not what cannot."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from msgs.led import Color, Effect, Light
from msgs.plant import SimFault, VehicleState, WorldStatus
from tests.builders import charging_session, led_frame, session_status
from tests.web.conftest import LABEL
from web.panel import PanelNow, panel_now, panel_of
from web.world_words import FAULT_WORDS, VEHICLES

WORLD = WorldStatus(
    vehicle=VehicleState.AWAY,
    contacts_closed=(False, False, False),
    coil=False,
    current_a=(0.0, 0.0, 0.0),
    house_a=(9.0, 9.0, 9.0),
    sun_w=0.0,
    mains=True,
    duty_percent=100.0,
    faults=(),
    lights="dark",
    ports={},
)
SESSION = session_status()
WHITE = Light(color=Color.WHITE, effect=Effect.STEADY)


def now(**changes: Any) -> PanelNow:
    session = changes.pop("session", SESSION)
    front = changes.pop("front", led_frame())
    shown = panel_now(replace(WORLD, **changes), session, front, LABEL)
    assert shown is not None
    return shown


@pytest.mark.parametrize(
    ("vehicle", "barred", "done"),
    [
        (VehicleState.AWAY, {"unplug", "pull", "ready", "full"}, {"unplug", "pull"}),
        (VehicleState.PLUGGED, {"plug"}, {"plug"}),
        (VehicleState.READY, {"plug", "ready"}, {"plug", "ready"}),
        (VehicleState.CHARGING, {"plug", "ready"}, {"plug", "ready"}),
        (VehicleState.STOPPING, {"plug", "ready"}, {"plug"}),
        (VehicleState.FULL, {"plug", "full"}, {"plug", "full"}),
    ],
)
def test_only_what_the_vehicle_can_do_is_offered(
    vehicle: VehicleState, barred: set[str], done: set[str]
) -> None:
    acts = {"plug", "unplug", "pull", "ready", "full"}
    shown = now(vehicle=vehicle)
    assert acts & set(shown.reasons) == barred
    assert acts & set(shown.done) == done
    assert all(reason.endswith(".") for reason in shown.reasons.values())


def test_a_dark_touch_key_does_nothing_and_a_lit_one_is_offered() -> None:
    assert now().reasons["touch"] == "The touch key is dark: a press does nothing."
    assert now(front=None).reasons["touch"] == "The touch key is dark: a press does nothing."
    assert "touch" not in now(front=led_frame(touch=WHITE)).reasons


def test_a_card_is_done_once_the_charge_is_authorised() -> None:
    assert "card" not in now(session=None).reasons
    assert "card" in now(session=charging_session()).done
    dead = now(mains=False)
    assert dead.reasons["card"] == "The box has no mains, so it reads no card."
    assert "card" not in dead.done


def test_mains_contact_and_loads_are_done_as_they_are() -> None:
    assert {"power_on", "input_closed"} <= set(now().done)
    other = now(mains=False, external_closed=False, house_a=(2.0, 2.0, 2.0))
    assert {"power_off", "input_open", "house_quiet"} <= set(other.done)
    assert other.reasons["power_off"] == "The mains are off already."
    assert "house_quiet" not in now().done


def test_each_fault_is_made_or_repaired() -> None:
    done = set(now(faults=(SimFault.WELD,)).done)
    assert {key for key in done if key.startswith("fault_")} == {"fault_weld"}
    assert len({key for key in done if key.startswith("clear_")}) == len(SimFault) - 1


def test_a_scene_is_offered_when_its_acts_are_possible() -> None:
    away = now()
    assert "scene_charge_now" not in away.reasons
    assert away.reasons["scene_pull"] == "No vehicle is plugged in."
    there = now(vehicle=VehicleState.CHARGING, session=charging_session())
    assert "scene_pull" not in there.reasons
    assert there.reasons["scene_charge_now"] == "The vehicle asks for energy already."
    assert there.reasons["scene_no_vehicle"] == "A vehicle is plugged in already."
    lost = now(faults=(SimFault.METER_LOST,))
    assert "scene_meter_lost" in lost.reasons
    assert "scene_well" not in lost.reasons
    assert now(house_a=(2.0, 2.0, 2.0)).reasons["scene_well"] == "All is well."


def test_without_an_answer_of_the_world_nothing_is_known() -> None:
    assert panel_now(None, SESSION, led_frame(), LABEL) is None


def test_every_fault_and_vehicle_has_its_text() -> None:
    assert set(FAULT_WORDS) == set(SimFault)
    assert set(VEHICLES) == set(VehicleState)


def test_the_panel_is_sent_as_json() -> None:
    panel = msgspec.json.decode(msgspec.json.encode(panel_of(LABEL)))
    tap = next(
        step
        for scene in panel["scenes"]
        for step in scene["steps"]
        if step["act"] == "tap" and step["key"] == "card"
    )
    assert tap["arguments"]["uid"] == "04A1B2C3D4E581"
