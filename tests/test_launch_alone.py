"""A process without a bus: in the plan, in memory, and when it cannot begin."""

import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from launch import child, process_messages
from launch.loading import ConfigurationError, load_node
from launch.plan import Plan
from launch.plan_file import load_plan
from launch.process_messages import Checked, Failed, Go, Order, Ready
from launch.virtual import VirtualGraph

PLAN = '[nodes.portal]\nmodule = "portal"\nbus = false\n[nodes.portal.parameters]\nport = 8180\n'


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    file = tmp_path / "alone.toml"
    file.write_text(PLAN)
    return load_plan(file, ports=640)


def order(plan: Plan, state_dir: Path) -> Order:
    return Order(
        entry=plan.entry("portal"), run_dir="", state_dir=str(state_dir), peers=(),
        supervisor=0, parent_death=9, cpu=(), nice=0, scheduling="", realtime=False,
    )  # fmt: skip


def run(plan: Plan, state_dir: Path, body: Callable[..., None]) -> tuple[int, list[Any]]:
    """Run the process with a body in place of its own; return its exit code and what it sent."""
    loaded = load_node(plan.entry("portal"))
    object.__setattr__(loaded, "module", SimpleNamespace(run=body))
    own, other = process_messages.pair()
    process_messages.send_message(own, Go())
    code = child.run(order(plan, state_dir), other, loaded)
    other.close()
    sent = list(iter(lambda: process_messages.receive_message(own), None))
    own.close()
    return code, sent


def test_it_gets_its_moved_port_and_the_state_directory(plan: Plan, tmp_path: Path) -> None:
    got: list[Any] = []

    def body(parameters: Any, state_dir: Path, ready: Callable[[], None]) -> None:
        got.extend((parameters.port, state_dir))
        ready()

    code, sent = run(plan, tmp_path, body)
    assert (code, got) == (0, [8820, tmp_path])
    assert sent == [Checked(), Ready(0)]


def test_a_port_in_use_is_an_error_of_the_configuration(plan: Plan, tmp_path: Path) -> None:
    def body(parameters: Any, state_dir: Path, ready: Callable[[], None]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            socket.create_server(taken.getsockname())

    code, (_, failed) = run(plan, tmp_path, body)
    assert code == 78
    assert isinstance(failed, Failed)
    assert failed.why.startswith("portal: ")


def test_an_exception_after_ready_is_a_failure_that_is_retried(plan: Plan, tmp_path: Path) -> None:
    def body(parameters: Any, state_dir: Path, ready: Callable[[], None]) -> None:
        ready()
        raise PermissionError(13, "the disk")

    code, sent = run(plan, tmp_path, body)
    assert code == 1
    assert isinstance(sent[-1], Failed)


def test_it_does_not_run_in_memory(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nodes\.portal: has no bus.*off = true"):
        VirtualGraph(plan, 1, tmp_path)


def test_other_nodes_do_not_connect_to_it() -> None:
    simulation = load_plan(Path(child.__file__).parent / "simulation.toml")
    from launch.supervised import Node

    place: Any = SimpleNamespace(run_dir=Path("r"), state_dir=Path("s"))
    peers = Node(simulation.node("led")).order(simulation, place, "launch").peers
    assert "launch" in peers
    assert "dcs" in peers
    assert "portal" not in peers
