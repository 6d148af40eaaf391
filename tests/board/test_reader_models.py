"""The models of the chip and the cards, where the driver relies on them or the standards say so."""

import pytest

from nodes.board.card_air import crc_a, crc_v
from nodes.board.models.cards import (
    Bits,
    Modulation,
    TypeACard,
    VicinityCard,
    card_of,
    superpose,
    to_bits,
    to_bytes,
)
from nodes.board.models.pn5180 import BOOT_S, BUSY_S, ModelPn5180

REQUEST, WAKE_UP = to_bits(b"\x26", 7), to_bits(b"\x52", 7)
UID = bytes.fromhex("A1B2C3D4")
SELECT = bytes.fromhex("9370A1B2C3D404")
HALT = to_bits(bytes.fromhex("500057CD"))
VICINITY = bytes.fromhex("E004015012345678")


def checked(data: bytes) -> Bits:
    return to_bits(data + crc_a(data))


def asked(data: bytes) -> Bits:
    return to_bits(data + crc_v(data))


def powered(uid: bytes = UID) -> TypeACard:
    card = TypeACard(lambda: uid)
    card.power(True)
    return card


@pytest.mark.parametrize(("size", "atqa"), [(4, "0400"), (7, "4400"), (10, "8400")])
def test_a_card_names_the_size_of_its_uid(size: int, atqa: str) -> None:
    assert powered(bytes(range(size))).receive(REQUEST) == to_bits(bytes.fromhex(atqa))


def test_a_halted_card_answers_a_wake_up_only() -> None:
    card = powered()
    card.receive(REQUEST)
    assert card.receive(checked(SELECT)) == checked(b"\x08")
    assert card.receive(HALT) is None
    assert card.receive(REQUEST) is None
    assert card.receive(WAKE_UP) is not None
    # From there a wrong frame leads back to HALT.
    assert card.receive(HALT) is None
    assert card.receive(REQUEST) is None


def test_a_card_without_power_forgets_its_halt() -> None:
    card = powered()
    for frame in (REQUEST, checked(SELECT), HALT):
        card.receive(frame)
    card.power(False)
    assert card.receive(REQUEST) is None
    card.power(True)
    assert card.receive(REQUEST) is not None


@pytest.mark.parametrize(
    "frame",
    [
        to_bits(SELECT + b"\x00\x00"),  # its CRC is wrong
        checked(bytes.fromhex("9370A1B2C3D505")),  # another card
        to_bits(bytes.fromhex("9520")),  # another level
        to_bits(bytes.fromhex("9330A1")),  # NVB and length differ
    ],
)
def test_a_frame_that_is_not_for_it_leads_a_card_back_to_idle(frame: Bits) -> None:
    card = powered()
    card.receive(REQUEST)
    if frame == to_bits(bytes.fromhex("9330A1")):
        frame = frame[:-1]
    assert card.receive(frame) is None
    assert card.receive(checked(SELECT)) is None
    assert card.receive(REQUEST) is not None


def test_a_card_answers_the_bits_behind_those_that_are_known() -> None:
    card = powered()
    card.receive(REQUEST)
    whole = to_bits(UID + b"\x04")
    assert card.receive(to_bits(bytes.fromhex("9320"))) == whole
    assert card.receive((*to_bits(bytes.fromhex("9323")), *whole[:3])) == whole[3:]
    assert card.receive((*to_bits(bytes.fromhex("9323")), 1, 1, 1)) is None  # a 0 is its second


def test_a_quiet_card_of_iso_15693_answers_again_in_a_new_field() -> None:
    card = VicinityCard(VICINITY)
    inventory = asked(b"\x26\x01\x00")
    assert card.receive(inventory) is None
    card.power(True)
    assert card.receive(inventory) == asked(b"\x00\x00" + VICINITY[::-1])
    card.receive(asked(b"\x22\x02" + VICINITY[::-1]))
    assert card.receive(inventory) is None
    card.power(False)
    card.power(True)
    assert card.receive(inventory) is not None


def test_a_card_of_iso_15693_answers_in_the_slot_of_its_next_four_bits() -> None:
    card = VicinityCard(VICINITY)
    card.power(True)
    answers = [card.receive(asked(b"\x06\x01\x04\x08"))] + [card.receive(()) for _ in range(15)]
    assert [slot for slot, answer in enumerate(answers) if answer] == [7]
    assert card.receive(()) is None
    assert card.receive(asked(b"\x06\x01\x04\x07")) is None


@pytest.mark.parametrize(
    ("text", "modulation"),
    [("A1B2C3D4", "TYPE_A"), ("E004015012345678", "VICINITY"), ("", "TYPE_A"), ("AA", "TYPE_A")],
)
def test_a_text_stands_for_a_card(text: str, modulation: str) -> None:
    assert card_of(text).modulation is Modulation[modulation]


def test_answers_at_the_same_time_collide_at_their_first_different_bit() -> None:
    one, other = to_bits(b"\x0f\xff"), to_bits(b"\x0f\xfb")
    assert superpose([one]) == (one, None)
    assert superpose([one, other, one]) == (to_bits(b"\x0f\x03"), 10)
    assert superpose([one, one[:8]]) == (one, 8)
    assert to_bytes(one) == b"\x0f\xff"


# --- the chip -------------------------------------------------------------------------------------


class ChipAlone:
    """The chip with a clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 10.0
        self.chip = ModelPn5180(lambda: self.now_s, lambda: ("A1B2C3D4",))

    def send(self, text: str) -> str:
        answer = self.chip.transfer(bytes.fromhex(text))
        self.now_s += 1e-3
        return answer.hex(" ").upper()

    def read(self, register: str) -> str:
        self.send(f"04{register}")
        return self.send("FFFFFFFF")


@pytest.fixture
def alone() -> ChipAlone:
    alone = ChipAlone()
    alone.chip.reset(True)
    alone.now_s += BOOT_S
    return alone


def test_the_chip_boots_in_its_time_and_says_so() -> None:
    alone = ChipAlone()
    assert not alone.chip.busy()
    assert alone.send("0710 06") == "FF FF FF"
    alone.chip.reset(True)
    alone.now_s += BOOT_S - 1e-6
    assert alone.chip.busy()
    alone.now_s += 2e-6
    assert not alone.chip.busy()
    assert alone.read("02") == "04 00 00 00"


def test_busy_is_high_while_a_frame_is_carried_out(alone: ChipAlone) -> None:
    alone.chip.transfer(b"\x04\x02")
    assert alone.chip.busy()
    alone.now_s += BUSY_S
    assert not alone.chip.busy()


def test_a_frame_while_busy_is_lost(alone: ChipAlone) -> None:
    alone.chip.transfer(b"\x04\x02")
    assert alone.chip.transfer(b"\xff" * 4) == b"\xff" * 4
    alone.now_s += BUSY_S
    assert alone.send("FFFFFFFF") == "04 00 00 00"


@pytest.mark.parametrize(
    "frame",
    [
        "00 7B 00 00 00 00",  # no such register
        "00 00 00",
        "03 00 04 00 00 00 00",  # no such action
        "05" + "02" * 19,
        "07 F0 20",
        "11 1D 80",
        "11 00 00",
        "09 08 26",
        "09 00 26",  # not in WaitTransmit
        "55",
        "0A",
    ],
)
def test_an_instruction_whose_conditions_are_not_met_is_refused(
    alone: ChipAlone, frame: str
) -> None:
    alone.send(frame)
    assert alone.read("02") == "04 00 02 00"


@pytest.mark.parametrize(
    ("frames", "content"),
    [
        (("00 18 78 56 34 12",), "78 56 34 12"),
        (("00 18 F0 00 00 00", "01 18 0F 00 00 00"), "FF 00 00 00"),
        (("00 18 FF 00 00 00", "02 18 0F 00 00 00"), "0F 00 00 00"),
        (("03 18 01 FF 00 00 00 18 03 0F 00 00 00 18 02 00 01 00 00",), "0F 01 00 00"),
    ],
)
def test_registers_are_written(alone: ChipAlone, frames: tuple[str, ...], content: str) -> None:
    for frame in frames:
        alone.send(frame)
    assert alone.read("18") == content


def test_eeprom_is_written_and_read(alone: ChipAlone) -> None:
    alone.send("06 36 01 02")
    alone.send("07 36 02")
    assert alone.send("FFFF") == "01 02"


def test_a_flag_is_set_until_it_is_cleared(alone: ChipAlone) -> None:
    alone.send("16 01")
    assert (alone.read("02"), alone.read("02")) == ("04 02 00 00",) * 2
    assert alone.read("1D") == "00 00 02 00"
    alone.send("00 03 00 02 00 00")
    assert alone.read("02") == "04 00 00 00"
    alone.send("17 00")
    assert (alone.read("02"), alone.read("1D")) == ("04 01 00 00", "00 00 00 00")


def test_a_reset_switches_the_field_off(alone: ChipAlone) -> None:
    alone.send("16 01")
    assert alone.chip.field
    alone.chip.reset(False)
    assert not alone.chip.field


def test_the_chip_appends_and_checks_a_crc_if_it_is_asked_to(alone: ChipAlone) -> None:
    alone.send("11 00 80")
    alone.send("16 01")
    alone.now_s += 5e-3
    for frame in ("26", "93 20"):
        alone.send("02 00 F8 FF FF FF")
        alone.send("01 00 03 00 00 00")
        alone.send(f"09 {'07' if frame == '26' else '00'} {frame}")
    alone.send("01 19 01 00 00 00")
    alone.send("01 12 01 00 00 00")
    alone.send("02 00 F8 FF FF FF")
    alone.send("01 00 03 00 00 00")
    alone.send("09 00 93 70 A1 B2 C3 D4 04")
    alone.now_s += 5e-3
    assert alone.read("13") == "01 00 00 00"  # SAK, without its CRC
    alone.send("0A 00")
    assert alone.send("FF") == "08"
