"""A box that does wrong after an interruption is caught, and a sound one breaks nothing.

Each trouble is made in a sound box and in one with a node that is changed.
"""

import math
from pathlib import Path
from typing import Any

import pytest

import nodes.safety.node
import nodes.session.node
from bus.disk import Refusal
from bus.memory import START_UTC_NS
from msgs.methods import CLEAR, FAULT, LIST_SESSIONS, PLUG, PULL, READY, SET_WISH
from msgs.plant import FaultName, SimFault
from msgs.requests import NoArguments, WishArguments
from msgs.safety import FaultCode
from msgs.session import SessionsArguments
from nodes.plant.readings import signals_of
from nodes.session.reasons import Resumption
from nodes.session.records import SessionStore
from tests.closing import closed_at_end
from tests.verifier.scene import CardScene, Scene, but, step_then
from verifier.box import SimulatedBox
from verifier.disturbances import (
    BoxRestart,
    Cause,
    ClockError,
    DiskRefusal,
    Disturbance,
    NodeDeath,
    Outage,
    PowerCut,
    WorldFault,
)
from verifier.rules import UNDISTURBED_S

HOUR_S = 3600.0
LONG_CUT = PowerCut(seconds=5 * HOUR_S, changes_vehicle=True, is_utc_set=True)
UNSET_CUT = PowerCut(seconds=60.0, changes_vehicle=True, is_utc_set=False)
DEAD_SESSION = BoxRestart(is_session_dead=True, changes_vehicle=True)

Patch = pytest.MonkeyPatch


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.fixture
def card_scene(tmp_path: Path) -> CardScene:
    return CardScene(tmp_path)


def disturb(scene: Scene, cause: Cause, lasts_s: float, alone_s: float = 0.0) -> None:
    """Make one disturbance, and end it."""
    disturbance = Disturbance(cause=cause, in_charge=False, after_s=0.0, lasts_s=lasts_s)
    end = scene.injector.begin(disturbance, alone_s)
    scene.graph.advance(lasts_s)
    end()


def go_on_always(patch: Patch) -> None:
    """Let session go on with whatever it has found."""
    for module in ("running", "revival"):
        patch.setattr(f"nodes.session.{module}.resumption", lambda *_: Resumption.ALLOWED)


# --- a meter chip that is frozen -------------------------------------------------------------


@pytest.mark.parametrize("lasts_s", [4.0, 7.0])
def test_a_chip_that_is_frozen_in_a_charge_breaks_nothing(scene: Scene, lasts_s: float) -> None:
    scene.charge()
    disturb(scene, WorldFault(name=SimFault.CHIP_FROZEN), lasts_s)
    assert (scene.observer.seen.coil, scene.broken) == (lasts_s < 5.0, [])


def test_a_chip_that_is_frozen_before_a_charge_breaks_nothing(scene: Scene) -> None:
    scene.graph.act(FAULT, FaultName(name=SimFault.CHIP_FROZEN))
    scene.graph.act(PLUG, NoArguments())
    scene.graph.act(READY, NoArguments())
    scene.graph.advance(12.0)
    scene.graph.act(CLEAR, FaultName(name=SimFault.CHIP_FROZEN))
    scene.graph.advance(6.0)
    assert (scene.observer.seen.coil, scene.broken) == (True, [])


def test_a_safety_that_trusts_a_frozen_chip_is_caught(scene: Scene, monkeypatch: Patch) -> None:
    monkeypatch.setattr("nodes.safety.frozen.FROZEN_S", math.inf)
    scene.charge()
    disturb(scene, WorldFault(name=SimFault.CHIP_FROZEN), 7.0)
    assert scene.names() == {"frozen"}


# --- a short disturbance ---------------------------------------------------------------------

SHORT = [SimFault.PE_OPEN, SimFault.RCM_TEST, SimFault.CP_OPEN, SimFault.NO_DIODE, SimFault.SAG]


@pytest.mark.parametrize("name", SHORT)
def test_a_short_disturbance_latches_nothing(scene: Scene, name: SimFault) -> None:
    scene.charge()
    disturb(scene, WorldFault(name=name), 0.25)
    scene.graph.advance(5.0)
    assert (scene.observer.seen.kept, scene.broken) == (frozenset(), [])


def test_a_safety_that_latches_a_short_disturbance_is_caught(
    scene: Scene, monkeypatch: Patch
) -> None:
    monkeypatch.setattr("nodes.safety.earth.CONFIRMED_S", 0.05)
    scene.charge()
    disturb(scene, WorldFault(name=SimFault.PE_OPEN), 0.5)
    assert scene.names() == {"no_false_fault"}
    assert scene.observer.seen.kept == {FaultCode.RED}


# --- vehicles changed without mains, and restarts --------------------------------------------


@pytest.mark.parametrize(
    ("cause", "lasts_s"),
    [
        (Outage(changes_vehicle=True), 30.0),
        (LONG_CUT, 1.0),
        (UNSET_CUT, 90.0),
        (DEAD_SESSION, 1.0),
        (BoxRestart(is_session_dead=False, changes_vehicle=True), 1.0),
        (BoxRestart(is_session_dead=True, changes_vehicle=False), 1.0),
    ],
)
def test_a_vehicle_that_came_in_an_interruption_breaks_nothing(
    card_scene: CardScene, cause: Cause, lasts_s: float
) -> None:
    card_scene.charge()
    disturb(card_scene, cause, lasts_s)
    card_scene.graph.advance(20.0)
    # Without mains for half a minute, a change is not detected.
    assert card_scene.observer.seen.coil is isinstance(cause, Outage)
    card_scene.graph.act(PULL, NoArguments())
    card_scene.graph.advance(3.0)
    card_scene.charge()
    assert card_scene.broken == []


@pytest.mark.parametrize(
    ("cause", "lasts_s", "names"),
    [
        (LONG_CUT, 30.0, {"resumed"}),
        (UNSET_CUT, 30.0, {"resumed"}),
        (DEAD_SESSION, 60.0, {"resumed", "carded"}),  # the fuse holds it back for 30 s
    ],
)
def test_a_session_that_goes_on_when_it_must_not_is_caught(
    card_scene: CardScene, monkeypatch: Patch, cause: Cause, lasts_s: float, names: set[str]
) -> None:
    go_on_always(monkeypatch)
    card_scene.charge()
    disturb(card_scene, cause, lasts_s)
    assert card_scene.names() == names


def test_a_session_that_goes_on_without_a_card_after_a_restart_is_caught(
    scene: Scene, monkeypatch: Patch
) -> None:
    go_on_always(monkeypatch)
    scene.charge()
    disturb(scene, DEAD_SESSION, 30.0)
    assert scene.names() == {"resumed"}


# --- a disk that refuses ---------------------------------------------------------------------


def not_stored(scene: Scene) -> list[str]:
    """Return what the audit finds in the store."""
    answer = scene.graph.ask(LIST_SESSIONS, SessionsArguments())
    assert answer.result is not None, answer
    scene.observer.audit.take_running("", scene.graph.now_s)
    return [finding.invariant for finding in scene.observer.audit.check(answer.result[::-1])]


@pytest.mark.parametrize("refusal", Refusal)
def test_a_charge_goes_on_while_the_disk_refuses(scene: Scene, refusal: Refusal) -> None:
    scene.charge()
    scene.graph.advance(UNDISTURBED_S)
    disturb(scene, DiskRefusal(refusal=refusal), 10.0, alone_s=20.0)
    scene.graph.advance(10.0)
    assert (scene.injector.counts["harmless"], scene.broken) == (1, [])
    scene.graph.act(PULL, NoArguments())
    scene.graph.advance(3.0)
    assert not_stored(scene) == []


def test_no_card_authorises_while_the_disk_refuses(card_scene: CardScene) -> None:
    scene = card_scene
    scene.injector.begin(
        Disturbance(
            cause=DiskRefusal(refusal=Refusal.ALL), in_charge=False, after_s=0.0, lasts_s=1.0
        ),
        0.0,
    )
    scene.graph.act(PLUG, NoArguments())
    scene.graph.act(READY, NoArguments())
    scene.tap()
    scene.graph.advance(20.0)
    assert (scene.observer.seen.coil, scene.broken, not_stored(scene)) == (False, [], [])


def test_a_session_that_a_card_began_without_a_record_is_caught(
    card_scene: CardScene, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(SessionStore, "save", lambda store, entry: None)
    disturb(card_scene, DiskRefusal(refusal=Refusal.ALL), 1.0)
    card_scene.charge()
    assert not_stored(card_scene) == ["stored_once"]


def test_a_charge_that_its_app_has_paused_need_not_go_on(scene: Scene) -> None:
    scene.charge()
    scene.graph.advance(UNDISTURBED_S)
    scene.graph.ask(SET_WISH, WishArguments(pause=True))
    scene.graph.advance(0.1)
    assert scene.observer.seen.coil
    disturb(scene, DiskRefusal(refusal=Refusal.ALL), 0.1, alone_s=20.0)
    scene.graph.advance(10.0)
    assert (scene.injector.counts["harmless"], scene.observer.seen.coil) == (0, False)
    assert scene.broken == []


def test_settings_that_were_lost_in_a_power_cut_are_known_after_the_loss(
    card_scene: CardScene,
) -> None:
    end = card_scene.graph.memory.lose(lambda writer, topic, reader: topic == "settings")
    disturb(card_scene, PowerCut(seconds=10.0, changes_vehicle=False, is_utc_set=True), 5.0)
    end()
    card_scene.graph.advance(20.0)
    card_scene.charge()
    assert card_scene.broken == []


# --- a clock that is set ---------------------------------------------------------------------


@pytest.mark.parametrize("ahead_s", [-3 * HOUR_S, 3 * HOUR_S, -START_UTC_NS / 1e9])
def test_a_charge_goes_on_when_the_clock_is_set(scene: Scene, ahead_s: float) -> None:
    scene.charge()
    scene.graph.advance(UNDISTURBED_S)
    disturb(scene, ClockError(ahead_s=ahead_s), 10.0, alone_s=20.0)
    scene.graph.advance(10.0)
    assert (scene.injector.counts["harmless"], scene.broken) == (1, [])
    scene.graph.act(PULL, NoArguments())
    scene.graph.advance(3.0)
    assert not_stored(scene) == []
    assert scene.graph.memory.clock.utc_ns() > START_UTC_NS


def test_a_session_that_the_clock_ends_is_caught(scene: Scene, monkeypatch: Patch) -> None:
    def refuse_in_1970(state: Any, inputs: Any, outputs: Any) -> Any:
        if outputs.status is None or inputs.utc_ns > START_UTC_NS:
            return outputs
        return but(outputs, status=but(outputs.status, permitted=False))

    step_then(nodes.session.node, monkeypatch, refuse_in_1970)
    scene.charge()
    scene.graph.advance(UNDISTURBED_S)
    disturb(scene, ClockError(ahead_s=-START_UTC_NS / 1e9), 10.0, alone_s=20.0)
    assert scene.names() == {"undisturbed"}


# --- all red ---------------------------------------------------------------------------------


def make_red(scene: Scene) -> None:
    scene.charge()
    disturb(scene, WorldFault(name=SimFault.PE_OPEN), 3.0)
    assert scene.observer.seen.kept == {FaultCode.RED}


def test_all_red_over_crashes_of_safety_breaks_nothing(scene: Scene) -> None:
    make_red(scene)
    for dead_s in (0.05, 5.0):
        disturb(scene, NodeDeath(node="safety"), dead_s)
        scene.graph.advance(3.0)
    assert scene.observer.seen.kept == {FaultCode.RED}
    scene.injector.restart_box()
    scene.graph.advance(20.0)
    assert (scene.observer.seen.coil, scene.broken) == (True, [])


def test_a_safety_that_forgets_all_red_in_a_crash_is_caught(
    scene: Scene, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(nodes.safety.node, "write_generations_or_spare", lambda *_: None)
    make_red(scene)
    disturb(scene, NodeDeath(node="safety"), 1.0)
    scene.graph.advance(20.0)
    assert scene.names() == {"kept"}


def test_a_latched_fault_that_the_remedy_does_not_clear_is_caught(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    box = closed_at_end(SimulatedBox(3, tmp_path))
    monkeypatch.setattr(
        "nodes.plant.node.signals_of", lambda world: but(signals_of(world), power_on_reset=False)
    )
    box.injector.world(FAULT, FaultName(name=SimFault.MIRROR_DEAD))
    box.graph.advance(3.0)
    box.injector.world(CLEAR, FaultName(name=SimFault.MIRROR_DEAD))
    box.run(1)
    assert {violation.invariant for violation in box.violations} == {"alive"}
    assert box.violations[0].detail.startswith("a latched fault is not cleared")
