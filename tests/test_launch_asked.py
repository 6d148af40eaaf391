"""Who may ask what of launch, and what it answers of the plan."""

from pathlib import Path

import pytest

from bus import Answer, Status
from bus.memory import MemoryGraph
from launch.asked import answer_parameters, may_steer
from launch.plan import load_plan
from msgs.requests import NoArguments

PLAN = """
[nodes.meter]
module = "nodes.meter"
parameters = { house = "tq@127.0.0.1:1502/1", poll_s = 1.0 }

[nodes.led]
module = "nodes.led"

[nodes.web]
module = "nodes.web"
parameters = { port = 8080 }
"""


def asked(tmp_path: Path, caller: str, method: str) -> Answer:
    file = tmp_path / "plan.toml"
    file.write_text(PLAN)
    plan = load_plan(file, ["meter.solar=none"], ports=10)
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    launch = graph.bus("launch")
    launch.serve("parameters", NoArguments, lambda call: answer_parameters(call, plan))
    launch.serve("steer", NoArguments, lambda call: call.ok() if may_steer(call) else None)
    answers: list[Answer] = []
    graph.bus(caller).request("launch", method, None, answers.append)
    graph.advance(0.1)
    (answer,) = answers
    return answer


def test_system_gets_what_the_plan_gives_to_each_node(tmp_path: Path) -> None:
    answer = asked(tmp_path, "system", "parameters")
    assert answer.status is Status.OK
    assert answer.result == {
        "meter": {"house": "tq@127.0.0.1:1512/1", "poll_s": 1.0, "solar": "none"},
        "led": {},
        "web": {"port": 8090},
    }


@pytest.mark.parametrize("caller", ["web", "tool-17", "dcs", "launch2"])
def test_nobody_else_gets_them_for_there_may_be_secrets_among_them(
    tmp_path: Path, caller: str
) -> None:
    answer = asked(tmp_path, caller, "parameters")
    assert (answer.status, answer.result) == (Status.REFUSED, None)
    assert answer.reason == "the plan's parameters are answered to system alone"


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        ("system", Status.OK),
        ("tool-17", Status.OK),
        ("web", Status.REFUSED),
        ("led", Status.REFUSED),
    ],
)
def test_system_and_the_command_line_steer_processes(
    tmp_path: Path, caller: str, status: Status
) -> None:
    assert asked(tmp_path, caller, "steer").status is status
