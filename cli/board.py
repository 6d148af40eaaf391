"""`wallbox board`: the guided self-check of a real board, and when it was last done.

The check is `nodes.board.check`. Like the nodes of a plan it is imported by its dotted name, since
the command line knows no node. This file gives it the drivers' parameters of the plan, a person at
the terminal, and its end: a signal raises `BrokenOff` once, and the board is left safe.
"""

import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.common import EXIT_FAILED, fail, is_running, json_option, place_of, run_dir_option

if TYPE_CHECKING:
    from bus.place import Place
    from msgs.board_check import BoardCheck, CheckedStep

CHECK = "nodes.board.check"
BOX_PLAN = Path("/etc/wallbox/box.toml")  # what the installed box runs
DEFAULT_PLAN = Path(__file__).parents[1] / "launch" / "raspberry_pi.toml"
BOARD_DRIVER = "_board"  # the end of the name of each driver of the board
NODES = ("safety", "pilot", "meter", "led", "rfid")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
COMMON_RUN_DIRS = ("/run/wallbox", "/run/user/*/wallbox")
LAUNCH = "launch"
NEVER = "board check: never done"
WORD_CHARACTERS = len("skipped")

state_dir_option = click.option(
    "--state-dir",
    type=click.Path(path_type=Path),
    help="Where the result is kept (else $WALLBOX_STATE_DIR, ~/.local/state/wallbox).",
)


class BrokenOff(BaseException):
    """Raised where the check is, by a signal or the end of the input."""


@click.group()
def command() -> None:
    """Check the board of this machine, before the first charge."""


@command.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--unattended", is_flag=True, help="Do only what needs no person.")
@json_option
@run_dir_option
@state_dir_option
def check(
    file: Path | None,
    unattended: bool,
    as_json: bool,
    run_dir: Path | None,
    state_dir: Path | None,
) -> None:
    """Check every line of the board by the drivers of a launch FILE; guided, without a graph.

    Without FILE: /etc/wallbox/box.toml, which the installed box runs; if there is none,
    launch/raspberry_pi.toml. One line for each step: ok, FAILED or skipped. The contactor is
    switched on at the end only, after a yes that nothing is plugged in; --unattended never does it.
    With the breaker off, what needs mains is skipped. Exit code 0 if nothing has failed. Ctrl-C
    ends it, with everything switched off; after kill -9 the hardware watchdog drops the contactor
    within 1.2 s.
    """
    if not (unattended or is_terminal()):
        fail("the check asks a person, and there is no terminal; expected --unattended")
    from bus import DriverError
    from bus.lock import BusyError, Lock
    from bus.place import PlaceError, prepare
    from bus.tool import open_tool
    from launch.loading import ConfigurationError
    from launch.plan import PlanError

    module = importlib.import_module(CHECK)
    place = place_of(run_dir, state_dir)
    plan = file or default_plan()
    try:
        drivers, earth_loop = _parameters(plan)
        places = module.places_of(drivers, earth_loop=earth_loop)
        _refuse_beside_a_graph(place)
        prepare(place)
        with ExitStack() as stack:
            lock = Lock(place.run_dir / f"{LAUNCH}.lock", LAUNCH)  # no graph starts meanwhile
            stack.callback(lock.release)
            bus = stack.enter_context(open_tool(place))
            steps: list[CheckedStep] = []
            person = None if unattended else Terminal(as_json)
            report = _printer(steps, as_json)
            run_safely(lambda: module.CheckedBoard(bus, places), module.run, person, report)
            _keep(place.state_dir, steps, plan, bus.clock, as_json)
    except BrokenOff:
        fail("broken off: enable and test line are off, no edges, the pilot in X1; nothing kept")
    except (PlanError, ConfigurationError, PlaceError, BusyError) as error:
        fail(str(error))
    except module.CheckError as error:
        fail(f"{plan}: {error}")
    except DriverError as error:
        fail(f"the board cannot be used: {error}")
    sys.exit(EXIT_FAILED if any(step.outcome == "failed" for step in steps) else 0)


@command.command()
@state_dir_option
def last(state_dir: Path | None) -> None:
    """Show when the board was last checked, and how that has ended."""
    click.echo(last_check(place_of(None, state_dir).state_dir))


def last_check(state_dir: Path) -> str:
    """Return when the board of a state directory was last checked, as text for a person."""
    done = read_last(state_dir)
    return NEVER if done is None else f"board check: {_date(done)}, {_summary(done.steps)}"


def read_last(state_dir: Path) -> "BoardCheck | None":
    """Return the newest check that was not broken off; None: none can be read."""
    import msgspec

    from bus.store import StoreError, read_file
    from msgs.board_check import BOARD_CHECK_FILE, BoardCheck

    with suppress(StoreError, msgspec.DecodeError):
        content = read_file(state_dir / BOARD_CHECK_FILE)
        if content is not None:
            return msgspec.json.decode(content, type=BoardCheck)
    return None


def default_plan() -> Path:
    """Return the launch file of the box, else the one of the reference board."""
    return BOX_PLAN if BOX_PLAN.exists() else DEFAULT_PLAN


def is_terminal() -> bool:
    """Return whether a person can answer."""
    return sys.stdin.isatty()


def read_line(prompt: str, to_stderr: bool) -> str:
    """Ask on the terminal, and return the answer.

    :raises BrokenOff: the terminal is closed.
    """
    try:
        click.echo(prompt, nl=False, err=to_stderr)
        line = sys.stdin.readline()
    except OSError as error:
        raise BrokenOff from error
    if not line:
        raise BrokenOff
    return line.strip()


class Terminal:
    """The person at the terminal; see `nodes.board.check.Person`."""

    def __init__(self, to_stderr: bool) -> None:
        self._to_stderr = to_stderr  # stdout has JSON alone

    def show(self, text: str) -> None:
        """See `nodes.board.check.Person.show`."""
        click.echo(f"        {text}", err=self._to_stderr)

    def confirm(self, question: str) -> bool | None:
        """See `nodes.board.check.Person.confirm`."""
        answers = {"y": True, "yes": True, "n": False, "no": False, "s": None, "skip": None}
        while True:
            word = read_line(f"  ?     {question} [yes/no/skip] ", self._to_stderr).lower()
            if word in answers:
                return answers[word]

    def agree(self, question: str) -> bool:
        """See `nodes.board.check.Person.agree`."""
        word = read_line(f"  ?     {question} [the whole word yes] ", self._to_stderr)
        return word.lower() == "yes"

    def number(self, question: str) -> float | None:
        """See `nodes.board.check.Person.number`."""
        while True:
            word = read_line(f"  ?     {question} [a number, or skip] ", self._to_stderr).lower()
            if word in ("", "s", "skip"):
                return None
            with suppress(ValueError):
                return float(word.replace(",", "."))


def run_dirs(place: "Place") -> list[Path]:
    """Return the run directories in which a graph may run on this machine."""
    from bus.place import run_dir_from_environment

    found = [place.run_dir, run_dir_from_environment()]
    for pattern in COMMON_RUN_DIRS:
        found += sorted(Path("/").glob(pattern.lstrip("/")))
    return list(dict.fromkeys(found))


def _refuse_beside_a_graph(place: "Place") -> None:
    for run_dir in run_dirs(place):
        unreadable = _unreadable(run_dir)
        if unreadable is not None:
            owner = _owner(run_dir)
            fail(
                f"the run directory {run_dir} cannot be read: {unreadable.strerror}; a graph of "
                f"user {owner} may run there; expected this command as that user, or as root"
            )
        if is_running(place_of(run_dir)):
            fail(f"a graph runs on {run_dir}: stop it first: wallbox stop --run-dir {run_dir}")


def _unreadable(run_dir: Path) -> OSError | None:
    """Return why it cannot be seen whether a graph runs in a directory; None: it can."""
    try:
        for name in os.listdir(run_dir):
            if name.endswith(".lock"):
                os.close(os.open(run_dir / name, os.O_RDWR | os.O_CLOEXEC))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return error
    return None


def _owner(path: Path) -> str:
    """Return whose directory it is."""
    with suppress(KeyError, OSError):  # a user without a name, a folder that cannot be entered
        return path.owner()
    return "unknown"


def _parameters(file: Path) -> tuple[dict[str, Any], bool]:
    """Return the checked parameters of the plan's drivers of the board, and `earth_loop`."""
    from launch.loading import load_node
    from launch.plan_file import load_plan

    plan = load_plan(file)
    found: dict[str, Any] = {}
    earth_loop = True
    for node in plan.nodes:
        if node.name not in NODES:
            continue
        loaded = load_node(plan.entry(node.name))
        for driver in loaded.drivers:
            if driver.entry.module.endswith(BOARD_DRIVER):
                found[f"{node.name}.{driver.device}"] = driver.parameters
        if node.name == "safety":
            earth_loop = bool(getattr(loaded.parameters, "earth_loop", True))
    return found, earth_loop


def run_safely(
    open_board: Callable[[], Any],
    run: Callable[[Any, Any, Callable[["CheckedStep"], None]], object],
    person: Terminal | None,
    report: Callable[["CheckedStep"], None],
) -> None:
    """Run the check; however it ends, the board is left safe before this returns.

    :raises BrokenOff: a signal has come, or the terminal is closed.
    """
    with _signals(), ExitStack() as stack:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            board = open_board()
            # Twice: the signal may come while the board is being left, and only one raises.
            stack.callback(board.leave)
            stack.callback(board.leave)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        run(board, person, report)


@contextmanager
def _signals() -> Iterator[None]:
    """Have the first signal raise `BrokenOff`; all further ones have no effect."""
    has_come = False

    def raise_once(number: int, frame: object) -> None:
        nonlocal has_come
        if not has_come:
            has_come = True
            raise BrokenOff

    # One that is ignored already, as SIGHUP under nohup, stays so.
    caught = [each for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    before = {number: signal.signal(number, raise_once) for number in caught}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _printer(steps: list["CheckedStep"], as_json: bool) -> Callable[["CheckedStep"], None]:
    """Return what prints each step and notes it."""
    import msgspec

    def report(step: "CheckedStep") -> None:
        steps.append(step)
        click.echo(msgspec.json.encode(step).decode() if as_json else _line(step))

    return report


def _line(step: "CheckedStep") -> str:
    """Return the line of a step."""
    word = "FAILED" if step.outcome == "failed" else step.outcome.value
    line = f"{word.ljust(WORD_CHARACTERS)} {step.step}: {step.measured}"
    if step.expected:
        line += f"; expected {step.expected}"
    return f"{line}; look at {step.look_at}" if step.look_at else line


def _keep(
    state_dir: Path, steps: list["CheckedStep"], plan: Path, clock: Any, as_json: bool
) -> None:
    """Store the result, and print the summary."""
    import msgspec

    from bus.store import StoreError, replace_file
    from msgs.board_check import BOARD_CHECK_FILE, BoardCheck
    from msgs.version import VERSION

    done = BoardCheck(
        utc_ns=clock.utc_ns(),
        is_utc_set=clock.is_utc_set(),
        version=VERSION,
        plan=str(plan),
        steps=tuple(steps),
    )
    click.echo(_summary(done.steps), err=as_json)
    try:
        replace_file(state_dir / BOARD_CHECK_FILE, msgspec.json.encode(done))
    except StoreError as error:
        click.echo(f"the result is not kept: {error}", err=True)


def _summary(steps: "tuple[CheckedStep, ...]") -> str:
    from msgs.board_check import CheckOutcome

    counts: Mapping[str, int] = {
        outcome.value: sum(step.outcome is outcome for step in steps) for outcome in CheckOutcome
    }
    return ", ".join(f"{count} {word}" for word, count in counts.items())


def _date(done: "BoardCheck") -> str:
    import datetime

    when = datetime.datetime.fromtimestamp(done.utc_ns / 1e9, datetime.UTC)
    text = f"{when:%Y-%m-%d %H:%M} UTC by version {done.version}"
    return text if done.is_utc_set else f"{text} (the clock was not set)"
