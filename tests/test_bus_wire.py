"""The wire: frames, header, schema hash, and that any msgpack reader understands a body."""

import json
import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct, inspect

from bus.memory import MemoryGraph
from bus.schema import breaking_changes, describe, schema_hash
from bus.wire import FLAG_RETAINED, HEADER_LENGTH, FrameError, retained, unpack
from msgs.pilot import CpState, PilotStatus
from msgs.topics import PILOT_STATUS, TOPICS
from tests.builders import pilot_status

GOLDEN = Path(__file__).parent / "golden" / "schemas.json"


def example(info: inspect.Type) -> Any:
    """Return a value of a type that is not its default, as plain data."""
    match info:
        case inspect.Metadata(type=inner):
            return example(inner)
        case inspect.StructType(fields=fields):
            return {field.encode_name: example(field.type) for field in fields}
        case inspect.EnumType(cls=cls):
            return list(cls)[-1].value
        case inspect.TupleType(item_types=items):
            return [example(item) for item in items]
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return [example(item)]
        case inspect.DictType(key_type=key, value_type=value):
            return {example(key): example(value)}
        case inspect.UnionType(types=types):
            return example(next(one for one in types if not isinstance(one, inspect.NoneType)))
        case inspect.FloatType(ge=least, le=most):
            return max(least or 0.0, 6.5 if most is None or most >= 6.5 else 1.5)  # a current, too
        case inspect.IntType(ge=lowest, le=highest):
            return min(max(7, lowest or 0), 7 if highest is None else highest)
        case inspect.BoolType():
            return True
        case inspect.StrType(pattern=pattern):
            return next(text for text in TEXTS if re.search(pattern or "", text))
        case _:
            raise AssertionError(f"no example for {info}")


# A word, and hex digits: the pattern of a card takes it too; the path of a serial line; hours.
TEXTS = (
    "beef",
    "/dev/ttyUSB0",
    "mon-fri 22:00-06:00 10 A",
    "https://box.example",
    "mqtt://broker.local",
    "wss://service.example/ocpp",
    "192.168.2.0/24",
)


@pytest.mark.parametrize("name", sorted(TOPICS))
def test_every_message_means_the_same_to_msgspec_and_msgpack(name: str) -> None:
    kind: type[Struct] = TOPICS[name].message
    plain = example(inspect.type_info(kind))
    message = msgspec.convert(plain, kind)
    same = json.loads(msgspec.json.encode(message))
    assert msgpack.unpackb(msgspec.msgpack.encode(message)) == same
    assert msgspec.msgpack.decode(msgpack.packb(plain), type=kind) == message


def test_a_frame_is_topic_nul_header_body(tmp_path: Path) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    frames: list[bytes] = []
    pilot = graph.bus("pilot")
    graph.tap(frames.append)
    pilot.publish(
        PILOT_STATUS,
        pilot_status(CpState.B),
    )
    topic, _, rest = frames[0].partition(b"\0")
    assert topic == b"pilot/status"
    version, flags, length, code, incarnation, sequence, stamp_ns, utc_ns = struct.unpack_from(
        "<BBHIIQqq", rest
    )
    assert (version, flags, length) == (1, 0, 36)
    assert code == schema_hash(PilotStatus)
    assert (incarnation, sequence) == (1, 1)
    assert stamp_ns == graph.clock.now_ns()
    assert utc_ns == graph.clock.utc_ns()
    assert msgpack.unpackb(rest[length:])["cp_state"] == "B"
    again = unpack(retained(frames[0]))
    assert again.header.flags == FLAG_RETAINED
    assert again.body == rest[length:]


@given(st.binary(max_size=200))
def test_bytes_that_are_not_a_frame_are_refused_with_a_reason(data: bytes) -> None:
    end = data.find(b"\0")
    whole = end >= 0 and len(data) >= end + 1 + HEADER_LENGTH
    if whole and data[end + 1] == 1:
        return
    with pytest.raises(FrameError):
        unpack(data)


def test_garbage_on_a_topic_is_counted_and_changes_nothing(tmp_path: Path) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    frames: list[bytes] = []
    pilot, safety = graph.bus("pilot"), graph.bus("safety")
    subscription = safety.subscribe(PILOT_STATUS)
    graph.tap(frames.append)
    good = pilot_status(CpState.B)
    pilot.publish(PILOT_STATUS, good)
    assert subscription.message == good
    for sequence, cut in enumerate((b"\xff\xff", b"", frames[0][60:70]), start=2):
        header = bytearray(frames[0][13 : 13 + HEADER_LENGTH])
        struct.pack_into("<Q", header, 12, sequence)
        safety.accept(b"pilot/status\0" + bytes(header) + cut, graph.clock.now_ns())
        assert subscription.message == good
    safety.accept(b"pilot/status\0\1", graph.clock.now_ns())
    assert subscription.health.refused == 4


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\xc1",
        b"\x81\xa2id\xff",
        b"\x81\xa2\xff\xfe\x01",  # bad UTF-8 in a key
        b"\x91" * 5000,  # nesting without end
        b"\xdd\xff\xff\xff\xff",  # four billion elements
        b"\xdb\xff\xff\xff\xff",
    ],
)
def test_no_bytes_from_outside_end_a_node(tmp_path: Path, garbage: bytes) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    safety = graph.bus("safety")
    subscription = safety.subscribe(PILOT_STATUS, lambda _: None)
    safety.accept_request(b"somebody", garbage)
    safety.accept_response(garbage)
    header = struct.pack(
        "<BBHIIQqq", 1, 0, 36, schema_hash(PilotStatus), 1, 1, graph.clock.now_ns(), 0
    )
    safety.accept(b"pilot/status\0" + header + garbage, graph.clock.now_ns())
    assert subscription.message is None
    assert subscription.health.refused == 1
    graph.advance(3.0)
    assert "safety" in graph.running


def test_a_thousand_foreign_schemas_cost_one_question_each_and_no_node(tmp_path: Path) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    safety = graph.bus("safety")
    subscription = safety.subscribe(PILOT_STATUS)
    for code in range(1000):
        header = struct.pack("<BBHIIQqq", 1, 0, 36, code, 1, code + 1, graph.clock.now_ns(), 0)
        safety.accept(b"pilot/status\0" + header, graph.clock.now_ns())
    assert subscription.health.refused == 1000
    graph.advance(3.0)


def test_a_stamp_from_the_future_is_refused_for_it_would_never_grow_stale(tmp_path: Path) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    frames: list[bytes] = []
    graph.tap(frames.append)
    pilot, safety = graph.bus("pilot"), graph.bus("safety")
    subscription = safety.subscribe(PILOT_STATUS)
    frames.clear()
    graph.lose(lambda writer, topic, node: True)
    pilot.publish(
        PILOT_STATUS,
        pilot_status(CpState.C, 30.0, duty_percent=50.0),
    )
    late = bytearray(frames[0])
    struct.pack_into("<q", late, 13 + 20, graph.clock.now_ns() + 3_600_000_000_000)
    safety.accept(bytes(late), graph.clock.now_ns())
    assert subscription.message is None
    assert subscription.health.refused == 1
    safety.accept(frames[0], graph.clock.now_ns())
    assert subscription.message is not None


def test_a_subscription_does_not_match_a_longer_topic() -> None:
    for name in TOPICS:
        others = [other for other in TOPICS if other != name]
        assert not any(f"{other}\0".startswith(f"{name}\0") for other in others)


class Base(Struct, frozen=True, kw_only=True):
    current_a: Annotated[float, Meta(extra={"unit": "A"})]


def with_fields(**fields: Any) -> type[Struct]:
    """Return a Struct called Base with other fields: the same message in another version."""
    rows = [(name, *row) if isinstance(row, tuple) else (name, row) for name, row in fields.items()]
    return msgspec.defstruct("Base", rows, frozen=True, kw_only=True)


AMPS = Annotated[float, Meta(extra={"unit": "A"})]


@pytest.mark.parametrize(
    ("version", "same_hash", "breaks"),
    [
        (with_fields(current_a=AMPS), True, []),
        # one node can be upgraded while the others run
        (with_fields(current_a=AMPS, more=(int, 0)), True, []),
        # every one of these would be misread
        (with_fields(current_a=AMPS, more=int), False, ["Base.more: is new and has no default"]),
        (with_fields(current_a=float), False, ["Base.current_a: was float[A], is float"]),
        (
            with_fields(current_a=Annotated[float, Meta(extra={"unit": "mA"})]),
            False,
            ["Base.current_a: was float[A], is float[mA]"],
        ),
        (
            with_fields(current_a=Annotated[int, Meta(extra={"unit": "A"})]),
            False,
            ["Base.current_a: was float[A], is int[A]"],
        ),
        (
            with_fields(current_ampere=AMPS),
            False,
            ["Base.current_a: is gone", "Base.current_ampere: is new and has no default"],
        ),
        (
            with_fields(current_a=(AMPS, 0.0)),
            False,
            ["Base.current_a: was required, is optional"],
        ),
    ],
)
def test_the_hash_covers_what_a_subscriber_needs(
    version: type[Struct], same_hash: bool, breaks: list[str]
) -> None:
    assert (schema_hash(version) == schema_hash(Base)) is same_hash
    assert breaking_changes(describe(Base), describe(version)) == breaks


def test_enum_values_are_part_of_the_hash() -> None:
    text = describe(PilotStatus)["PilotStatus"]["cp_state"]["type"]
    assert text == "enum(A,B,C,D,E,F)"


def golden() -> Iterator[tuple[str, Any]]:
    yield from json.loads(GOLDEN.read_text()).items()


def test_no_message_breaks_a_peer_that_runs() -> None:
    """Compare with the golden file. After an addition: `make golden`."""
    now = {name: describe(topic.message) for name, topic in TOPICS.items()}
    broken = [
        f"{name}: {change}"
        for name, old in golden()
        for change in (breaking_changes(old, now[name]) if name in now else ["topic is gone"])
    ]
    assert broken == []


def test_the_golden_file_knows_every_message() -> None:
    now = {name: describe(topic.message) for name, topic in TOPICS.items()}
    stored = dict(golden())
    differ = {name for name in now.keys() | stored.keys() if stored.get(name) != now.get(name)}
    assert differ == set(), f"run `make golden` and commit the difference in {sorted(differ)}"


def test_every_number_of_a_message_has_its_unit() -> None:
    bare = {
        f"{struct}.{name}"
        for topic in TOPICS.values()
        for struct, fields in describe(topic.message).items()
        for name, field in fields.items()
        if any(word in ("float", "int") for word in field["type"].replace("|", " ").split())
    }
    assert bare == set()


def test_not_a_number_is_transmitted_and_left_to_the_subscriber() -> None:
    kind = PilotStatus
    message = msgspec.convert(
        {"cp_state": "A", "duty_percent": math.nan, "offered_a": 0, "high_v": 0, "low_v": 0}, kind
    )
    assert math.isnan(
        msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=kind).duty_percent
    )
