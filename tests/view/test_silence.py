"""Silent sources as text, and which are expected."""

import re
from dataclasses import replace

import msgspec
import pytest

from msgs.launch import Process, ProcessState
from tests.builders import dcs_status, rfid_status
from tests.view.charge import NOW_S, but, charging, graph, silent
from tests.view.snapshot import said
from view.silence import NodeTrouble, age, missed, silence, trouble_words, troubles
from view.snapshot import Snapshot


def missed_nodes(snapshot: Snapshot) -> list[str]:
    return [source.node for source in missed(snapshot)]


def test_a_source_that_is_heard_is_not_silent() -> None:
    snapshot = charging()
    assert silence(snapshot, snapshot.session) == ""
    assert missed_nodes(snapshot) == []
    assert troubles(snapshot) == ()


@pytest.mark.parametrize(
    ("snapshot", "words"),
    [
        (silent("front"), "no message from led for 12 s"),
        (replace(charging(), front=said("front")), "no message from led yet"),
        (
            replace(silent("front"), graph=said("graph", graph(led=ProcessState.BACKOFF))),
            "no message from led for 12 s: it ended by itself, and is started again",
        ),
        (silent("front", "graph"), "no message from led for 12 s"),
    ],
)
def test_silence_is_shown_with_its_age_and_the_state_of_the_node(
    snapshot: Snapshot, words: str
) -> None:
    assert silence(snapshot, snapshot.front) == words


def test_a_node_of_several_things_is_silent_about_one() -> None:
    snapshot = silent("house")
    assert silence(snapshot, snapshot.house) == "no message from meter about the house for 12 s"


def test_a_node_that_the_graph_has_not_is_no_part_of_it() -> None:
    snapshot = charging()
    assert silence(snapshot, snapshot.rfid) == "rfid is not part of this graph"


def test_no_source_is_missed_before_its_hold_has_passed() -> None:
    quiet = replace(charging(), session=said("session"), safety=said("safety"), graph=said("graph"))
    for listened_s, nodes in (
        (0.5, []),
        (2.0, ["safety"]),
        (4.0, ["session", "safety", "launch"]),
    ):
        assert missed_nodes(replace(quiet, began_s=NOW_S - listened_s)) == nodes


def test_only_nodes_of_the_graph_are_missed() -> None:
    assert missed_nodes(charging()) == []  # neither rfid nor dcs
    planned = but("graph", processes=graph(rfid=ProcessState.READY).processes)
    assert missed_nodes(planned) == ["rfid"]
    rfid = rfid_status()
    assert missed_nodes(replace(planned, rfid=said("rfid", rfid))) == []


@pytest.mark.req("DCS-8")
def test_dcs_is_missed_only_once_it_has_been_heard() -> None:
    snapshot = replace(charging(), graph=said("graph", graph(dcs=ProcessState.READY)))
    assert "dcs" not in missed_nodes(replace(snapshot, dcs=said("dcs")))
    assert "dcs" in missed_nodes(replace(snapshot, dcs=said("dcs", dcs_status(), age_s=12.0)))


def test_each_node_in_trouble_is_shown_once() -> None:
    snapshot = replace(
        silent("box", "offer"), graph=said("graph", graph(meter=ProcessState.FAILED))
    )
    assert troubles(snapshot) == (
        NodeTrouble(node="meter", words=trouble_words(ProcessState.FAILED), detail="3 in 60 s"),
        NodeTrouble(node="load_manager", words="no message from load_manager for 12 s"),
    )


@pytest.mark.parametrize("state", [each for each in ProcessState if each != ProcessState.READY])
def test_an_error_of_the_system_is_the_detail_of_a_trouble_alone(state: ProcessState) -> None:
    error = "meter: [Errno 13] Permission denied: '/dev/spidev0.0'"
    plan = graph(meter=state)
    processes = tuple(_with(each, error) for each in plan.processes)
    failed = msgspec.structs.replace(plan, processes=processes)
    snapshot = replace(silent("box", "house"), graph=said("graph", failed))
    (trouble,) = troubles(snapshot)
    assert (trouble.node, trouble.detail) == ("meter", error)
    for words in (trouble.words, *(silence(snapshot, each) for each in snapshot.sources)):
        assert not re.search(r"Errno|/|denied", words), words


def _with(process: Process, detail: str) -> Process:
    is_ready = process.state is ProcessState.READY
    return process if is_ready else msgspec.structs.replace(process, detail=detail)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (12.3, "12 s"), (119.0, "119 s"), (180.0, "3 min"), (7200.0, "2 h")],
)
def test_an_age_is_shown_in_s_min_or_h(seconds: float, words: str) -> None:
    assert age(seconds) == words
