"""A launch that cannot be: one line that says why, a failing exit code, and nothing left behind."""

import socket
import subprocess
from pathlib import Path

import pytest

import launch
from tests.system.box import NO_CARD, Box

pytestmark = pytest.mark.system

SIMULATION = Path(launch.__file__).parent / "simulation.toml"


def refused(box: Box, *settings: str, plan: Path | None = None) -> str:
    """Launch in vain; return the one line that it says."""
    process = subprocess.Popen(
        box.command(*settings, plan=plan),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    box.process = process  # whose session is looked at when the box ends
    out, err = process.communicate(timeout=20)
    stderr = err.decode()
    assert (process.returncode, out) == (1, b"")
    assert "Traceback" not in stderr
    assert box.processes() == []
    lines = stderr.splitlines()
    assert len(lines) == 1, stderr
    return lines[0]


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        # of the plan, of what a node is loaded with, of a node that starts, of its device
        (
            "load_manager.main_fuse_a=126",
            "--set: load_manager.main_fuse_a: expected a current from 6 to 125 A or null; got 126",
        ),
        ("safety.limit_a=16", "--set: safety.limit_a: unknown key"),
        (
            "plant.house_trace=/none.csv",
            "--set: plant.house_trace: '/none.csv' cannot be played: No such file or directory",
        ),
        ("plant.house_host=192.0.2.1", "--set: plant.house_host: TCP port "),
    ],
)
def test_a_wrong_setting_is_one_line(own_box: Box, setting: str, line: str) -> None:
    assert refused(own_box, setting).startswith(line)


def test_a_wrong_key_in_a_launch_file_is_one_line_with_its_place(own_box: Box) -> None:
    plan = own_box.home / "plan.toml"
    plan.write_text(f'include = "{SIMULATION}"\n\n[nodes.led]\nmodul = "nodes.led"\n')
    assert refused(own_box, plan=plan).startswith(f"{plan}: nodes.led.modul: unknown key")


def test_a_port_in_use_is_named(own_box: Box) -> None:
    with socket.create_server(("127.0.0.1", own_box.port)):
        line = refused(own_box)
    assert f": plant.house_port: TCP port {own_box.port} on 127.0.0.1 is in use" in line
    own_box.launch(NO_CARD)  # and once it is free, the graph starts


def test_a_state_directory_that_cannot_be_written_is_named(own_box: Box) -> None:
    own_box.place.state_dir.write_text("a file, where a directory is expected")
    line = refused(own_box)
    assert line.startswith(f"state directory {own_box.place.state_dir}: ")
    assert "--state-dir" in line


def test_a_second_launch_on_the_same_run_directory_disturbs_nothing(own_box: Box) -> None:
    own_box.launch(NO_CARD)
    first = own_box.process
    before = own_box.nodes()
    line = refused(own_box)
    own_box.process = first
    assert line.startswith(f"launch runs already on {own_box.place.run_dir}: process ")
    assert own_box.nodes() == before
