"""Commands of the UDP interface, by table: what each word means, and what is refused."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.smart_home.orders import (
    CancelTimer,
    Enable,
    LimitEnergy,
    SetCurrent,
    SetCurrentLater,
    SetFailsafe,
    StartOrder,
    StopOrder,
)
from nodes.smart_home.udp_commands import (
    NOTHING,
    Command,
    Info,
    Nothing,
    Report,
    SetRelay,
    Unknown,
    UnlockSocket,
    parse,
)

TAG = "04A1B2C3D4E5F600"
CLASS = "01010400000000000000"

ACCEPTED: list[tuple[str, Command]] = [
    ("i", Info()),
    ("i\n", Info()),
    ("i\r\n", Info()),
    ("report 1", Report(number=1)),
    ("report  3", Report(number=3)),
    ("report 100", Report(number=100)),
    ("report 130", Report(number=130)),
    ("curr 0", SetCurrent(current_ma=0)),
    ("curr 6000", SetCurrent(current_ma=6000)),
    ("curr 06000", SetCurrent(current_ma=6000)),
    ("curr 63000", SetCurrent(current_ma=63000)),
    ("  curr   6000  ", SetCurrent(current_ma=6000)),
    ("currtime 6000 0", SetCurrentLater(current_ma=6000, delay_s=0)),
    ("currtime 63000 860400", SetCurrentLater(current_ma=63000, delay_s=860400)),
    ("currtime 0 1", SetCurrentLater(current_ma=0, delay_s=1)),
    ("currtime 0 0", CancelTimer()),
    ("ena 0", Enable(is_on=False)),
    ("ena 1", Enable(is_on=True)),
    ("setenergy 0", LimitEnergy(energy_dwh=0)),
    ("setenergy 1", LimitEnergy(energy_dwh=1)),
    ("setenergy 999999999", LimitEnergy(energy_dwh=999_999_999)),
    ("failsafe 0 0 0", SetFailsafe(timeout_s=0, current_ma=0)),
    ("failsafe 0 63000 1", SetFailsafe(timeout_s=0, current_ma=63000, is_lasting=True)),
    ("failsafe 600 63000 0", SetFailsafe(timeout_s=600, current_ma=63000)),
    ("failsafe 10 6000 0", SetFailsafe(timeout_s=10, current_ma=6000)),
    ("failsafe 600 0 1", SetFailsafe(timeout_s=600, current_ma=0, is_lasting=True)),
    ("output 0", SetRelay(value=0)),
    ("output 1", SetRelay(value=1)),
    ("output 10", SetRelay(value=10)),
    ("output 150", SetRelay(value=150)),
    ("output x", SetRelay(value=0)),
    ("start", StartOrder()),
    (f"start {TAG}", StartOrder(tag=TAG)),
    (f"start {TAG.lower()} {CLASS}", StartOrder(tag=TAG)),
    ("start 04A1B2C3", StartOrder(tag="04A1B2C300000000")),
    ("stop", StopOrder()),
    (f"stop {TAG}", StopOrder(tag=TAG)),
    ("unlock", UnlockSocket()),
]

REFUSED = [
    "report", "report 0", "report 4", "report 99", "report 131", "report x", "report -1",
    "report 1 2", "report 1.0", "report 99999999999",
    "curr", "curr 1", "curr 5999", "curr 63001", "curr -6000", "curr 6000.0", "curr 6e3",
    "curr 6000 1", "curr +6000", "curr 0x1770",
    "curr 99999999999999999999999", "curr 6000,0", "curr 6000mA", "curr 6_000",
    "curr 6000\x006000", "curr inf", "curr nan", "curr ''",
    "currtime", "currtime 6000", "currtime 5999 1", "currtime 63001 1", "currtime 6000 860401",
    "currtime 99999999999 1", "currtime 6000 99999999999", "currtime 6000 0x10",
    "currtime 6000 1.5", "currtime 6000 +1", "currtime -0 1",
    "currtime 6000 -1", "currtime 6000 1 1", "currtime x 1",
    "ena", "ena 2", "ena -1", "ena 00", "ena true", "ena 1 1", "ena 01", "ena +1",
    "ena 1.0", "ena 0x1", "ena on", "ena 10",
    "setenergy", "setenergy 1000000000", "setenergy -1", "setenergy 1.5", "setenergy x",
    "setenergy 1 1", "setenergy +1", "setenergy 0x10", "setenergy 1e3", "setenergy 99999999999999",
    "failsafe", "failsafe 9 6000 0", "failsafe 601 6000 0", "failsafe 30 5999 0",
    "failsafe 30 63001 0", "failsafe 30 6000 2", "failsafe 30 6000", "failsafe 30 6000 0 0",
    "failsafe 30 -1 0", "failsafe x 6000 0", "failsafe 1 6000 0",
    "failsafe 30 1 0", "failsafe -10 6000 0", "failsafe 10.0 6000 0", "failsafe 30 6000 -1",
    "failsafe 30 6000 00", "failsafe 0x1e 6000 0", "failsafe 99999999999 6000 0", "failsafe 0",
    "output 151", "output 99999", "output 1 1", "output",
    f"start {TAG}0", "start XYZ", f"start {TAG} {CLASS}0", f"start {TAG} XX", "start a b c",
    f"stop {TAG} 1", "stop XYZ", "i 1", "unlock 1", "hello", "enable 1",
    "display 1 2 10 0 Hello$World", "setdatetime 1767225600", "x2 1", "x2src 4",
]  # fmt: skip

SILENT = [
    b"", b" ", b"\n", b"\0", b"TCH-OK :done\n", b"TCH-ERR :x", b'{"ID": "1"}', b'"Firmware":"x"',
    b"\xff\xfe", b"ena 1\xff", b"curr \xb2",
    "curr \u0661\u0666".encode(), "curr \uff16000".encode(), b"+curr 6000",
    b"Curr 6000", b"curr\t6000",
    b"ENA 1", b"output 2", b"output 9", b"-", b"i" * 513,
]  # fmt: skip


@pytest.mark.req("APP-2")
@pytest.mark.parametrize(("text", "command"), ACCEPTED, ids=[text for text, _ in ACCEPTED])
def test_a_command_is_read(text: str, command: Command) -> None:
    assert parse(text.encode()) == command


@pytest.mark.req("APP-2")
@pytest.mark.parametrize("text", REFUSED)
def test_a_wrong_command_is_refused_with_what_is_expected(text: str) -> None:
    command = parse(text.encode())
    assert isinstance(command, Unknown)
    assert command.expected


@pytest.mark.parametrize("content", SILENT)
def test_what_is_no_command_is_not_answered(content: bytes) -> None:
    assert parse(content) == NOTHING


WORDS = ["i", "report", "curr", "currtime", "ena", "setenergy", "failsafe", "output", "start",
         "stop", "unlock", "display", "x2", "TCH-OK", "{", "6000", "0", "1", "-1", "999999999999",
         "1e9", "\u00b2", "\0", "0x10", TAG, "\t"]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS) | st.text(string.printable, max_size=8), max_size=6))
def test_no_words_raise(words: list[str]) -> None:
    command = parse(" ".join(words).encode())
    if isinstance(command, SetCurrent | SetCurrentLater):
        assert command.current_ma == 0 or 6000 <= command.current_ma <= 63_000


@given(st.binary(max_size=600))
def test_no_bytes_raise(content: bytes) -> None:
    command = parse(content)
    assert isinstance(command, Nothing) or content.isascii()
