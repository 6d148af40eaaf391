"""The command line against one real node, both in this process.

`tests/system/test_cli.py` shows the same of processes.
"""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bus.place import Place
from bus.run import open_node
from cli.main import main
from msgs.method import TOOLS, Method
from msgs.methods import METHODS
from msgs.pilot import CpState, PilotStatus
from msgs.requests import NoArguments, StopReason
from msgs.topics import NODES, PILOT_STATUS, TOPICS
from tests.builders import pilot_status

PATIENCE_S = 60.0

# What a node of a package of the user's own may serve: methods that are not in the table.
SUM = Method(
    name="sum",
    server="pilot",
    arguments=NoArguments,
    result=dict[str, bool],
    callers=(TOOLS,),
    text="",
)
NO = replace(SUM, name="no")
WRONG = replace(SUM, name="wrong")

Invoke = Callable[..., Result]


def wallbox(*words: str) -> Result:
    return CliRunner().invoke(main, words, prog_name="wallbox")


def _run_pilot(place: Place, started: threading.Event, end: threading.Event) -> None:
    """Publish pilot/status every 10 ms: B, and C in every tenth."""
    bus = open_node("pilot", place)
    count = 0

    def tick() -> None:
        nonlocal count
        count += 1
        state = CpState.C if count % 10 == 0 else CpState.B
        status = pilot_status(state, high_v=9.0 + count, low_v=-12.0)
        bus.publish(PILOT_STATUS, status)
        if end.is_set():
            bus.stop(StopReason.SHUTDOWN)

    bus.every(0.01, tick)
    bus.serve(SUM, lambda call: call.ok({"counted": True}))
    bus.serve(NO, lambda call: call.refuse("not on a Sunday"))
    bus.serve(WRONG, lambda call: call.refuse("no", {"a.b": "expected 1", "c": "expected 2"}))
    bus.ready()
    started.set()
    while not bus.stopped:
        bus.spin(None)
    bus.close()


@pytest.fixture(scope="module")
def run_dir() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="wb-") as home:
        place = Place(run_dir=Path(home), state_dir=Path(home))
        started, end = threading.Event(), threading.Event()
        thread = threading.Thread(target=_run_pilot, args=(place, started, end))
        thread.start()
        assert started.wait(PATIENCE_S)
        yield home
        end.set()
        thread.join(PATIENCE_S)


@pytest.fixture
def invoke(run_dir: str) -> Invoke:
    return lambda *words: wallbox(*words, "--run-dir", run_dir)


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


# --- start -------------------------------------------------------------------------------------


def test_an_unknown_verb_is_answered_with_those_there_are() -> None:
    result = wallbox("launhc")
    assert result.exit_code == 2
    assert "no verb 'launhc'; expected one of launch, " in result.stderr


# --- topics ------------------------------------------------------------------------------------


def test_topics_shows_the_whole_table() -> None:
    table = rows(wallbox("topics", "--json"))
    assert [row["topic"] for row in table] == list(TOPICS)
    assert {row["writer"] for row in table} <= set(NODES)
    assert len(wallbox("topics").stdout.splitlines()) == len(TOPICS) + 1


def test_methods_shows_the_whole_table() -> None:
    table = rows(wallbox("methods", "--json"))
    assert [(row["server"], row["method"]) for row in table] == list(METHODS)
    assert len(wallbox("methods").stdout.splitlines()) == len(METHODS) + 1


# --- sniff -------------------------------------------------------------------------------------


def test_sniff_shows_one_object_a_line_in_the_promised_form(invoke: Invoke) -> None:
    began_s = time.monotonic()
    seen = rows(invoke("sniff", "pilot/status", "--json", "--count", "3"))
    assert [set(row) for row in seen] == [{"topic", "seq", "t", "node", "msg"}] * 3
    first = seen[0]
    assert (first["topic"], first["node"]) == ("pilot/status", "pilot")
    assert set(first["msg"]) == set(PilotStatus.__struct_fields__)
    assert [row["seq"] for row in seen] == [first["seq"] + i for i in range(3)]
    at_s = [row["t"] for row in seen]
    assert began_s <= at_s[0] < at_s[1] < at_s[2] <= time.monotonic()


def test_sniff_without_a_topic_shows_all(invoke: Invoke) -> None:
    topics = {row["topic"] for row in rows(invoke("sniff", "--json", "--count", "150"))}
    assert topics == {"pilot/status", "pilot/heartbeat"}


def test_sniff_shows_what_fulfils_its_condition(invoke: Invoke) -> None:
    result = invoke("sniff", "pilot/status", "--json", "--count", "2", "--where", "cp_state == C")
    assert {row["msg"]["cp_state"] for row in rows(result)} == {"C"}


def test_sniff_shows_chosen_fields(invoke: Invoke) -> None:
    result = invoke("sniff", "pilot/status", "--count", "1", "--fields", "cp_state,none")
    words = result.stdout.split()
    assert words[1] == "pilot/status"
    assert words[3:] in (["cp_state=B", "none=null"], ["cp_state=C", "none=null"])


def test_sniff_counts_rate_bytes_and_delay(invoke: Invoke) -> None:
    words = ("--hz", "--bandwidth", "--delay", "--json", "--seconds", "1")
    (row,) = rows(invoke("sniff", "pilot/status", *words))
    assert 0 < row["hz"] < 110
    assert row["bytes_per_s"] > row["hz"] * 60
    assert 0 < row["delay_p50_ms"] <= row["delay_p99_ms"] <= row["delay_max_ms"]
    assert row["gaps"] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--where", "cp_state = C"), "^ expected one of == != < <= > >="),
        (("--fields", "cp_state,"), "^ expected a field"),
        (("--hz", "--count", "1"), "cannot be combined with"),
        (("pilot/statu",), 'did you mean "pilot/status"?'),
    ],
)
def test_a_wrong_question_is_exit_code_2(invoke: Invoke, words: tuple[str, ...], said: str) -> None:
    result = invoke("sniff", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


# --- call --------------------------------------------------------------------------------------


def test_a_call_prints_the_result_as_json(invoke: Invoke) -> None:
    assert rows(invoke("call", "pilot", "sum")) == [{"counted": True}]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("pilot", "no"), 1, "pilot no: refused: not on a Sunday\n"),
        (("pilot", "stop", '{"reason": "shutdown"}'), 1, "pilot stop: refused: tool-"),
        (("pilot", "sum", '{"x": 1}'), 1, "pilot sum: bad_arguments: "),
        (("pilot", "none"), 1, "pilot none: bad_arguments: pilot has no method 'none'; it has "),
        (("led", "sum", "--timeout", "0.1"), 1, "led sum: timeout: "),
        (("pilot", "sum", "{"), 2, "arguments: not JSON: "),
        (("pilot", "sum", "[1]"), 2, "arguments: expected a JSON object, got [1]"),
        (("pilot", "sum", '{"x": 99999999999999999999}'), 2, "arguments: cannot be sent: "),
        (("pilot", "sum", '{"x": "\\ud800"}'), 2, "arguments: cannot be sent: "),
        (("pilot", "sum", "[" * 100_000), 2, "arguments: not JSON: "),
        (("*", "methods"), 2, "node: expected the name of a node"),
    ],
)
def test_a_call_that_is_not_done_says_why(
    invoke: Invoke, words: tuple[str, ...], code: int, said: str
) -> None:
    result = invoke("call", *words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith(said)
    assert len(result.stderr.splitlines()) == 1


def test_a_refusal_shows_its_problems_by_key(invoke: Invoke) -> None:
    result = invoke("call", "pilot", "wrong")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "pilot wrong: refused\n  a.b: expected 1\n  c: expected 2\n"


@pytest.mark.parametrize("timeout", ["0", "-1", "nan", "inf", "1e12"])
def test_a_time_out_that_no_clock_can_keep_is_refused(invoke: Invoke, timeout: str) -> None:
    result = invoke("call", "pilot", "sum", "--timeout", timeout)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "expected more than 0 and at most 3600 s" in result.stderr
