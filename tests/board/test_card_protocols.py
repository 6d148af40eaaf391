"""The UIDs of all cards in the field, for both standards, through the chip bit by bit."""

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nodes.board import iso14443, iso15693
from nodes.board.card_air import AirAnswer, AirTimes, CardAir, CardsFound, crc_a, crc_v
from nodes.board.pn5180 import ISO14443A_106, ISO15693_26
from tests.board.reader_bench import ReaderBench

FOUR, SEVEN, TEN = "A1B2C3D4", "04112233445566", "04112233445566778899"
VICINITY = "E004015012345678"
NOTHING = CardsFound()
GARBLED = CardsFound(unread=1)


def bench_with(*cards: str) -> ReaderBench:
    return ReaderBench(*cards)


def found_a(bench: ReaderBench, most: int = 8, time_s: float = 1.0) -> CardsFound:
    """Return what is found with the standard 14443."""
    driver = bench.driver()
    driver.start()
    driver.load(ISO14443A_106)
    driver.field_on()
    bench.wait(iso14443.GUARD_S)
    end_s = bench.now_s() + time_s
    return iso14443.find_cards(driver, lambda cost_s: bench.now_s() + cost_s <= end_s, most)


def found_v(bench: ReaderBench, most: int = 8, time_s: float = 10.0) -> CardsFound:
    """Return what is found with the standard 15693."""
    driver = bench.driver()
    driver.start()
    driver.load(ISO15693_26)
    driver.field_on()
    bench.wait(iso15693.GUARD_S)
    end_s = bench.now_s() + time_s
    return iso15693.inventory(driver, lambda cost_s: bench.now_s() + cost_s <= end_s, most)


def frames(bench: ReaderBench) -> list[str]:
    """Return the frames that were sent on the air, without their number of bits."""
    return [each[2:].hex().upper() for each in bench.sent if each[0] == 0x09]


# --- checksums ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("data", "crc"), [("0000", "A01E"), ("5000", "57CD")])
def test_crc_a(data: str, crc: str) -> None:
    assert crc_a(bytes.fromhex(data)).hex().upper() == crc


def test_crc_of_iso_15693() -> None:
    assert crc_v(bytes.fromhex("260100")).hex().upper() == "F60A"


# --- ISO 14443 ------------------------------------------------------------------------------------


@pytest.mark.req("RFID-1")
@pytest.mark.parametrize("uid", [FOUR, SEVEN, TEN, "08123456"])
def test_a_card_is_read_by_its_whole_uid(uid: str) -> None:
    assert found_a(bench_with(uid)) == CardsFound(uids=(uid,))


def test_a_card_of_seven_bytes_is_selected_on_two_levels_and_halted() -> None:
    bench = bench_with(SEVEN)
    found_a(bench)
    select_1, select_2 = "937088041122BF", "957033445566" + "44"
    assert frames(bench) == [
        "26",
        "9320",
        select_1 + crc_a(bytes.fromhex(select_1)).hex().upper(),
        "9520",
        select_2 + crc_a(bytes.fromhex(select_2)).hex().upper(),
        "500057CD",
        "26",
    ]


def test_a_collision_is_resolved_at_its_bit() -> None:
    bench = bench_with("A1B2C3D4", "A1B2C3D6")  # bit 25: 1 in the second
    assert found_a(bench) == CardsFound(uids=("A1B2C3D6", "A1B2C3D4"))
    # 26 bits are known after it: 3 bytes and 2 bits, of which the second is the 1.
    assert frames(bench)[:3] == ["26", "9320", "9352A1B2C302"]


@pytest.mark.parametrize(
    "cards",
    [
        ("01020304", "01020384"),  # differ in the last bit
        ("01020304", "00020304"),  # differ in the first bit
        (FOUR, SEVEN),  # other ATQA
        (SEVEN, "04112233445567"),  # differ on the second level
        (TEN, "0411223344556677889A", SEVEN),  # equal on the first level
        ("01020304", "01020305", "01020306"),
        tuple(f"0{at}112233" for at in range(1, 9)),
    ],
)
def test_all_cards_in_the_field_are_read(cards: tuple[str, ...]) -> None:
    found = found_a(bench_with(*cards))
    assert (sorted(found.uids), found.unread) == (sorted(cards), 0)


def test_of_nine_cards_eight_are_read_and_the_rest_is_known() -> None:
    found = found_a(bench_with(*(f"0{at}112233" for at in range(1, 10))))
    assert (len(found.uids), found.unread, len(found.texts)) == (8, 1, 8)


@pytest.mark.parametrize("text", ["", "00", "010203040506", "8811223344" * 4])
def test_a_card_with_wrong_check_bytes_is_unreadable(text: str) -> None:
    assert found_a(bench_with(text)) == GARBLED


def test_a_uid_that_begins_with_the_cascade_tag_is_returned_as_read() -> None:
    assert found_a(bench_with("88112233")).texts == ("88112233",)


def test_answers_with_a_wrong_bit_are_unreadable() -> None:
    bench = bench_with(FOUR)
    bench.chip.faults.has_crc_errors = True
    assert found_a(bench) == GARBLED


@pytest.mark.parametrize("answers", range(1, 5))
def test_a_card_that_leaves_meanwhile_was_not_there(answers: int) -> None:
    bench = bench_with(SEVEN)
    bench.chip.faults.answers_left = answers
    assert found_a(bench) == NOTHING


def test_a_field_without_cards_is_empty() -> None:
    assert found_a(bench_with()) == NOTHING
    assert found_a(bench_with(VICINITY)) == NOTHING


def test_a_card_with_a_random_uid_has_another_one_in_each_field() -> None:
    bench = bench_with("08000000")
    numbers = iter(range(1, 9))
    bench.chip.random_uid = lambda: bytes((0x08, 0, 0, next(numbers)))
    assert found_a(bench).uids == ("08000001",)
    assert found_a(bench).uids == ("08000002",)


@pytest.mark.parametrize(
    ("cards", "time_s", "counts"),
    [
        ((FOUR, "A1B2C3D5"), 0.007, (1, 1)),
        ((FOUR, "A1B2C3D5"), 0.003, (0, 2)),
        ((SEVEN, "04112233445567"), 0.010, (1, 1)),
        ((TEN,), 0.006, (0, 1)),  # whether there are others is not known yet
        ((TEN,), 0.010, (1, 0)),
    ],
)
def test_without_time_the_other_cards_count_as_unread(
    cards: tuple[str, ...], time_s: float, counts: tuple[int, int]
) -> None:
    found = found_a(bench_with(*cards), time_s=time_s)
    assert (len(found.uids), found.unread) == counts


@settings(max_examples=40, deadline=None)
@given(
    st.sets(
        st.one_of(
            st.binary(min_size=4, max_size=4).filter(lambda uid: uid[0] != 0x88),
            st.binary(min_size=7, max_size=7).filter(lambda uid: uid[3] != 0x88),
            st.binary(min_size=10, max_size=10).filter(lambda uid: uid[6] != 0x88),
        ),
        max_size=5,
    )
)
def test_any_cards_of_iso_14443_are_read(uids: set[bytes]) -> None:
    cards = sorted(uid.hex().upper() for uid in uids)
    found = found_a(bench_with(*cards))
    assert (sorted(found.uids), found.unread) == (cards, 0)


@pytest.mark.parametrize(
    ("card", "find"),
    [(FOUR, found_a), (SEVEN, found_a), (VICINITY, found_v)],
)
def test_one_card_is_read_in_9_ms_with_the_delays_of_a_raspberry_pi(
    card: str, find: Callable[..., CardsFound]
) -> None:
    """Each transfer takes 0.1 ms, and each wait 0.07 ms longer than asked for (hardware.md 3.2)."""
    bench = bench_with(card)
    bench.transfer_s, bench.late_s = 100e-6, 70e-6
    assert find(bench, time_s=0.009).uids == (card,)


class ScriptedAir(CardAir):
    """Answers one frame after another with what a test has written; then there is silence."""

    def __init__(self, *answers: AirAnswer | None) -> None:
        self._answers = list(answers)

    def exchange(
        self, frame: bytes, times: AirTimes, *, last_bits: int = 0, align: int = 0
    ) -> AirAnswer | None:
        return self._answers.pop(0) if self._answers else None


def said(text: str, collision: int | None = None, is_wrong: bool = False) -> AirAnswer:
    return AirAnswer(data=bytes.fromhex(text), collision=collision, is_wrong=is_wrong)


def sak(text: str) -> AirAnswer:
    return said(text + crc_a(bytes.fromhex(text)).hex())


ATQA, UID = said("0400"), said("A1B2C3D404")


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([ATQA, UID, sak("08")], CardsFound(uids=(FOUR,))),
        ([ATQA, said("A1B2C3D404", is_wrong=True), sak("08")], GARBLED),
        ([ATQA, said("A1B2C3D405"), sak("08")], GARBLED),
        ([ATQA, said("A1B2C3D4"), sak("08")], GARBLED),
        ([ATQA, said("A1B2C3D40400"), sak("08")], GARBLED),
        ([ATQA, UID, said("080000")], GARBLED),
        ([ATQA, UID, said("08")], GARBLED),
        ([ATQA, UID, sak("04")], GARBLED),  # incomplete, without the cascade tag
        ([ATQA, UID], NOTHING),
        # a fourth level
        (
            [
                ATQA,
                *[said("8811223388"), sak("04")] * 3,
            ],
            GARBLED,
        ),
        # a card that is selected again did not take its HALT
        ([ATQA, UID, sak("08"), None, ATQA, UID, sak("08")], CardsFound(uids=(FOUR,))),
        # collisions that cannot be
        ([ATQA, said("A1B2C3D404", collision=36)], CardsFound(unread=2)),
        ([ATQA, said("", collision=9)], CardsFound(unread=2)),
        ([ATQA, said("A1", collision=0), said("", collision=0)], CardsFound(unread=2)),
        # a collision of which no card is left
        ([ATQA, said("A1", collision=0), UID], CardsFound(unread=2)),
        ([said("0400", is_wrong=True)], NOTHING),  # noise
    ],
)
def test_what_is_answered_to_each_frame_decides(
    answers: list[AirAnswer | None], found: CardsFound
) -> None:
    assert iso14443.find_cards(ScriptedAir(*answers), lambda _: True) == found


# --- ISO 15693 ------------------------------------------------------------------------------------


@pytest.mark.req("RFID-1")
def test_one_card_answers_a_single_slot() -> None:
    bench = bench_with(VICINITY)
    assert found_v(bench) == CardsFound(uids=(VICINITY,))
    assert frames(bench) == ["260100F60A"]


def test_two_cards_are_read_in_slots() -> None:
    bench = bench_with("E004015012345678", "E00401501234567F")
    assert found_v(bench) == CardsFound(uids=("E004015012345678", "E00401501234567F"))
    sixteen = "060100" + crc_v(bytes.fromhex("060100")).hex().upper()
    assert frames(bench) == ["260100F60A", sixteen] + [""] * 15


def test_a_collision_in_a_slot_extends_the_mask_by_the_slot() -> None:
    bench = bench_with("E0040150123456A5", "E0040150123456B5")
    assert sorted(found_v(bench).uids) == ["E0040150123456A5", "E0040150123456B5"]
    request = "06010405"
    assert frames(bench)[17] == request + crc_v(bytes.fromhex(request)).hex().upper()


@pytest.mark.parametrize(
    "cards",
    [
        ("E004015012345678", "E005015012345678"),  # 12 digits are equal
        ("E004015012345678", "E004015012345688", "E004015012345698"),
        tuple(f"E00401501234567{at}" for at in range(8)),
    ],
)
def test_all_cards_of_iso_15693_are_read(cards: tuple[str, ...]) -> None:
    found = found_v(bench_with(*cards))
    assert (sorted(found.uids), found.unread) == (sorted(cards), 0)


def test_of_nine_cards_of_iso_15693_eight_are_read_and_the_rest_is_known() -> None:
    found = found_v(bench_with(*(f"E00401501234567{at}" for at in range(9))))
    assert (len(found.uids), found.unread) == (8, 1)


def test_a_garbled_card_of_iso_15693_is_asked_twice() -> None:
    bench = bench_with("1004015012345678")
    assert found_v(bench) == GARBLED
    assert frames(bench) == ["260100F60A"] * 2


def test_a_garbled_card_beside_a_good_one_does_not_hide_it() -> None:
    found = found_v(bench_with("1004015012345671", VICINITY))
    assert found == CardsFound(uids=(VICINITY,), unread=1)


def test_without_time_cards_that_collide_count_as_two() -> None:
    assert found_v(bench_with(VICINITY, "E004015012345679"), time_s=0.009) == CardsFound(unread=2)


def test_a_card_of_iso_15693_that_leaves_meanwhile_was_not_there() -> None:
    bench = bench_with(VICINITY, "E004015012345679")
    bench.chip.faults.answers_left = 1
    assert found_v(bench) == NOTHING
    assert found_v(bench_with(FOUR)) == NOTHING


def answer_v(text: str) -> AirAnswer:
    return said(text + crc_v(bytes.fromhex(text)).hex())


GOOD = answer_v("0000785634125001 04E0")
COLLISION = said("00", collision=16)


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([GOOD], CardsFound(uids=(VICINITY,))),
        ([said(GOOD.data[:-1].hex() + "00")] * 2, GARBLED),
        ([said(GOOD.data[:-1].hex())] * 2, GARBLED),
        ([said(GOOD.data.hex(), is_wrong=True)] * 2, GARBLED),
        ([answer_v("0000785634125001 04E1")] * 2, GARBLED),
        ([answer_v("0100785634125001 04E0")] * 2, GARBLED),  # an error
        ([said("00"), GOOD], CardsFound(uids=(VICINITY,))),
        ([said("00"), None], NOTHING),
        ([COLLISION, *[None] * 8, GOOD], CardsFound(uids=(VICINITY,))),
        ([COLLISION, GOOD], GARBLED),  # in a slot of others
        ([said("", collision=0)], NOTHING),
        ([COLLISION] * 2000, CardsFound(unread=361)),  # noise ends
    ],
)
def test_what_is_answered_in_each_slot_decides(
    answers: list[AirAnswer | None], found: CardsFound
) -> None:
    assert iso15693.inventory(ScriptedAir(*answers), lambda _: True) == found


@settings(max_examples=10, deadline=None)
@given(st.sets(st.integers(0, 0xFFF), max_size=4))
@example({0x000, 0x100, 0x110})
def test_any_cards_of_iso_15693_are_read(numbers: set[int]) -> None:
    cards = sorted(f"E004015012345{number:03X}" for number in numbers)
    found = found_v(bench_with(*cards))
    assert (sorted(found.uids), found.unread) == (cards, 0)
