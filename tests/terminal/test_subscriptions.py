"""The subscriptions of the front: ages, holds, and when a graph has ended."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.memory import MemoryGraph
from msgs.launch import GraphStatus
from msgs.load_manager import HouseMeter
from msgs.meter import MeterReading
from msgs.requests import StopReason
from msgs.settings import ExternalMeter, Settings, meter_name
from msgs.topics import LAUNCH_GRAPH, LOAD_OFFER, METER_HOUSE, PILOT_STATUS, SETTINGS
from terminal.end_detector import EndDetector
from terminal.looks import every_look
from terminal.subscriptions import Subscriptions
from tests.builders import graph_status, load_offer, meter_reading, node_process, pilot_status
from view.silence import silence

PILOT = pilot_status()
OFFER = load_offer(32.0, house_meter=HouseMeter.ONLINE)


@pytest.fixture
def graph(tmp_path: Path) -> MemoryGraph:
    return MemoryGraph(seed=1, state_dir=tmp_path)


def house(poll_s: float) -> MeterReading:
    return meter_reading(poll_s=poll_s)


def status(*nodes: str) -> GraphStatus:
    return graph_status(*(node_process(node) for node in nodes))


def test_a_snapshot_has_the_age_of_each_source(graph: MemoryGraph) -> None:
    listener = Subscriptions(graph.bus("led"))
    pilot = graph.bus("pilot")
    assert math.isinf(listener.snapshot().pilot.age_s)
    pilot.publish(PILOT_STATUS, PILOT)
    graph.advance(0.5)
    assert listener.snapshot().pilot.fresh == PILOT
    graph.advance(1.0)
    snapshot = listener.snapshot()
    assert snapshot.pilot.fresh is None
    assert silence(snapshot, snapshot.pilot) == "no message from pilot for 2 s"


@pytest.mark.req("MET-3")
@pytest.mark.parametrize(("poll_s", "hold_s"), [(1.0, 10.0), (3.0, 10.0), (20.0, 60.0)])
def test_a_house_reading_holds_for_the_longer_of_three_polls_and_ten_seconds(
    graph: MemoryGraph, poll_s: float, hold_s: float
) -> None:
    listener = Subscriptions(graph.bus("led"))
    graph.bus("meter").publish(METER_HOUSE, house(poll_s))
    graph.advance(hold_s - 0.5)
    assert listener.snapshot().house.fresh is not None
    graph.advance(1.0)
    assert listener.snapshot().house.fresh is None


@pytest.mark.req("MET-2")
def test_a_meter_that_the_settings_do_not_name_is_left_out(graph: MemoryGraph) -> None:
    listener = Subscriptions(graph.bus("led"))
    system, meter = graph.bus("system"), graph.bus("meter")
    named = ExternalMeter(enabled=True, manufacturer="tq", host="10.0.0.6")
    meter.publish(METER_HOUSE, replace(house(1.0), meter=meter_name(named)))
    graph.advance(0.1)
    for setting, is_heard in ((named, True), (ExternalMeter(), False)):
        system.publish(SETTINGS, Settings(house_meter=setting))
        graph.advance(0.1)
        assert (listener.snapshot().house.fresh is not None) is is_heard


def test_all_is_heard_when_each_node_of_the_graph_has_sent(graph: MemoryGraph) -> None:
    listener = Subscriptions(graph.bus("led"))
    launch, pilot = graph.bus("launch"), graph.bus("pilot")
    load_manager, meter = graph.bus("load_manager"), graph.bus("meter")
    steps: tuple[Callable[[], None], ...] = (
        lambda: launch.publish(LAUNCH_GRAPH, status("pilot", "load_manager")),
        lambda: pilot.publish(PILOT_STATUS, PILOT),
        lambda: load_manager.publish(LOAD_OFFER, OFFER),
    )
    for step in steps:
        assert not listener.has_heard_all()
        step()
        graph.advance(0.01)
    assert listener.has_heard_all()
    # With a meter in the graph and monitoring on, the house meter is needed as well.
    launch.publish(LAUNCH_GRAPH, status("pilot", "load_manager", "meter"))
    graph.advance(0.01)
    assert not listener.has_heard_all()
    meter.publish(METER_HOUSE, house(1.0))
    graph.advance(0.01)
    assert not listener.has_heard_all()


def test_looks_come_at_whole_quarters_of_a_second(graph: MemoryGraph) -> None:
    bus, looks = graph.bus("led"), list[float]()
    graph.advance(0.1)
    every_look(bus, lambda: looks.append(round(graph.clock.now_s() % 1.0, 6)))
    graph.advance(1.0)
    assert looks == [0.1, 0.25, 0.5, 0.75, 0.0]


def test_a_graph_whose_last_heartbeat_says_stopped_has_stopped(graph: MemoryGraph) -> None:
    end = EndDetector(graph.bus("led"), lambda: False)
    launch = graph.bus("launch")
    launch.ready()
    graph.advance(10.0)
    assert end.ended() == ""
    launch.stop(StopReason.SHUTDOWN)
    graph.advance(1.0)
    assert end.ended() == ""  # it may restart
    graph.advance(1.5)
    assert end.ended() == "the graph has stopped"


def test_a_restarted_graph_has_not_stopped(graph: MemoryGraph) -> None:
    end = EndDetector(graph.bus("led"), lambda: False)
    graph.bus("launch").stop(StopReason.SHUTDOWN)
    graph.advance(1.0)
    graph.kill("launch")
    graph.bus("launch").ready()
    graph.advance(10.0)
    assert end.ended() == ""


def test_a_silent_graph_has_ended_when_none_of_its_nodes_runs(graph: MemoryGraph) -> None:
    is_running = True
    end = EndDetector(graph.bus("led"), lambda: is_running)
    graph.bus("launch").ready()
    graph.advance(1.0)
    graph.kill("launch")
    graph.advance(10.0)
    assert end.ended() == ""
    is_running = False
    assert end.ended() == ""  # is asked once a second
    graph.advance(1.1)
    assert end.ended() == "the graph has ended without stopping in order"
