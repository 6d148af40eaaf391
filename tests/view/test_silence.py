"""Who is not heard, in words, and who is missed."""

from dataclasses import replace

import pytest

from msgs.card import CardColor
from msgs.launch import ProcessState
from msgs.rfid import RfidMode, RfidStatus
from tests.view.charge import NOW_S, but, charging, graph, silent
from tests.view.facts import said
from view.facts import Facts
from view.silence import age, missed, silence, troubles


def missed_nodes(facts: Facts) -> list[str]:
    return [source.node for source in missed(facts)]


def test_a_source_that_is_heard_is_not_silent() -> None:
    facts = charging()
    assert silence(facts, facts.session) == ""
    assert missed_nodes(facts) == []
    assert troubles(facts) == ()


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (silent("front"), "no word from led for 12 s"),
        (replace(charging(), front=said("front")), "no word from led yet"),
        (
            replace(silent("front"), graph=said("graph", graph(led=ProcessState.BACKOFF))),
            "no word from led for 12 s: it is backoff, 3 in 60 s",
        ),
        (silent("front", "graph"), "no word from led for 12 s"),
    ],
)
def test_silence_is_told_with_its_age_and_the_state_of_the_node(facts: Facts, words: str) -> None:
    assert silence(facts, facts.front) == words


def test_a_node_of_several_things_is_silent_about_one() -> None:
    facts = silent("house")
    assert silence(facts, facts.house) == "no word from meter about the house for 12 s"


def test_a_node_that_the_graph_has_not_is_no_part_of_it() -> None:
    facts = charging()
    assert silence(facts, facts.rfid) == "rfid is not part of this graph"


def test_nobody_is_missed_before_there_was_time_to_speak() -> None:
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
    rfid = RfidStatus(mode=RfidMode.READY, last_uid="", accepted=None, last_color=CardColor.NONE)
    assert missed_nodes(replace(planned, rfid=said("rfid", rfid))) == []


def test_each_node_in_trouble_is_told_once() -> None:
    facts = replace(silent("box", "offer"), graph=said("graph", graph(meter=ProcessState.FAILED)))
    assert [(each.node, each.words) for each in troubles(facts)] == [
        ("meter", "failed: 3 in 60 s"),
        ("load_manager", "no word from load_manager for 12 s"),
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (12.3, "12 s"), (119.0, "119 s"), (180.0, "3 min"), (7200.0, "2 h")],
)
def test_an_age_is_said_as_a_person_does(seconds: float, words: str) -> None:
    assert age(seconds) == words
