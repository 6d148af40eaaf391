"""`wallbox sim`: acts on the simulated world. One verb for each act of `msgs.methods`.

The verbs of keys and cards (touch, service, tap) return when the key is released or the card is
gone, and `unplug` when the plug is out, so that the next line of a script does not overlap it.

A required field of an act's arguments is an argument of the verb, and one with a default an option;
a list takes all remaining words.
"""

import json
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from msgspec import inspect

from cli.common import ask, json_option, run_dir_option, running_tool
from msgs.method import Method
from msgs.methods import ACTS, SERVICE, TAP, TOUCH, UNPLUG, WORLD
from msgs.plant import VehicleState, WorldStatus
from msgs.requests import NoArguments

if TYPE_CHECKING:
    from bus.tool import Tool

LOOK_S = 0.05
STATES = {"off": False, "on": True}


@click.group()
def command() -> None:
    """Act on the simulated world: the vehicle, the house, the sun, faults."""


def _add(act: Method[Any, Any]) -> None:
    """Add the verb of an act, or of the world's status."""
    fields = msgspec.structs.fields(act.arguments)

    def verb(run_dir: Path | None, as_json: bool, **words: Any) -> None:
        with running_tool(run_dir) as tool:
            result = ask(tool, act, words)
            while _goes_on(tool, act, words):
                tool.run_for(LOOK_S)
        if result is not None or as_json:
            click.echo(json.dumps(msgspec.to_builtins(result) or {}, ensure_ascii=False))

    for field in reversed(fields):
        verb = _parameter(field)(verb)
    made = command.command(act.name, help=_help(act, fields), short_help=act.text)
    made(json_option(run_dir_option(verb)))


def _goes_on(tool: "Tool", act: Method[Any, Any], words: dict[str, Any]) -> bool:
    """Return whether a card of an act is still presented, its key pressed, or its plug still in.

    A card or a key is gone if the world does not answer: a key may have restarted it with all
    others. Of a plug it is an error.
    """
    match act.name:
        case TAP.name:
            now = _world(tool)
            return now is not None and not {words["uid"], *words["others"]}.isdisjoint(now.cards)
        case TOUCH.name | SERVICE.name:
            now = _world(tool)
            return now is not None and act.name in now.keys
        case UNPLUG.name:
            return ask(tool, WORLD, NoArguments()).vehicle is VehicleState.STOPPING
        case _:
            return False


def _world(tool: "Tool") -> WorldStatus | None:
    """Return the state of the world; None: it does not answer."""
    return tool.call(WORLD, NoArguments()).result


def _parameter(field: msgspec.structs.FieldInfo) -> Callable[[Any], Any]:
    kind = _bare(inspect.type_info(field.type))
    words: dict[str, Any]
    match kind:
        case inspect.TupleType(item_types=items):
            metavar = " ".join([field.name.upper()] * len(items))
            words = {"type": float, "nargs": len(items), "metavar": metavar}
        case inspect.VarTupleType():
            return click.argument(field.name, nargs=-1, metavar=f"[{field.name.upper()}]...")
        case inspect.FloatType():
            words = {"type": float}
        case inspect.BoolType():
            words = {"type": click.Choice(list(STATES)), "callback": _state}
        case inspect.EnumType(cls=cls):
            words = {"type": click.Choice(_values(cls)), "metavar": field.name.upper()}
        case _:
            words = {"type": str}
    if field.required:
        return click.argument(field.name, **words)
    return click.option(f"--{field.name}", default=field.default, show_default=True, **words)


def _state(_: click.Context, __: click.Parameter, word: str) -> bool:
    return STATES[word]


def _help(act: Method[Any, Any], fields: tuple[msgspec.structs.FieldInfo, ...]) -> str:
    """Return what the verb does, with the allowed values."""
    kinds = [_bare(inspect.type_info(field.type)) for field in fields]
    known = [_values(kind.cls) for kind in kinds if isinstance(kind, inspect.EnumType)]
    return "\n\n".join([act.text, *(f"One of {', '.join(values)}." for values in known)])


def _bare(kind: inspect.Type) -> inspect.Type:
    """Return a type without its metadata."""
    return _bare(kind.type) if isinstance(kind, inspect.Metadata) else kind


def _values(cls: type[Enum]) -> list[str]:
    return [str(member.value) for member in cls]


for _act in ACTS.values():
    _add(_act)
_add(WORLD)
