"""The table of methods: complete, served, typed, and the only place that names allowed callers."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any

import pytest

from bus.schema import breaking_changes
from launch.plan_file import load_plan
from launch.virtual import SUPERVISOR, TOOL, VIRTUAL_PLAN, VirtualGraph
from msgs import methods
from msgs.method import ANYBODY, EVERY_NODE, TOOLS, Method
from msgs.methods import (
    ACTS,
    AUTHORIZE,
    ERASE_CARDS,
    LIST_METHODS,
    METHODS,
    RESTART_BOX,
    RESTART_GRAPH,
    RESTART_NODE,
    STOP,
    STOP_GRAPH,
    method_of,
)
from msgs.requests import NoArguments
from msgs.topics import NODES
from tests.closing import closed_at_end
from tests.golden.write import METHOD_ROWS
from tests.golden.write import methods as described

ROOT = Path(__file__).parents[1]
ROWS = {name: row for name, row in vars(methods).items() if isinstance(row, Method)}
TABLE = tuple(METHODS.values())


# --- the rows -----------------------------------------------------------------------------------


def test_every_row_is_in_the_table_once() -> None:
    assert list(ROWS.values()) == list(TABLE)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.server} {row.name}")
def test_a_row_names_nodes_that_there_are(row: Method[Any, Any]) -> None:
    assert row.server in (*NODES, EVERY_NODE)
    assert row.callers
    assert set(row.callers) <= {*NODES, TOOLS, ANYBODY}
    assert len(set(row.callers)) == len(row.callers)
    assert row.timeout_s > 0.0
    assert re.fullmatch(r"[A-Z].*\.", row.text)


def test_a_node_has_its_own_row_before_the_one_of_every_node() -> None:
    assert method_of("launch", "stop") is STOP_GRAPH
    assert method_of("pilot", "stop") == STOP.at("pilot")
    assert method_of("pilot", "authorize") is None
    assert method_of("own_node", "methods") == LIST_METHODS.at("own_node")


@pytest.mark.parametrize(
    ("row", "callers"),
    [
        (STOP, {"launch"}),
        (STOP_GRAPH, {"system", "tool-1"}),
        (RESTART_NODE, {"system", "tool-1"}),
        (RESTART_GRAPH, {"system", "tool-1"}),
        (RESTART_BOX, {"web", "led", "dcs", "tool-1"}),
        pytest.param(AUTHORIZE, {"rfid", "dcs"}, marks=pytest.mark.req("RFID-11")),
        pytest.param(ERASE_CARDS, {"led", "tool-1"}, marks=pytest.mark.req("PAN-3")),
        *((act, {"web", "tool-1"}) for act in ACTS.values()),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_all_other_callers_are_refused(row: Method[Any, Any], callers: set[str]) -> None:
    others = {*NODES, "tool-1", "tool", "mytool-1", "ledger", ""} - callers
    assert {caller for caller in callers if row.refusal(caller)} == set()
    assert {caller for caller in others if not row.refusal(caller)} == set()


# --- who serves them ----------------------------------------------------------------------------


def test_every_node_of_the_virtual_graph_serves_its_rows_and_no_others(tmp_path: Path) -> None:
    graph = closed_at_end(VirtualGraph(load_plan(VIRTUAL_PLAN), seed=1, state_dir=tmp_path))
    graph.start_all()
    for node in set(graph.memory.running) - {SUPERVISOR, TOOL}:
        served = graph.ask(LIST_METHODS.at(node), NoArguments()).result
        assert served is not None
        assert set(served) == {row.name for row in TABLE if row.server in (node, EVERY_NODE)}


@pytest.mark.parametrize(
    ("server", "file"), [("launch", "launch/supervisor.py"), ("web", "nodes/web/node.py")]
)
def test_launch_and_web_serve_their_rows_and_no_others(server: str, file: str) -> None:
    calls = [node for node in _nodes(ROOT / file) if isinstance(node, ast.Call)]
    served = {
        ast.unparse(call.args[0])
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "serve"
    }
    assert served == {name for name, row in ROWS.items() if row.server == server}


# --- who may call stands nowhere else -----------------------------------------------------------


@pytest.mark.parametrize("folder", ["nodes", "launch"])
def test_no_node_decides_by_the_name_of_its_caller(folder: str) -> None:
    """A caller's name goes into a text, or stands in for a reason that was not given."""
    found = [
        f"{file.relative_to(ROOT)}:{child.lineno}"
        for file in sorted((ROOT / folder).rglob("*.py"))
        for parent in _nodes(file)
        for child in ast.iter_child_nodes(parent)
        if isinstance(child, ast.Attribute | ast.Name)
        and (child.attr if isinstance(child, ast.Attribute) else child.id) == "caller"
        and not isinstance(parent, ast.FormattedValue | ast.BoolOp)
        and not _is_text(parent)
    ]
    assert found == []


def _is_text(node: ast.AST) -> bool:
    """Return whether a node calls a function of a file `words.py`, which only makes texts."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="words"))):
            return True
        case _:
            return False


def test_no_node_lists_those_who_may_call_it() -> None:
    """Neither nodes by name, nor tools by how their names begin."""
    found = []
    for file in sorted((ROOT / "nodes").rglob("*.py")):
        for node in _nodes(file):
            match node:
                case ast.Tuple(elts=each) | ast.List(elts=each) | ast.Set(elts=each):
                    names = [one.value for one in each if isinstance(one, ast.Constant)]
                    is_list = len(names) > 1 and set(names) <= set(NODES)
                case ast.Constant(value=str(text)):
                    is_list = text.startswith("tool-")
                case _:
                    is_list = False
            if is_list:
                found.append(f"{file.relative_to(ROOT)}: {ast.unparse(node)}")
    assert found == []


def _nodes(file: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(file.read_text(encoding="utf-8")))


# --- types --------------------------------------------------------------------------------------

WRONG = "  # wrong"
PROGRAM = """
from bus import Answer, Bus, Call
from bus.tool import Tool
from msgs.methods import AUTHORIZE, LIST_CARDS, STOP
from msgs.requests import ReasonArguments, NoArguments, StopArguments, StopReason
from msgs.rfid import CardList
from msgs.session import Action, Authorize, Authorized


def on_cards(answer: Answer[CardList]) -> None:
    assert answer.result is not None
    print(answer.result.cards)
    print(answer.result.action)  # wrong


def on_authorize(call: Call[Authorize, Authorized]) -> None:
    print(call.arguments.token)
    print(call.arguments.reason)  # wrong
    call.ok(Authorized(action=Action.STARTED))
    call.ok(CardList(cards=()))  # wrong
    call.ok(None)  # wrong
    call.ok()  # wrong


def on_because(call: Call[ReasonArguments, Authorized]) -> None:
    print(call.arguments.reason)


def use(bus: Bus, tool: Tool) -> None:
    bus.request(LIST_CARDS, NoArguments(), on_cards)
    bus.request(LIST_CARDS, ReasonArguments(), on_cards)  # wrong
    bus.request(LIST_CARDS, {}, on_cards)  # wrong
    bus.request("cards", NoArguments())  # wrong
    bus.request(AUTHORIZE, Authorize(token="1"), on_cards)  # wrong
    bus.request(STOP.at("pilot"), StopArguments(reason=StopReason.RESTART))
    bus.request(STOP.at("pilot"), ReasonArguments())  # wrong
    bus.serve(AUTHORIZE, on_authorize)
    bus.serve(AUTHORIZE, on_because)  # wrong
    bus.serve(AUTHORIZE, lambda call: call.ok(Authorized(action=Action.STARTED)))
    bus.serve(AUTHORIZE, lambda call: call.ok("started"))  # wrong
    on_cards(tool.call(LIST_CARDS, NoArguments()))
    on_cards(tool.call(AUTHORIZE, Authorize(token="1")))  # wrong
"""


def test_a_wrong_argument_or_result_fails_the_type_checker(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(file)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    reported = {int(number) for number in re.findall(r"program\.py:(\d+): error", run.stdout)}
    lines = enumerate(PROGRAM.splitlines(), 1)
    assert reported == {number for number, line in lines if line.endswith(WRONG)}, run.stdout


# --- the golden file ----------------------------------------------------------------------------


def test_no_method_breaks_a_peer_that_runs() -> None:
    """Compare with the golden file. After an addition: `make golden`."""
    now = described()
    broken = []
    for name, old in json.loads(METHOD_ROWS.read_text()).items():
        if name not in now:
            broken.append(f"{name}: is gone")
            continue
        for part in ("arguments", "result"):
            before, after = old[part], now[name][part]
            if before["type"] != after["type"]:
                broken.append(f"{name} {part}: was {before['type']}, is {after['type']}")
            changes = breaking_changes(before["structs"], after["structs"])
            broken += [f"{name} {part} {change}" for change in changes]
    assert broken == []


def test_the_golden_file_knows_every_method() -> None:
    now = described()
    assert json.loads(METHOD_ROWS.read_text()) == now, "run `make golden` and commit the difference"
    assert len(now) == len(TABLE)
    assert now["rfid erase"]["result"] == {"type": "none", "structs": {}}
    assert NoneType in {row.result for row in TABLE}
