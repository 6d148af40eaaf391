"""`wallbox sim`: acts on the simulated world, by requests to plant."""

import json
from pathlib import Path
from typing import Any

import click

from launch.cli.common import ask, json_option, run_dir_option, running_tool
from msgs.plant import HOLD_S, SimFault

PATIENCE_S = 5.0  # a busy machine; an idle one answers within milliseconds


FAULTS = [fault.value for fault in SimFault]


@click.group()
def command() -> None:
    """Act on the simulated world: the vehicle, the house, the sun, faults."""


def _act(
    run_dir: Path | None, as_json: bool, method: str, arguments: dict[str, Any] | None = None
) -> None:
    """Ask plant; what it answers is shown as JSON, an empty object where that is asked for."""
    with running_tool(run_dir) as tool:
        result = ask(tool, "plant", method, arguments or {}, PATIENCE_S)
    if result is not None or as_json:
        click.echo(json.dumps(result or {}, ensure_ascii=False))


def _plain(name: str, text: str) -> None:
    """Add a verb that needs no words."""

    @command.command(name, help=text, short_help=text)
    @json_option
    @run_dir_option
    def verb(run_dir: Path | None, as_json: bool) -> None:
        _act(run_dir, as_json, name)


_plain("plug", "Put the plug into the vehicle.")
_plain("unplug", "The vehicle stops, opens S2, and the plug is out 1 s later.")
_plain("pull", "Pull the plug out under load.")
_plain("ready", "The vehicle wants energy.")
_plain("full", "The vehicle stops wanting energy.")
_plain("touch", "Press the touch key.")
_plain("status", "Show the simulated world.")


@command.command()
@click.argument("uids", nargs=-1, required=True, metavar="UID...")
@click.option("--seconds", default=HOLD_S, show_default=True, help="How long it is held.")
@json_option
@run_dir_option
def tap(uids: tuple[str, ...], seconds: float, run_dir: Path | None, as_json: bool) -> None:
    """Hold the card UID (hex digits) to the reader; several are held at once.

    The UIDs of the four cards that belong to the box stand on its label: `wallbox label`.
    """
    words = {"uid": uids[0], "others": list(uids[1:]), "seconds": seconds}
    _act(run_dir, as_json, "tap", words)


@command.command()
@click.argument("seconds", type=float)
@json_option
@run_dir_option
def service(seconds: float, run_dir: Path | None, as_json: bool) -> None:
    """Press the service key for SECONDS."""
    _act(run_dir, as_json, "service", {"seconds": seconds})


@command.command()
@click.argument("current_a", nargs=3, type=float, metavar="L1_A L2_A L3_A")
@json_option
@run_dir_option
def house(current_a: tuple[float, float, float], run_dir: Path | None, as_json: bool) -> None:
    """Let the other loads of the house draw these currents [A]."""
    _act(run_dir, as_json, "house", {"current_a": list(current_a)})


@command.command()
@click.argument("power_w", type=float, metavar="W")
@json_option
@run_dir_option
def sun(power_w: float, run_dir: Path | None, as_json: bool) -> None:
    """Let the sun give this power [W]."""
    _act(run_dir, as_json, "sun", {"power_w": power_w})


@command.command()
@click.argument("state", type=click.Choice(["off", "on"]))
@json_option
@run_dir_option
def power(state: str, run_dir: Path | None, as_json: bool) -> None:
    """Switch the box's mains."""
    _act(run_dir, as_json, "power", {"on": state == "on"})


@command.command(help=f"Break something: {', '.join(FAULTS)}.", short_help="Break something.")
@click.argument("name", type=click.Choice(FAULTS), metavar="NAME")
@json_option
@run_dir_option
def fault(name: str, run_dir: Path | None, as_json: bool) -> None:
    """Break something."""
    _act(run_dir, as_json, "fault", {"name": name})


@command.command()
@click.argument("name", type=click.Choice(FAULTS), metavar="NAME")
@json_option
@run_dir_option
def clear(name: str, run_dir: Path | None, as_json: bool) -> None:
    """Mend what `fault` has broken."""
    _act(run_dir, as_json, "clear", {"name": name})
