"""`wallbox board check`: when it refuses, and which launch file it checks."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

import cli.board
from bus.lock import BusyError, Lock
from cli.common import place_of
from nodes.board import reference
from nodes.board.atm90e32 import U_GAIN
from nodes.board.sole_use import BoardInUseError, SoleUse
from tests.board.check_rig import Rig

NOBODY = 65534


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(tmp_path, monkeypatch)


@pytest.mark.parametrize("node", ["launch", "safety", "of_my_own"])
def test_beside_a_graph_that_runs_it_refuses_and_touches_nothing(rig: Rig, node: str) -> None:
    rig.run_dir.mkdir()
    lock = Lock(rig.run_dir / f"{node}.lock", node)
    done = rig.check()
    lock.release()
    assert done.exit_code == 1
    assert f"wallbox stop --run-dir {rig.run_dir}" in done.text
    assert rig.board.levels == {}
    assert rig.board.pwm == {}


def test_no_graph_can_start_while_the_board_is_checked(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []

    def try_to_launch(prompt: str, to_stderr: bool) -> str:
        try:
            Lock(rig.run_dir / "launch.lock", "launch").release()
        except BusyError as error:
            refused.append(str(error))
        return rig.hands.read_line(prompt, to_stderr)

    monkeypatch.setattr(cli.board, "read_line", try_to_launch)
    rig.check()
    assert len(refused) == len(rig.hands.asked)
    Lock(rig.run_dir / "launch.lock", "launch").release()  # afterwards it can


def test_a_graph_of_another_user_is_found_in_the_usual_run_directories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, own = tmp_path / "service", tmp_path / "own"
    service.mkdir()
    monkeypatch.setattr(cli.board, "COMMON_RUN_DIRS", (str(service),))
    place = place_of(own)
    assert {own, service} <= set(cli.board.run_dirs(place))


@pytest.mark.skipif(os.geteuid() != 0, reason="acts as two users")
@pytest.mark.parametrize(("of_folder", "of_lock"), [(0o700, 0o600), (0o755, 0o600)])
def test_a_run_directory_that_this_user_cannot_read_is_a_refusal(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, of_folder: int, of_lock: int
) -> None:
    """A user of the groups gpio and spi could use the board beside the service."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        rig.plan = Path(folder) / "plan.toml"
        rig.write_plan()
        service = Path(folder) / "service"
        service.mkdir()
        lock = Lock(service / "safety.lock", "safety")
        (service / "safety.lock").chmod(of_lock)
        service.chmod(of_folder)
        monkeypatch.setattr(cli.board, "run_dirs", lambda _: [service])
        said = as_another_user(lambda: rig.check().text)
        lock.release()
    assert f"the run directory {service} cannot be read: Permission denied" in said
    assert "a graph of user root may run there" in said


def test_beside_another_owner_of_the_coil_it_refuses_and_touches_nothing(rig: Rig) -> None:
    """A graph with another run directory and, as another user, a check."""
    with rig.open_tool() as bus:
        bus.on_close(SoleUse(bus, rig.board.make_io()).release)
        done = rig.check()
    assert done.exit_code == 1
    assert "another process uses the board: a running box, or a board check" in done.text
    assert rig.board.levels == {}
    assert rig.check().exit_code == 0  # afterwards it can


def test_the_board_has_no_other_owner_while_it_is_checked(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []

    def try_to_own(prompt: str, to_stderr: bool) -> str:
        with rig.open_tool() as bus:
            try:
                SoleUse(bus, rig.board.make_io()).release()
            except BoardInUseError as error:
                refused.append(str(error))
        return rig.hands.read_line(prompt, to_stderr)

    monkeypatch.setattr(cli.board, "read_line", try_to_own)
    rig.check()
    assert len(refused) == len(rig.hands.asked) > 0


def as_another_user(act: Callable[[], str]) -> str:
    """Return what an act returns in a process of the user nobody."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writer, act().encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        said = file.read().decode()
    os.waitpid(child, 0)
    return said


def test_the_models_of_a_simulated_board_are_refused(rig: Rig) -> None:
    simulation = cli.board.DEFAULT_PLAN.with_name("board_simulation.toml")
    done = rig.words("check", str(simulation), f"--run-dir={rig.run_dir}")
    assert done.exit_code == 1
    assert "models of a simulated board (io = nodes.board.io_model)" in done.output
    assert "expected those of a real one: io = nodes.board.io_raspberry" in done.output


def test_without_a_file_the_launch_file_of_the_box_is_checked(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = tmp_path / "box.toml"
    monkeypatch.setattr(cli.board, "BOX_PLAN", box)
    assert cli.board.default_plan().name == "raspberry_pi.toml"
    gains = [0x8010, 0x8011, 0x8012]
    setting = f"[nodes.meter.driver.chip.parameters]\nvoltage_gains = {gains}\n"
    box.write_text(f'name = "box"\ninclude = "{rig.plan}"\n{setting}')
    done = rig.words("check", "--json", f"--run-dir={rig.run_dir}")
    assert done.exit_code == 0
    kept = cli.board.read_last(rig.state_dir)
    assert kept is not None
    assert kept.plan == str(box)
    meter = rig.board.chips[reference.METER_SPI]
    answers = [meter.transfer(bytes((0x80, address, 0, 0))) for address in U_GAIN]
    assert [int.from_bytes(answer[2:], "big") for answer in answers] == gains


def test_the_box_and_the_check_use_one_launch_file() -> None:
    unit = cli.board.DEFAULT_PLAN.with_name("install") / "wallbox.service"
    assert f"cli.main launch {cli.board.BOX_PLAN}\n" in unit.read_text()


def test_questions_without_a_terminal_are_refused(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.board, "is_terminal", lambda: False)
    done = rig.check()
    assert done.exit_code == 1
    assert "--unattended" in done.text
    assert rig.board.levels == {}


def test_a_plan_without_a_board_is_refused(rig: Rig) -> None:
    simulation = Path(cli.board.DEFAULT_PLAN).with_name("simulation.toml")
    done = rig.words("check", str(simulation), f"--run-dir={rig.run_dir}")
    assert done.exit_code == 1
    assert "no driver of the board for safety.coil" in done.output


def test_a_wrong_pin_in_the_plan_is_named(rig: Rig) -> None:
    text = rig.plan.read_text().replace('coil_board", parameters = {', "&enable_pin = 99,")
    rig.plan.write_text(text.replace("&", 'coil_board", parameters = { '))
    done = rig.check()
    assert done.exit_code == 1
    assert "nodes.safety.driver.coil.parameters.enable_pin" in done.text
