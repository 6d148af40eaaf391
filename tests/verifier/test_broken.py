"""A wrong node or a wrong world is caught: each test changes one thing in the running graph."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nodes.led.node
import nodes.load_manager.node
import nodes.pilot.node
import nodes.plant.model
import nodes.safety.coil_sim
import nodes.safety.node
import nodes.session.node
import nodes.session.running
from msgs.methods import END_SESSION, FAULT, HOUSE, PLUG, PULL, READY, UNPLUG
from msgs.plant import FaultName, HouseLoad, SimFault
from msgs.requests import NoArguments, ReasonArguments
from msgs.safety import SafetyPhase
from nodes.plant import contactor
from nodes.plant.readings import signals_of
from nodes.safety import machine as safety_machine
from nodes.session.records import SessionStore
from tests.closing import closed_at_end
from tests.verifier.scene import Scene, but, step_then
from verifier.box import SimulatedBox
from verifier.disturbances import Disturbance, WorldFault
from verifier.invariants import Broken

Patch = pytest.MonkeyPatch

RETRIED = 5  # a seed with a short disturbance in the charge after the first visit


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_whole_graph_breaks_nothing(scene: Scene) -> None:
    scene.charge()
    scene.graph.act(UNPLUG, NoArguments())
    scene.graph.advance(5.0)
    scene.charge()
    scene.graph.act(PULL, NoArguments())
    scene.graph.advance(5.0)
    assert scene.broken == []


def test_a_safety_that_does_not_open_is_caught(scene: Scene, monkeypatch: Patch) -> None:
    scene.charge()
    step_then(nodes.safety.node, monkeypatch, lambda *seen: but(seen[2], enable=True))
    scene.graph.act(PULL, NoArguments())
    scene.graph.advance(1.0)
    assert {"vehicle", "latched"} <= scene.names()


@pytest.mark.parametrize(
    ("fault", "name"), [("no_diode", "diode"), ("pe_open", "earth"), ("rcm_dc", "residual")]
)
def test_a_safety_that_ignores_a_fault_is_caught(
    scene: Scene, monkeypatch: Patch, fault: str, name: str
) -> None:
    scene.charge()
    step_then(
        nodes.safety.node, monkeypatch, lambda *seen: but(seen[2], enable=True, feeds_watchdog=True)
    )
    scene.graph.memory.suspend("pilot")  # else it would go to X1
    scene.graph.act(FAULT, FaultName(name=SimFault(fault)))
    scene.graph.advance(0.5)
    assert name in scene.names()


def test_a_safety_that_ignores_heat_is_caught(scene: Scene, monkeypatch: Patch) -> None:
    scene.charge()
    step_then(
        nodes.safety.node, monkeypatch, lambda *seen: but(seen[2], enable=True, feeds_watchdog=True)
    )
    scene.graph.act(FAULT, FaultName(name=SimFault.HOT))
    scene.graph.advance(60.0)
    assert "heat" in scene.names()


@pytest.mark.parametrize(
    ("topic", "after_s", "name"),
    [
        ("sim/signals", 0.2, "sensors"),
        ("pilot/status", 1.2, "pilot_node"),
        ("session/status", 9.2, "permission"),
        ("meter/box", 11.2, "permission"),
    ],
)
def test_a_safety_that_ignores_silence_is_caught(
    scene: Scene, monkeypatch: Patch, topic: str, after_s: float, name: str
) -> None:
    scene.charge()
    step_then(
        nodes.safety.node, monkeypatch, lambda *seen: but(seen[2], enable=True, feeds_watchdog=True)
    )
    scene.graph.memory.lose(lambda writer, lost, reader: lost == topic and reader == "safety")
    scene.graph.advance(after_s)
    assert name in scene.names()


def test_a_safety_that_stays_closed_without_permission_is_caught(
    scene: Scene, monkeypatch: Patch
) -> None:
    scene.charge()
    step_then(
        nodes.safety.node, monkeypatch, lambda *seen: but(seen[2], enable=True, feeds_watchdog=True)
    )
    scene.graph.send(END_SESSION, ReasonArguments(reason="test"))
    scene.graph.advance(8.0)
    assert {"unloaded", "permission"} & scene.names()


def test_a_safety_that_closes_without_a_self_test_is_caught(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    def step(config: Any, state: Any, inputs: Any) -> tuple[Any, Any]:
        if state.phase is SafetyPhase.SELF_TEST:
            testing = but(state.testing, is_passed=True, test=None)
            state = but(state, phase=SafetyPhase.READY, testing=testing)
        return safety_machine.step(config, state, inputs)

    monkeypatch.setattr(nodes.safety.node, "step", step)
    scene = Scene(tmp_path)
    scene.charge()
    assert "self_test" in scene.names()


def test_a_world_whose_watchdog_does_not_drop_the_coil_is_caught(
    scene: Scene, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(nodes.plant.model, "WATCHDOG_S", 1000.0)
    scene.charge()
    scene.graph.kill("safety")
    scene.observer.note_stopped("safety")
    scene.graph.advance(2.0)
    assert scene.names() == {"watchdog"}


def test_welded_contacts_that_no_sensor_shows_are_caught(scene: Scene, monkeypatch: Patch) -> None:
    def lie(world: Any) -> Any:
        """Let mirror contact and load voltage follow the coil, not the poles."""
        is_open = not world.contactor.coil
        return but(signals_of(world), mirror_closed=is_open, load_voltage=not is_open)

    monkeypatch.setattr("nodes.plant.node.signals_of", lie)
    scene.charge()
    scene.graph.act(FAULT, FaultName(name=SimFault.WELD))
    scene.graph.act(UNPLUG, NoArguments())
    scene.graph.advance(8.0)
    assert {"truth", "weld"} <= scene.names()


def test_poles_that_stay_closed_without_a_cause_are_caught(
    scene: Scene, monkeypatch: Patch
) -> None:
    scene.charge()
    real = contactor.settle

    def settle(before: Any, now_s: float, **lines: bool) -> Any:
        return real(before, now_s, **{**lines, "welded": True})

    monkeypatch.setattr(contactor, "settle", settle)
    scene.graph.act(PULL, NoArguments())
    scene.graph.advance(1.0)
    assert "contacts" in scene.names()


def test_a_safety_that_closes_with_its_own_latched_fault_is_caught(
    scene: Scene, monkeypatch: Patch
) -> None:
    scene.charge()
    step_then(
        nodes.safety.node, monkeypatch, lambda *seen: but(seen[2], enable=True, feeds_watchdog=True)
    )
    scene.graph.act(FAULT, FaultName(name=SimFault.PE_OPEN))
    scene.graph.advance(1.0)
    assert "latched" in scene.names()


def test_a_pilot_that_offers_too_much_is_caught(tmp_path: Path, monkeypatch: Patch) -> None:
    def more(state: Any, inputs: Any, outputs: Any) -> Any:
        duty = outputs.duty_percent
        if duty is None or not 10.0 <= duty <= 80.0:
            return outputs
        return but(outputs, duty_percent=duty + 0.2)

    step_then(nodes.pilot.node, monkeypatch, more)
    scene = Scene(tmp_path)
    scene.charge()
    assert scene.names() == {"offer", "dip"}


def test_a_load_manager_that_overloads_the_house_is_caught(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    def more(state: Any, inputs: Any, outputs: Any) -> Any:
        if outputs.offer is None:
            return outputs
        return but(outputs, offer=but(outputs.offer, limit_a=32.0))

    step_then(nodes.load_manager.node, monkeypatch, more)
    scene = Scene(tmp_path)
    scene.charge()
    scene.graph.act(HOUSE, HouseLoad(current_a=(20.0, 0.0, 0.0)))
    scene.graph.advance(25.0)
    assert scene.names() == {"fuse"}


def test_a_restart_that_interrupts_the_charge_is_caught(scene: Scene, monkeypatch: Patch) -> None:
    def refuse_first(state: Any, inputs: Any, outputs: Any) -> Any:
        if outputs.status is None or inputs.now_s > until_s:
            return outputs
        return but(outputs, status=but(outputs.status, permitted=False))

    until_s = 0.0
    step_then(nodes.session.node, monkeypatch, refuse_first)
    scene.charge()
    scene.graph.advance(20.0)
    assert scene.observer.note_disturbance(True, harmless_s=10.0)
    until_s = scene.graph.now_s + 3.0
    scene.graph.restart("session")
    scene.graph.advance(10.0)
    assert scene.names() == {"undisturbed"}


def change_the_vehicle_while_session_is_away(scene: Scene) -> set[str]:
    scene.charge()
    scene.graph.kill("session")
    scene.graph.act(PULL, NoArguments())
    scene.graph.advance(1.0)
    scene.graph.act(PLUG, NoArguments())
    scene.graph.advance(1.0)
    scene.graph.start("session")
    scene.graph.advance(30.0)
    return scene.names()


def test_a_session_that_goes_on_with_another_vehicle_is_caught(
    scene: Scene, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(nodes.session.running, "unplug", lambda state, inputs, unplugged: state)
    assert change_the_vehicle_while_session_is_away(scene) == {"one_plug"}


def test_another_vehicle_gets_a_session_of_its_own(scene: Scene) -> None:
    assert change_the_vehicle_while_session_is_away(scene) == set()


def run(tmp_path: Path, visits: int = 1, seed: int = 3) -> set[str]:
    box = closed_at_end(SimulatedBox(seed, tmp_path))
    box.run(visits)
    return {violation.invariant for violation in box.violations}


def test_a_session_that_never_permits_is_caught(tmp_path: Path, monkeypatch: Patch) -> None:
    def never(state: Any, inputs: Any, outputs: Any) -> Any:
        if outputs.status is None:
            return outputs
        status = but(outputs.status, permitted=False)
        return but(outputs, status=status)

    step_then(nodes.session.node, monkeypatch, never)
    assert run(tmp_path) == {"alive"}


@pytest.mark.parametrize(("delays_s", "names"), [((1.0,) * 5, set()), ((1e6,) * 5, {"retried"})])
def test_a_safety_that_never_tries_again_is_caught(
    tmp_path: Path, monkeypatch: Patch, delays_s: tuple[float, ...], names: set[str]
) -> None:
    glitch = Disturbance(
        cause=WorldFault(name=SimFault.RCM_DC), in_charge=False, after_s=0.0, lasts_s=0.2
    )
    monkeypatch.setattr("verifier.box.random_glitch", lambda chance: glitch)
    monkeypatch.setattr("nodes.safety.faults.RETRY_DELAYS_S", delays_s)
    assert run(tmp_path, seed=RETRIED) == names


def saving(patch: Patch, change: Callable[[Any], Any]) -> None:
    """Change what the session store keeps; None: it keeps nothing."""
    real = SessionStore.save

    def save(store: SessionStore, entry: Any) -> None:
        entry = change(entry)
        if entry is not None:
            real(store, entry)

    patch.setattr(SessionStore, "save", save)


def with_record(entry: Any, **fields: Any) -> Any:
    return but(entry, record=but(entry.record, **fields))


def test_energy_that_did_not_flow_is_caught(tmp_path: Path, monkeypatch: Patch) -> None:
    saving(monkeypatch, lambda entry: with_record(entry, energy_wh=entry.record.energy_wh + 0.1))
    assert run(tmp_path) == {"energy"}


def test_energy_that_is_forgotten_is_caught(tmp_path: Path, monkeypatch: Patch) -> None:
    saving(monkeypatch, lambda entry: with_record(entry, energy_wh=entry.record.energy_wh * 0.99))
    assert run(tmp_path) == {"energy"}


def test_a_session_that_is_not_stored_is_caught(tmp_path: Path, monkeypatch: Patch) -> None:
    saving(monkeypatch, lambda entry: None)
    assert run(tmp_path) == {"stored_once"}


def test_a_session_without_an_end_is_caught(tmp_path: Path, monkeypatch: Patch) -> None:
    saving(monkeypatch, lambda entry: entry if not entry.record.ended_utc_ns else None)
    assert "ended" in run(tmp_path)


def test_a_node_that_fails_is_caught(tmp_path: Path, monkeypatch: Patch) -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError("broken on purpose")

    monkeypatch.setattr(nodes.load_manager.node, "step", fail)
    assert "no_crash" in run(tmp_path)


def test_a_fault_that_is_latched_without_a_cause_is_caught(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(
        "nodes.plant.node.signals_of", lambda world: but(signals_of(world), earth_ohm=900.0)
    )
    assert run(tmp_path) == {"no_false_fault", "alive"}


def test_a_fault_without_a_cause_is_caught(scene: Scene, monkeypatch: Patch) -> None:
    monkeypatch.setattr("nodes.safety.selftest.answers_until_s", lambda test: 0.0)
    scene.graph.act(PLUG, NoArguments())
    scene.graph.advance(0.5)
    assert scene.observer.seen.safety.status is not None
    assert scene.observer.seen.safety.status.phase is SafetyPhase.SELF_TEST
    scene.graph.act(PULL, NoArguments())
    scene.graph.advance(1.0)
    assert scene.broken == [
        Broken("no_false_fault", "8005: the plug was pulled during the self-test")
    ]


def test_a_trip_that_is_not_published_is_caught(scene: Scene, monkeypatch: Patch) -> None:
    def silent(state: Any, inputs: Any, outputs: Any) -> Any:
        if outputs.status is None:
            return outputs
        return but(outputs, status=but(outputs.status, faults=(), records=()))

    scene.charge()
    step_then(nodes.safety.node, monkeypatch, silent)
    scene.graph.act(FAULT, FaultName(name=SimFault.RCM_DC))
    scene.graph.advance(1.0)
    assert scene.names() == {"trip"}


def test_a_graph_that_stops_with_a_closed_contactor_is_caught(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    box = closed_at_end(SimulatedBox(3, tmp_path))
    box.graph.act(PLUG, NoArguments())
    box.graph.act(READY, NoArguments())
    box.graph.advance(15.0)
    step_then(
        nodes.safety.node,
        monkeypatch,
        lambda *seen: but(
            seen[2], enable=True, feeds_watchdog=True, is_finished=seen[1].stop is not None
        ),
    )
    monkeypatch.setattr(nodes.safety.coil_sim.SimCoil, "shutdown", lambda coil: None)
    box.run(0)
    assert "stopped_open" in {violation.invariant for violation in box.violations}


def test_a_session_that_needs_no_card_where_one_is_required_is_caught(tmp_path: Path) -> None:
    scene = Scene(tmp_path, needs_card=True)
    scene.charge()
    assert scene.names() == {"card", "carded"}
    details = " ".join(broken.detail for broken in scene.broken)
    assert "authorises without a card" in details
    assert "begins inf s after its card" in details
