"""A text that does not match its pattern is refused with what was expected, in plain words."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, inspect
from msgspec.structs import replace

import bus
import launch
import msgs
import nodes
import web
from bus import Answer
from bus.generations import decoder, encode, read_newest_valid
from bus.memory import MemoryGraph
from launch.plan import PlanError
from launch.plan_file import load_plan
from msgs.label import Label
from msgs.methods import TAP
from msgs.patterns import matching, plain
from msgs.plant import SimCards, Tap
from msgs.topics import SIM_CARDS
from tests.builders import box_label

PACKAGES = (bus, launch, msgs, nodes, web)


def modules() -> Iterator[ModuleType]:
    for package in PACKAGES:
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(each.name)


def patterns(info: inspect.Type) -> list[str]:
    """Return the patterns in a type, not those of other Structs in it."""
    match info:
        case inspect.StrType(pattern=str() as pattern):
            return [pattern]
        case inspect.Metadata(type=inner):
            return patterns(inner)
        case inspect.UnionType(types=several) | inspect.TupleType(item_types=several):
            return [found for each in several for found in patterns(each)]
        case inspect.VarTupleType(item_type=inner):
            return patterns(inner)
        case inspect.DictType(key_type=key, value_type=value):
            return [*patterns(key), *patterns(value)]
        case _:
            return []


def patterns_of(kind: Any) -> list[str]:
    """Return the patterns of a field's type; none of one that cannot be decoded."""
    try:
        return patterns(inspect.type_info(kind))
    except TypeError:
        return []


STRUCTS = {
    each
    for module in modules()
    for each in vars(module).values()
    if isinstance(each, type) and issubclass(each, Struct)
}
FIELDS = {
    f"{struct.__module__}.{struct.__name__}.{field.name}": field.type
    for struct in STRUCTS
    for field in msgspec.structs.fields(struct)
    if patterns_of(field.type)
}
PATTERNS = sorted({each for kind in FIELDS.values() for each in patterns_of(kind)})
WRONG = "\x00/\n"


def test_messages_settings_labels_and_launch_files_have_such_texts() -> None:
    assert {
        "launch.plan_file._Table.scheduling",
        "msgs.label.Label.serial",
        "msgs.plant.SimCards.uids",
        "msgs.plant.Tap.uid",
        "msgs.settings.ExternalMeter.host",
    } <= set(FIELDS)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_text_that_does_not_match_is_refused_with_what_was_expected(name: str) -> None:
    refusals = []
    for value in (WRONG, [WRONG]):
        with pytest.raises(msgspec.ValidationError) as error:
            msgspec.convert(value, FIELDS[name])
        refusals.append(plain(error.value))
    assert not any("regex" in refusal for refusal in refusals)
    assert any(not refusal.startswith("Expected `") for refusal in refusals)


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=20)
@given(data=st.data())
def test_a_line_break_behind_a_text_that_matches_is_refused(
    pattern: str, data: st.DataObject
) -> None:
    kind = Annotated[str, msgspec.Meta(pattern=pattern)]
    text = data.draw(st.from_regex(pattern))
    assert msgspec.convert(text, kind) == text
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(f"{text}\n", kind)


def test_the_place_of_the_text_is_kept() -> None:
    meta = matching(r"^[a-z]'\"\Z", "a letter and two quotes")
    for value, kind, place in (
        (["no"], list[Annotated[str, meta]], "$[0]"),
        ({"x": "no"}, dict[str, Annotated[str, meta]], "$[...]"),
    ):
        with pytest.raises(msgspec.ValidationError) as error:
            msgspec.convert(value, kind)
        assert plain(error.value) == f"Expected a letter and two quotes - at `{place}`"


def test_another_error_is_not_changed() -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        msgspec.convert({"uid": 1}, Tap)
    assert plain(error.value) == "Expected `str`, got `int` - at `$.uid`"


# --- where a person reads it -------------------------------------------------------------------


def test_a_request_is_refused_so(tmp_path: Path) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    graph.bus("plant").serve(TAP, lambda call: call.ok(None))
    answers: list[Answer[None]] = []
    graph.bus("tool-1").request(TAP, Tap(uid="nonsense"), answers.append)
    graph.advance(0.1)
    assert answers[0].reason.startswith(
        "tap: Expected pairs of hexadecimal digits - at `$.uid`; expected uid: "
    )


def test_a_message_is_refused_so(tmp_path: Path) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    cards = graph.bus("rfid").subscribe(SIM_CARDS)
    graph.bus("plant").publish(SIM_CARDS, SimCards(works=True, uids=("nonsense",)))
    graph.advance(0.1)
    assert cards.message is None
    (text,) = (line.text for line in graph.lines if "sim/cards" in line.text)
    assert "cannot be decoded: Expected pairs of hexadecimal digits" in text


def test_a_stored_file_is_refused_so(tmp_path: Path) -> None:
    path = tmp_path / "label.json"
    path.write_bytes(
        encode(replace(box_label("A1B2C3D4", "01", "02", "03"), serial="x"), path.name)
    )
    damage = read_newest_valid(path, decoder(Label)).damage
    assert damage == "cannot be understood: Expected 8 digits, the first not 0 - at `$.serial`"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("module", "a b", "the dotted name of a module, as nodes.pilot"),
        ("scheduling", "fast", "fifo:PRIORITY or rr:PRIORITY (1 to 99), batch or idle"),
    ],
)
def test_a_launch_file_is_refused_so(tmp_path: Path, key: str, value: str, words: str) -> None:
    table = {"module": "nodes.led", key: value}
    file = tmp_path / "x.toml"
    file.write_text(
        "[nodes.led]\n" + "".join(f'{name} = "{text}"\n' for name, text in table.items())
    )
    with pytest.raises(PlanError, match=re.escape(f"nodes.led.{key}: expected {words}")):
        load_plan(file)
