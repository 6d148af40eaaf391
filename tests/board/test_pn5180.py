"""The reader chip: the bytes of each instruction, and bounded waits for a chip that is broken."""

from collections.abc import Callable

import pytest

from nodes.board.card_air import AirAnswer, AirTimes
from nodes.board.models.pn5180 import BOOT_S, ModelPn5180
from nodes.board.pn5180 import (
    ISO14443A_106,
    ISO15693_26,
    Pn5180,
    PnChange,
    PnRegister,
    ReaderLines,
    WaitedTime,
)
from nodes.board.spi_link import ChipError
from tests.board.reader_bench import ReaderBench

TIMES = AirTimes(first_s=1e-4, begin_s=2e-3, end_s=7e-3)
READ_IRQS = ["05 02 13", "FF FF FF FF FF FF FF FF"]
CARD = "A1B2C3D4"


def streams(bench: ReaderBench, action: Callable[[], object]) -> list[str]:
    """Return what an action sends, without repeats of a frame pair that polls."""
    bench.sent.clear()
    action()
    sent = [each.hex(" ").upper() for each in bench.sent]
    return [each for at, each in enumerate(sent) if at < 2 or each != sent[at - 2]]


@pytest.fixture
def bench() -> ReaderBench:
    return ReaderBench(CARD)


@pytest.fixture
def driver(bench: ReaderBench) -> Pn5180:
    driver = bench.driver()
    driver.start()
    return driver


def test_a_start_resets_the_chip_and_reads_its_versions(bench: ReaderBench) -> None:
    driver = bench.driver()
    assert streams(bench, driver.start) == ["04 02", "FF FF FF FF", "07 10 06", "FF FF FF FF FF FF"]
    assert bench.waited_s >= BOOT_S


@pytest.mark.parametrize(
    ("config", "sent"), [(ISO14443A_106, "11 00 80"), (ISO15693_26, "11 0D 8D")]
)
def test_a_configuration_is_loaded_and_leaves_the_crc_to_the_driver(
    bench: ReaderBench, driver: Pn5180, config: object, sent: str
) -> None:
    assert isinstance(config, type(ISO14443A_106))
    off = "03 19 03 FE FF FF FF 12 03 FE FD FF FF"
    assert streams(bench, lambda: driver.load(config)) == [sent, "04 18", "FF FF FF FF", off]
    # TX_CONFIG is known from then on.
    assert streams(bench, lambda: driver.load(config)) == [sent, off]
    assert driver.read(PnRegister.CRC_TX_CONFIG, PnRegister.CRC_RX_CONFIG)[0] & 1 == 0


def test_the_field_is_switched_on_and_off(bench: ReaderBench, driver: Pn5180) -> None:
    on = ["00 03 FF FF 0F 00", "16 01", "04 02", "FF FF FF FF"]
    assert streams(bench, driver.field_on) == on
    assert bench.chip.field
    assert streams(bench, driver.field_off) == ["17 00"]
    assert not bench.chip.field


def test_a_frame_of_seven_bits_is_sent_and_the_answer_read(
    bench: ReaderBench, driver: Pn5180
) -> None:
    driver.load(ISO14443A_106)
    driver.field_on()
    bench.wait(5e-3)
    sent = streams(bench, lambda: driver.exchange(b"\x26", TIMES, last_bits=7))
    assert sent == [
        # IDLE, clear all IRQs, TX_CONFIG, alignment 0, TRANSCEIVE; in one frame
        "03 00 03 F8 FF FF FF 03 01 FF FF 0F 00 18 01 40 1C 00 00 12 03 3F FE FF FF "
        "12 02 00 00 00 00 00 02 03 00 00 00",
        "09 07 26",
        *READ_IRQS,
        "0A 00",
        "FF FF",
    ]


def test_an_end_of_frame_alone_has_neither_data_nor_a_start(
    bench: ReaderBench, driver: Pn5180
) -> None:
    driver.load(ISO15693_26)
    driver.field_on()
    bench.wait(5e-3)
    sent = streams(bench, lambda: driver.exchange(b"", TIMES))
    assert sent[0].split(" 18 01 ")[1].startswith("00 01 00 00")  # of 80 05 00 00
    assert sent[1:] == ["09 00", *READ_IRQS]
    # The next frame is a whole one again.
    request = bytes.fromhex("260100F60A")
    assert " 18 01 80 05 00 00" in streams(bench, lambda: driver.exchange(request, TIMES))[0]


def test_the_first_received_bit_is_stored_where_it_belongs(
    bench: ReaderBench, driver: Pn5180
) -> None:
    driver.load(ISO14443A_106)
    driver.field_on()
    bench.wait(5e-3)
    driver.exchange(b"\x26", TIMES, last_bits=7)
    # The first 12 bits of the UID are known: A1, and 2 of B2. The card answers the others.
    answer = driver.exchange(bytes.fromhex("9334A102"), TIMES, last_bits=4, align=4)
    assert answer == AirAnswer(data=bytes.fromhex("B0C3D404"))


def test_an_irq_that_is_cleared_when_it_is_read_is_not_lost(
    bench: ReaderBench, driver: Pn5180
) -> None:
    bench.link().transfer(bytes.fromhex("061A02"))  # EEPROM: IRQ_PIN_CONFIG
    bench.wait(1e-3)
    bench.cards = ()
    driver.load(ISO15693_26)
    driver.field_on()
    assert driver.exchange(bytes.fromhex("260100F60A"), TIMES) is None


def test_a_length_that_no_card_sends_is_not_read(bench: ReaderBench, driver: Pn5180) -> None:
    driver.load(ISO14443A_106)
    driver.field_on()
    bench.wait(5e-3)

    def flip(answer: list[int]) -> list[int]:
        return [*answer[:4], 0xFF, *answer[5:]] if len(answer) == 8 else answer

    bench.flip_received = flip
    answer = driver.exchange(b"\x26", TIMES, last_bits=7)
    assert answer == AirAnswer(data=b"", is_wrong=True)


def test_without_a_card_an_exchange_ends_in_time_with_nothing(
    bench: ReaderBench, driver: Pn5180
) -> None:
    bench.cards = ()
    driver.load(ISO14443A_106)
    driver.field_on()
    began_s = bench.waited_s
    assert driver.exchange(b"\x26", TIMES, last_bits=7) is None
    assert TIMES.begin_s <= bench.waited_s - began_s < TIMES.begin_s + 1e-3


def test_registers_are_changed_one_after_another(driver: Pn5180) -> None:
    register = PnRegister.TX_CONFIG
    driver.write(register, 0x12345678)
    assert driver.read(register) == (0x12345678,)
    driver.change((register, PnChange.AND, ~0xFF), (register, PnChange.OR, 0x01))
    assert driver.read(register, PnRegister.SYSTEM_CONFIG) == (0x12345601, 0)


# --- a broken chip --------------------------------------------------------------------------------


def stuck_busy(chip: ModelPn5180) -> None:
    chip.faults.busy = True


def zeros(chip: ModelPn5180) -> None:
    chip.faults.miso = 0x00


def ones(chip: ModelPn5180) -> None:
    chip.faults.miso = 0xFF


def dead(chip: ModelPn5180) -> None:
    chip.faults.is_dead = True


@pytest.mark.parametrize("breaks", [stuck_busy, zeros, ones, dead])
def test_a_chip_that_does_not_answer_is_an_error_within_10_ms(
    bench: ReaderBench, driver: Pn5180, breaks: Callable[[ModelPn5180], None]
) -> None:
    driver.load(ISO14443A_106)
    driver.field_on()
    breaks(bench.chip)
    actions: list[Callable[[], object]] = [
        lambda: driver.exchange(b"\x26", TIMES, last_bits=7),
        driver.field_on,
        driver.start,
    ]
    for action in actions:
        began_s = bench.waited_s
        with pytest.raises(ChipError):
            action()
        assert bench.waited_s - began_s < 0.010


def test_the_clock_ends_a_wait_that_was_longer_than_asked_for() -> None:
    now = [0.0]
    bench = ReaderBench(clock=lambda: now[0])
    driver = bench.driver()
    driver.start()
    bench.chip.faults.busy = True
    calls = 0

    def late(seconds: float) -> None:
        nonlocal calls
        calls += 1
        now[0] += 0.01  # the process was stopped meanwhile

    lines = ReaderLines(
        busy=bench.chip.busy, reset=bench.chip.reset, time=WaitedTime(late, lambda: now[0])
    )
    slow = Pn5180(bench.link(), lines)
    with pytest.raises(ChipError, match="BUSY"):
        slow.field_off()
    assert calls == 1


def test_a_frame_that_the_chip_refuses_is_an_error(bench: ReaderBench, driver: Pn5180) -> None:
    driver.load(ISO14443A_106)
    driver.field_on()
    with pytest.raises(ChipError, match="refuses"):
        driver.exchange(b"\x26" * 300, TIMES)


def test_an_answer_of_another_length_is_an_error(bench: ReaderBench, driver: Pn5180) -> None:
    bench.flip_received = lambda answer: answer[:-1]
    with pytest.raises(ChipError, match="bytes came back"):
        driver.field_off()


def test_a_clock_or_mode_that_the_chip_cannot_follow_is_seen_at_the_start() -> None:
    bench = ReaderBench()
    bench.most_hz = 1_000_000
    with pytest.raises(ChipError):
        bench.driver().start()
