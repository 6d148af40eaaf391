"""`wallbox sim`: acts on the simulated world, by requests to plant."""

import json
from pathlib import Path
from typing import Any

import click

from launch.cli.common import ask, run_dir_option, running_tool

PATIENCE_S = 5.0  # a busy machine; an idle one answers within milliseconds


@click.group()
def command() -> None:
    """Act on the simulated world: the vehicle, the house, the sun, faults."""


def _act(run_dir: Path | None, method: str, arguments: dict[str, Any] | None = None) -> None:
    """Ask plant; what it answers is shown as JSON."""
    with running_tool(run_dir) as tool:
        result = ask(tool, "plant", method, arguments or {}, PATIENCE_S)
    if result is not None:
        click.echo(json.dumps(result, ensure_ascii=False))


def _plain(name: str, text: str) -> None:
    """Add a verb that needs no words."""

    @command.command(name, help=text, short_help=text)
    @run_dir_option
    def verb(run_dir: Path | None) -> None:
        _act(run_dir, name)


_plain("plug", "Put the plug into the vehicle.")
_plain("unplug", "The vehicle stops, opens S2, and the plug is out 1 s later.")
_plain("pull", "Pull the plug out under load.")
_plain("ready", "The vehicle wants energy.")
_plain("full", "The vehicle stops wanting energy.")
_plain("touch", "Press the touch key.")
_plain("status", "Show the simulated world.")


@command.command()
@click.argument("uid")
@run_dir_option
def tap(uid: str, run_dir: Path | None) -> None:
    """Hold the card UID (hex digits) to the reader."""
    _act(run_dir, "tap", {"uid": uid})


@command.command()
@click.argument("seconds", type=float)
@run_dir_option
def service(seconds: float, run_dir: Path | None) -> None:
    """Press the service key for SECONDS."""
    _act(run_dir, "service", {"seconds": seconds})


@command.command()
@click.argument("current_a", nargs=3, type=float, metavar="L1_A L2_A L3_A")
@run_dir_option
def house(current_a: tuple[float, float, float], run_dir: Path | None) -> None:
    """Let the other loads of the house draw these currents [A]."""
    _act(run_dir, "house", {"current_a": list(current_a)})


@command.command()
@click.argument("power_w", type=float, metavar="W")
@run_dir_option
def sun(power_w: float, run_dir: Path | None) -> None:
    """Let the sun give this power [W]."""
    _act(run_dir, "sun", {"power_w": power_w})


@command.command()
@click.argument("state", type=click.Choice(["off", "on"]))
@run_dir_option
def power(state: str, run_dir: Path | None) -> None:
    """Switch the box's mains."""
    _act(run_dir, "power", {"on": state == "on"})


@command.command()
@click.argument("name")
@run_dir_option
def fault(name: str, run_dir: Path | None) -> None:
    """Break something: no_diode, cp_short, weld, rcm_dc, hot, meter_lost, ..."""
    _act(run_dir, "fault", {"name": name})


@command.command()
@click.argument("name")
@run_dir_option
def clear(name: str, run_dir: Path | None) -> None:
    """Mend what `fault` has broken."""
    _act(run_dir, "clear", {"name": name})
