"""The board's card reader in a graph: turns, times, faults, and bits that flip on SPI."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bus import DriverError
from bus.generations import write_generations
from bus.memory import MemoryGraph
from msgs.card import is_uid
from msgs.label import LABEL_FILE
from msgs.rfid import RfidStatus
from msgs.topics import RFID_STATUS
from nodes.board.pins import Pins
from nodes.rfid.node import Drivers, build
from nodes.rfid.node import Parameters as NodeParameters
from nodes.rfid.reader_board import BoardCardReader, Parameters, open
from tests.board.reader_bench import ReaderBench, ReaderBox
from tests.rfid.conftest import LABEL, NEW, OTHER, RED

FOUR, SEVEN, TEN = "A1B2C3D4", "04112233445566", "04112233445566778899"
VICINITY = "E004015012345678"


@pytest.mark.req("RFID-1")
@pytest.mark.parametrize("card", [FOUR, SEVEN, TEN, VICINITY])
def test_a_card_is_found_within_two_polls_and_gone_after_two(tmp_path: Path, card: str) -> None:
    box = ReaderBox(tmp_path)
    assert box.poll(4) == ()
    box.bench.cards = (card,)
    assert box.poll(2) == (card,)
    assert box.poll(10) == (card,)
    box.bench.cards = ()
    assert box.poll(2) == ()


def test_cards_of_both_standards_are_both_there(tmp_path: Path) -> None:
    assert ReaderBox(tmp_path, FOUR, VICINITY).poll(3) == (VICINITY, FOUR)


@pytest.mark.parametrize(
    "cards",
    [
        (),
        (FOUR,),
        (SEVEN,),
        (TEN,),
        (VICINITY,),
        ("00",),
        ("1122334455667788",),
        (FOUR, "A1B2C3D5", SEVEN, TEN),
        (VICINITY, "E004015012345679", "E004015012345688"),
    ],
)
def test_no_poll_takes_longer_than_10_ms(tmp_path: Path, cards: tuple[str, ...]) -> None:
    box = ReaderBox(tmp_path, *cards)
    box.poll(8)
    assert 0.001 < box.longest_s <= 0.010


@pytest.mark.parametrize("cards", [(FOUR, "A1B2C3D5"), (SEVEN, "04112233445567")])
def test_several_cards_of_a_standard_are_more_than_one_text(
    tmp_path: Path, cards: tuple[str, ...]
) -> None:
    seen = ReaderBox(tmp_path, *cards).poll(4)
    assert seen is not None
    assert len(seen) == 2
    assert set(seen) <= {*cards, ""}
    assert ReaderBox(tmp_path / "slow", *cards, most_ms=30).poll(4) == tuple(
        sorted(cards, reverse=True)
    )


def test_cards_of_iso_15693_that_collide_are_more_than_one_text(tmp_path: Path) -> None:
    assert ReaderBox(tmp_path, VICINITY, "E004015012345679").poll(4) == ("", "")
    slow = ReaderBox(tmp_path / "slow", VICINITY, "E004015012345679", most_ms=50)
    assert slow.poll(4) == (VICINITY, "E004015012345679")


@pytest.mark.parametrize("card", ["00", "1122334455667788", "8811223344556677AA"])
def test_a_garbled_card_is_a_text_that_is_no_uid_once_it_was_seen_twice(
    tmp_path: Path, card: str
) -> None:
    box = ReaderBox(tmp_path)
    box.poll(4)
    box.bench.cards = (card,)
    assert box.poll(2) == ()
    seen = box.poll(2)
    assert seen is not None
    assert [is_uid(text) for text in seen] == [False]


def test_a_card_that_is_garbled_at_the_first_poll_does_not_count_yet(tmp_path: Path) -> None:
    box = ReaderBox(tmp_path, "00", "1122334455667788")
    assert box.poll(2) == ()
    assert box.poll(2) == ("", "")


def test_one_garbled_answer_does_not_end_the_presence_of_a_card(tmp_path: Path) -> None:
    box = ReaderBox(tmp_path, FOUR)
    assert box.poll(4) == (FOUR,)
    box.bench.chip.faults.has_crc_errors = True
    assert box.poll(2) == (FOUR,)
    assert box.poll(2) == ("",)
    box.bench.chip.faults.has_crc_errors = False
    assert box.poll(2) == (FOUR,)


def test_the_field_is_on_only_around_a_poll(tmp_path: Path) -> None:
    box = ReaderBox(tmp_path)
    box.poll(4)
    on = 0
    for _ in range(2):
        box.reader.poll()
        for _ in range(150):
            on += box.bench.chip.field
            box.graph.advance(0.001)
    assert 7 <= on <= 10  # [ms]: 6.3 and 2.2 before the looks


def test_a_look_that_a_message_causes_uses_no_field(tmp_path: Path) -> None:
    box = ReaderBox(tmp_path, FOUR)
    box.poll(4)
    box.reader.poll()
    sent = len(box.bench.sent)
    assert box.reader.poll() == (FOUR,)
    assert len(box.bench.sent) == sent


def test_each_look_is_needed(tmp_path: Path) -> None:
    assert ReaderBox(tmp_path).reader.due_s() == 0.0


# --- a chip that does not answer ------------------------------------------------------------------


def break_busy(box: ReaderBox) -> None:
    box.bench.chip.faults.busy = True


def break_zeros(box: ReaderBox) -> None:
    box.bench.chip.faults.miso = 0x00


def break_ones(box: ReaderBox) -> None:
    box.bench.chip.faults.miso = 0xFF


def break_supply(box: ReaderBox) -> None:
    box.bench.chip.faults.is_dead = True


def break_length(box: ReaderBox) -> None:
    box.bench.flip_received = lambda answer: answer[1:]


def break_bus(box: ReaderBox) -> None:
    def raises(answer: list[int]) -> list[int]:
        raise OSError(5, "Input/output error")

    box.bench.flip_received = raises


@pytest.mark.parametrize(
    "breaks", [break_busy, break_zeros, break_ones, break_supply, break_length, break_bus]
)
def test_a_reader_that_fails_is_none_and_comes_back(
    tmp_path: Path, breaks: Callable[[ReaderBox], None]
) -> None:
    box = ReaderBox(tmp_path, FOUR)
    assert box.poll(8) == (FOUR,)
    breaks(box)
    assert box.poll() == (FOUR,)  # a single failed transfer is not a failed reader
    assert box.poll() is None
    assert box.poll(20) is None
    faults = box.bench.chip.faults
    faults.busy = faults.miso = None
    faults.is_dead = False
    box.bench.flip_received = list
    box.poll(8)  # a new start is tried each second
    assert box.poll(2) == (FOUR,)
    assert box.longest_s <= 0.010


def test_a_reader_that_does_not_answer_is_reset_once_a_second(tmp_path: Path) -> None:
    box = ReaderBox(tmp_path, is_dead=True)
    box.bench.sent.clear()
    assert box.poll(40) is None  # 6 s
    # Each start reads IRQ_STATUS; without an answer it ends at once.
    assert 5 <= box.bench.sent.count(b"\x04\x02") <= 6


def test_a_chip_that_answers_later_is_found(tmp_path: Path) -> None:
    box = ReaderBox(tmp_path, VICINITY, is_dead=True)
    assert box.poll(4) is None
    box.bench.chip.faults.is_dead = False
    assert box.poll(9) == (VICINITY,)


def test_one_disturbed_transfer_leaves_the_result(tmp_path: Path) -> None:
    box = ReaderBox(tmp_path, FOUR)
    assert box.poll(4) == (FOUR,)
    break_ones(box)
    assert box.poll() == (FOUR,)
    box.bench.chip.faults.miso = None
    assert [box.poll() for _ in range(10)] == [(FOUR,)] * 10


def test_a_new_start_begins_with_the_standard_that_needs_no_long_field(tmp_path: Path) -> None:
    box = ReaderBox(tmp_path)
    box.poll(9)  # the next is one of ISO 14443
    break_ones(box)
    box.poll()
    box.bench.chip.faults.miso = None
    box.bench.sent.clear()
    box.poll()
    box.reader.poll()
    assert [each for each in box.bench.sent if each[0] == 0x11] == [b"\x11\x0d\x8d"]


# --- the ends -------------------------------------------------------------------------------------


def test_a_shutdown_leaves_the_chip_in_reset(tmp_path: Path) -> None:
    box = ReaderBox(tmp_path)
    box.poll(2)
    box.graph.advance(0.149)
    box.reader.shutdown()
    assert box.bench.chip.is_reset
    box.bench.sent.clear()
    box.graph.advance(1.0)
    assert box.bench.sent == []


def test_a_handover_switches_the_field_off(tmp_path: Path) -> None:
    box = ReaderBox(tmp_path, FOUR)
    box.poll(2)
    box.graph.advance(0.149)
    box.reader.handover()
    assert not box.bench.chip.field
    box.bench.sent.clear()
    box.graph.advance(1.0)
    assert box.bench.sent == []


def test_the_driver_opens_with_the_io_that_its_parameters_name(tmp_path: Path) -> None:
    (tmp_path / "state-run").mkdir()
    graph = MemoryGraph(seed=1, state_dir=tmp_path / "state")
    bus = graph.bus("rfid")
    reader = open(bus, Parameters(io="tests.board.reader_bench"))
    assert reader.poll() == ()
    with pytest.raises(DriverError, match=r"/dev/spidev1\.0.*SPI device"):
        open(bus, Parameters(io="tests.board.reader_bench", spi=(1, 0)))


# --- with the node --------------------------------------------------------------------------------


@pytest.mark.parametrize("leaves_out", [True, False])
@pytest.mark.parametrize("card", [RED, NEW, OTHER])
def test_a_card_at_the_board_reaches_rfid_within_0_3_s(
    tmp_path: Path, card: str, leaves_out: bool
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state-run").mkdir()
    write_generations(tmp_path / "state" / LABEL_FILE, LABEL, lowers=True)
    graph = MemoryGraph(seed=1, state_dir=tmp_path / "state", leaves_out=leaves_out)
    said: list[RfidStatus] = []
    graph.bus("led").subscribe(RFID_STATUS, said.append)
    bus = graph.bus("rfid")
    bench = ReaderBench(clock=graph.clock.now_s)
    reader = BoardCardReader(bus, bench, Pins(bus, bench), bench.link(), Parameters())
    build(bus, NodeParameters(), Drivers(reader=reader))
    graph.advance(3.0)
    assert (said[-1].works, said[-1].last_uid) == (True, "")
    bench.cards = (card,)
    graph.advance(0.31)
    assert said[-1].last_uid == card


# --- bits that flip on SPI ------------------------------------------------------------------------


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cards=st.sampled_from([(FOUR,), (SEVEN,), (VICINITY,), (FOUR, VICINITY)]),
    flips=st.dictionaries(
        st.integers(0, 160), st.tuples(st.integers(0, 20), st.integers(1, 255)), max_size=3
    ),
    is_sent=st.booleans(),
)
def test_flipped_bits_raise_nothing_and_make_no_card(
    tmp_path_factory: pytest.TempPathFactory,
    cards: tuple[str, ...],
    flips: dict[int, tuple[int, int]],
    is_sent: bool,
) -> None:
    box = ReaderBox(tmp_path_factory.mktemp("box"), *cards)
    count = -1

    def flip(data: list[int]) -> list[int]:
        nonlocal count
        count += 1
        if count in flips:
            at, mask = flips[count]
            data = list(data)
            data[at % len(data)] ^= mask
        return data

    if is_sent:
        box.bench.flip_sent = lambda sent: bytes(flip(list(sent)))
    else:
        box.bench.flip_received = flip
    for _ in range(8):
        seen = box.poll() or ()
        assert {text for text in seen if is_uid(text)} <= set(cards)
    assert box.longest_s <= 0.012
    box.poll(16)
    assert set(box.poll() or ()) == set(cards)  # as before the flips


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 1000), st.integers(2, 200))
def test_noise_on_spi_raises_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int, one_in: int
) -> None:
    box = ReaderBox(tmp_path_factory.mktemp("box"), FOUR, VICINITY)
    randrange = Random(seed).randrange

    def noise(answer: list[int]) -> list[int]:
        return [each ^ randrange(256) if randrange(one_in) == 0 else each for each in answer]

    box.bench.flip_received = noise
    for _ in range(8):
        seen = box.poll()
        assert seen is None or len(seen) <= 8
    assert box.longest_s <= 0.020
