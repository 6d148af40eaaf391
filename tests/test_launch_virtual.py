"""The whole graph of a plan in one process: complete, deterministic, stopped in order."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest

from bus import BusError
from bus.wire import unpack
from launch.loading import ConfigurationError
from launch.plan_file import load_plan
from launch.virtual import SUPERVISOR, TOOL, VIRTUAL_PLAN, ActError, VirtualGraph
from msgs.heartbeat import NodeState
from msgs.methods import CLEAR, FAULT, LIST_SESSIONS, PLUG, PULL, READY, UNPLUG, WORLD
from msgs.plant import FaultName, SimFault, WorldStatus
from msgs.requests import NoArguments
from msgs.session import EndReason, SessionRecord, SessionsArguments, SessionStatus, WallboxState
from msgs.topics import HEARTBEATS
from tests.box import NO_CARD
from tests.closing import closed_at_end


def loaded(state_dir: Path, seed: int = 1) -> VirtualGraph:
    plan = load_plan(VIRTUAL_PLAN, [NO_CARD])
    return closed_at_end(VirtualGraph(plan, seed=seed, state_dir=state_dir))


@pytest.fixture
def graph(tmp_path: Path) -> VirtualGraph:
    graph = loaded(tmp_path)
    graph.start_all()
    return graph


def world(graph: VirtualGraph) -> WorldStatus:
    world = graph.ask(WORLD, NoArguments()).result
    assert world is not None
    return world


def charge(graph: VirtualGraph) -> None:
    graph.act(PLUG, NoArguments())
    graph.act(READY, NoArguments())
    graph.advance(15.0)
    assert world(graph).contacts_closed == (True, True, True)


def test_every_node_of_the_plan_runs(graph: VirtualGraph) -> None:
    assert set(graph.memory.running) == {node.name for node in graph.plan.nodes} | {
        SUPERVISOR,
        TOOL,
    }


def test_a_vehicle_charges_and_the_contactor_is_open_afterwards(graph: VirtualGraph) -> None:
    charge(graph)
    assert min(world(graph).current_a) > 30.0
    graph.act(UNPLUG, NoArguments())
    graph.advance(10.0)
    assert world(graph).contacts_closed == (False, False, False)


def test_an_act_that_cannot_be_done_says_why(graph: VirtualGraph) -> None:
    with pytest.raises(ActError, match="no vehicle is plugged"):
        graph.act(UNPLUG, NoArguments())


def test_a_wrong_plan_is_refused_before_anything_starts(tmp_path: Path) -> None:
    plan = load_plan(VIRTUAL_PLAN, ["plant.dip_a=11"])
    with pytest.raises(ConfigurationError, match=r"--set: plant\.dip_a"):
        VirtualGraph(plan, seed=1, state_dir=tmp_path)


def test_an_unknown_driver_is_named_with_its_place_in_the_plan(tmp_path: Path) -> None:
    plan = load_plan(VIRTUAL_PLAN, ["pilot.driver=nodes.pilot.rpl"])
    with pytest.raises(
        ConfigurationError, match=r"--set: nodes\.pilot\.driver: .*rpl.*cp_line_sim"
    ):
        VirtualGraph(plan, seed=1, state_dir=tmp_path)


@pytest.mark.parametrize("node", ["led", "load_manager", "meter", "pilot", "session"])
def test_a_restart_in_place_leaves_the_contactor_closed(graph: VirtualGraph, node: str) -> None:
    charge(graph)
    happened: list[object] = []
    watch(graph, "sim/event", lambda body: happened.append(body["what"]))
    graph.restart(node)
    graph.advance(20.0)
    assert "contacts_open" not in happened
    assert min(world(graph).current_a) > 30.0


def session_status(graph: VirtualGraph) -> SessionStatus:
    said: list[dict[str, object]] = []
    watch(graph, "session/status", said.append)
    graph.advance(1.1)
    return msgspec.convert(said[-1], SessionStatus)


@pytest.mark.parametrize(
    ("node", "is_suspended"),
    [
        *(("safety", False), ("pilot", True), ("session", False), ("session", True)),
        pytest.param("safety", True, marks=pytest.mark.proof),
        pytest.param("pilot", False, marks=pytest.mark.proof),
    ],
)
def test_a_vehicle_that_comes_while_a_node_is_away_gets_a_session_of_its_own(
    graph: VirtualGraph, node: str, is_suspended: bool
) -> None:
    charge(graph)
    before = session_status(graph).session_id
    if is_suspended:
        graph.memory.suspend(node)
    else:
        graph.kill(node)
    graph.advance(1.2)
    graph.act(PULL, NoArguments())
    graph.advance(1.0)
    graph.act(PLUG, NoArguments())
    graph.act(READY, NoArguments())
    graph.advance(0.5)
    if is_suspended:
        graph.memory.resume(node)
    else:
        graph.start(node)
    graph.advance(30.0)
    after = session_status(graph)
    assert after.session_id != before
    assert after.state is WallboxState.CHARGING


@pytest.mark.parametrize(
    ("nodes", "apart_s"),
    [
        (("safety", "session"), 0.0),
        (("session", "safety"), 0.05),
        (("safety", "session"), 0.5),
        pytest.param(("session", "safety"), 0.0, marks=pytest.mark.proof),
        pytest.param(("safety", "session"), 0.05, marks=pytest.mark.proof),
        pytest.param(("session", "safety"), 0.5, marks=pytest.mark.proof),
    ],
)
def test_two_restarts_in_a_row_leave_the_session_as_it_is(
    graph: VirtualGraph, nodes: tuple[str, str], apart_s: float
) -> None:
    charge(graph)
    before = session_status(graph).session_id
    for node in nodes:
        graph.restart(node)
        graph.advance(apart_s)
    graph.advance(30.0)
    after = session_status(graph)
    assert (after.session_id, after.state) == (before, WallboxState.CHARGING)


@pytest.mark.parametrize("out_s", [0.35, 0.5, 1.0])
def test_a_vehicle_that_is_changed_in_haste_gets_a_session_of_its_own(
    graph: VirtualGraph, out_s: float
) -> None:
    charge(graph)
    before = session_status(graph).session_id
    graph.act(PULL, NoArguments())
    graph.advance(out_s)
    graph.act(PLUG, NoArguments())
    graph.act(READY, NoArguments())
    graph.advance(30.0)
    after = session_status(graph)
    assert after.session_id not in ("", before)


def test_every_graph_is_a_run_of_its_own_and_a_loss_of_power_ends_a_session(
    tmp_path: Path,
) -> None:
    graphs = []
    for _ in range(2):
        graph = loaded(tmp_path)
        graph.start_all()
        graphs.append(graph)
        if len(graphs) == 1:
            charge(graph)
            graph.advance(60.0)
            shown_wh = session_status(graph).energy_wh
            graph.close()  # the power is cut
    graphs[1].kill("session")
    graphs[1].start("session")
    graphs[1].advance(5.0)
    (record,) = session_records(graphs[1])
    assert record.end_reason is EndReason.POWER_LOSS
    assert record.ended_utc_ns > 0
    assert 0.0 < record.energy_wh <= shown_wh


def session_records(graph: VirtualGraph) -> list[SessionRecord]:
    """Return what is stored, the newest first."""
    records = graph.ask(LIST_SESSIONS, SessionsArguments()).result
    assert records is not None
    return list(records)


@pytest.mark.parametrize("is_seated", [True, False])
def test_a_session_resumes_in_the_next_graph_if_its_plug_is_found_seated(
    tmp_path: Path, is_seated: bool
) -> None:
    before = loaded(tmp_path)
    before.start_all()
    charge(before)
    session_id = session_status(before).session_id
    before.close()  # the power is cut
    after = loaded(tmp_path, seed=2)
    after.start("plant")
    if is_seated:
        after.act(PLUG, NoArguments())
        after.act(READY, NoArguments())
    said: list[dict[str, object]] = []
    watch(after, "session/status", said.append)
    after.start_all()
    after.advance(30.0)
    status = session_status(after)
    (record,) = session_records(after)
    assert record.session_id == session_id
    if is_seated:
        assert (status.session_id, status.state) == (session_id, WallboxState.CHARGING)
        assert record.end_reason is None
    else:
        assert (status.session_id, status.state) == ("", WallboxState.IDLE)
        assert record.end_reason is EndReason.POWER_LOSS
        assert not any(body["permitted"] for body in said)


@pytest.mark.req("PAN-5")
def test_a_session_that_a_clean_stop_has_ended_is_not_resumed(tmp_path: Path) -> None:
    before = loaded(tmp_path)
    before.start_all()
    charge(before)
    session_id = session_status(before).session_id
    before.stop()
    after = loaded(tmp_path, seed=2)
    after.start("plant")
    after.act(PLUG, NoArguments())
    after.start_all()
    after.advance(5.0)
    new, old = session_records(after)
    assert (old.session_id, old.end_reason) == (session_id, EndReason.RESTART)
    assert session_status(after).session_id == new.session_id


@pytest.mark.req("ERR-RED")
def test_a_latched_fault_ends_the_session_and_holds_the_plug_in(graph: VirtualGraph) -> None:
    charge(graph)
    graph.act(FAULT, FaultName(name=SimFault.PE_OPEN))
    graph.advance(5.0)
    (record,) = session_records(graph)
    assert record.end_reason is EndReason.FAULT
    assert record.ended_utc_ns > 0
    status = session_status(graph)
    assert (status.state, status.session_id) == (WallboxState.UNRECOVERABLE_ERROR, "")
    graph.act(CLEAR, FaultName(name=SimFault.PE_OPEN))
    graph.restart(
        "safety"
    )  # red may be evaluated again after a restart; the charge is over all the same
    graph.advance(10.0)
    assert not session_status(graph).permitted
    assert len(session_records(graph)) == 1


@pytest.mark.req("ERR-3", "LED-5")
def test_a_box_too_hot_shows_it_and_charges_on_by_itself_once_cooled(graph: VirtualGraph) -> None:
    charge(graph)
    session_id = session_status(graph).session_id
    captions: list[object] = []
    watch(graph, "led/frame", lambda body: captions.append(body["caption"]))
    graph.act(FAULT, FaultName(name=SimFault.HOT))
    graph.advance(60.0)
    assert session_status(graph).state is WallboxState.RECOVER_FROM_ERROR
    graph.act(CLEAR, FaultName(name=SimFault.HOT))
    graph.advance(120.0)
    status = session_status(graph)
    assert (status.session_id, status.state) == (session_id, WallboxState.CHARGING)
    assert list(dict.fromkeys(captions))[:3] == ["charging", "fault 3", "too hot: cooling"]
    assert captions[-1] == "charging"
    assert 5 <= captions.count("fault 3") <= 6  # shown for a short time, each second


def test_a_box_whose_sensors_are_stuck_says_that_it_has_an_error(graph: VirtualGraph) -> None:
    charge(graph)
    graph.act(FAULT, FaultName(name=SimFault.SPI_STUCK))
    graph.advance(5.0)
    status = session_status(graph)
    assert status.state is WallboxState.RECOVER_FROM_ERROR
    assert "sensors" in status.reason


def test_a_dead_safety_opens_the_contactor(graph: VirtualGraph) -> None:
    charge(graph)
    graph.kill("safety")
    graph.advance(1.05)
    assert world(graph).contacts_closed == (False, False, False)


def test_a_stop_ends_safety_after_the_others_and_plant_last(graph: VirtualGraph) -> None:
    charge(graph)
    gone: list[str] = []

    def note(node: str, body: dict[str, object]) -> None:
        if body["state"] == NodeState.STOPPED:
            gone.append(node)

    for node in HEARTBEATS:
        watch(graph, f"{node}/heartbeat", partial(note, node))
    graph.stop()
    assert graph.memory.running == (SUPERVISOR, TOOL)
    assert gone[0] == "session"
    assert gone[-2:] == ["safety", "plant"]


def watch(graph: VirtualGraph, topic: str, on_body: Callable[[dict[str, object]], None]) -> None:
    def tap(data: bytes) -> None:
        frame = unpack(data)
        if frame.topic == topic:
            on_body(msgspec.msgpack.decode(frame.body))

    graph.memory.tap(tap)


TRAFFIC = """
import hashlib, sys
from pathlib import Path
from launch.plan_file import load_plan
from launch.virtual import VIRTUAL_PLAN, VirtualGraph
from msgs.methods import CLEAR, FAULT, PLUG, PULL, READY
from msgs.plant import FaultName, SimFault
from msgs.requests import NoArguments

digest = hashlib.sha256()
plan = load_plan(VIRTUAL_PLAN, ["session.authorization=false"])
graph = VirtualGraph(plan, int(sys.argv[1]), Path(sys.argv[2]))
graph.memory.tap(digest.update)
graph.start_all()
graph.act(PLUG, NoArguments())
graph.act(READY, NoArguments())
graph.advance(12.0)
graph.restart("safety")
graph.act(FAULT, FaultName(name=SimFault.RCM_DC))
graph.advance(12.0)
graph.act(CLEAR, FaultName(name=SimFault.RCM_DC))
graph.act(PULL, NoArguments())
graph.advance(3.0)
graph.stop()
print(digest.hexdigest())
"""


def traffic(seed: int, state_dir: Path, hash_seed: str) -> str:
    """Return the digest of all bytes of a run, in a process with its own order of hashing."""
    return subprocess.run(
        [sys.executable, "-c", TRAFFIC, str(seed), str(state_dir)],
        env={"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
        text=True,
    ).stdout


def test_the_same_seed_is_the_same_traffic_to_the_byte(tmp_path: Path) -> None:
    first = traffic(7, tmp_path / "a", hash_seed="1")
    assert traffic(7, tmp_path / "b", hash_seed="2") == first
    assert traffic(8, tmp_path / "c", hash_seed="1") != first


def test_a_closed_graph_answers_that_it_is_closed(tmp_path: Path) -> None:
    graph = VirtualGraph(load_plan(VIRTUAL_PLAN), 1, tmp_path)
    graph.start_all()
    graph.close()
    with pytest.raises(BusError, match="the graph is closed"):
        graph.act(PLUG, NoArguments())
