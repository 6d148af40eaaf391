"""The meter chip's registers: bytes, protection, what is cleared, and disturbed answers."""

import errno
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.board.atm90e32 import (
    AN_ENERGY,
    AP_ENERGY,
    CFG_REG_ACC_EN,
    ENERGY_WH,
    I_RMS,
    LAST_SPI_DATA,
    METER_EN,
    MMODE0,
    P_MEAN,
    PL_CONST_H,
    SOFT_RESET,
    U_GAIN,
    U_RMS,
    UNLOCK,
    Atm90e32,
    signed,
)
from nodes.board.chip_lock import ChipLock
from nodes.board.meter_setup import MeterSetup, SetupCheck, registers
from nodes.board.models.atm90e32 import Atm90e32Model, MeteredPhase
from nodes.board.spi_link import ChipError
from nodes.meter.chip_board import MARGIN_COUNTS, MOST_COUNTS_S, EnergyCounter
from tests.board.spi_rig import Answer, Flips, link_to


class Chip:
    """A configured chip with one load on each phase, and its registers."""

    def __init__(self, path: Path) -> None:
        self.now_s = 0.0
        self.power_w = 3680.0
        self.energy_wh = 0.0
        self.disturb = Flips()
        phase = MeteredPhase(
            voltage_v=lambda: 230.0,
            current_a=lambda: abs(self.power_w) / 230.0,
            power_w=lambda: self.power_w,
            power_factor=lambda: 0.99,
            imported_wh=lambda: self.energy_wh,
            exported_wh=lambda: self.energy_wh / 2,
        )
        self.model = Atm90e32Model((phase, phase, phase), lambda: 50.0, lambda: self.now_s)
        link = link_to(self.model, lambda answer: self.disturb(answer), mode=3)
        self.lock = ChipLock(path / "chip.flock", self._never)
        self.registers = Atm90e32(link, self.lock)
        self.check = SetupCheck(self.registers, MeterSetup())
        self.check.configure()
        self.now_s = 1.0

    def exchange(self, text: str) -> str:
        """Return the answer of the model to bytes, both as hexadecimal digits."""
        return self.model.transfer(bytes.fromhex(text)).hex(" ")

    @staticmethod
    def _never(seconds: float) -> None:
        raise AssertionError(f"waited {seconds} s")


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[Chip]:
    chip = Chip(tmp_path)
    yield chip
    chip.lock.close()


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("80 d9 00 00", "ff ff 59 d8"),  # UrmsA: 230.00 V
        ("80 dd 00 00", "ff ff 3e 80"),  # IrmsA: 16.000 A
        ("80 b1 00 00", "ff ff 00 af"),  # PmeanA, high word: 3680 W are 11,500,000 steps
        ("80 c1 00 00", "ff ff 79 e0"),  # PmeanA, low word
        ("80 bd 00 00", "ff ff 03 de"),  # PFmeanA: 0.990
        ("80 f8 00 00", "ff ff 13 88"),  # Freq: 50.00 Hz
        ("80 31 00 00", "ff ff 08 61"),  # PLconstH for 3200 pulses/kWh
        ("80 32 00 00", "ff ff c4 68"),  # PLconstL
        ("00 61 12 34", "ff ff ff ff"),  # a write
        ("80 d9 00", "ff ff ff"),  # 24 bits
    ],
)
def test_the_model_answers_with_the_bytes_of_the_registers(
    chip: Chip, sent: str, answer: str
) -> None:
    assert chip.exchange(sent) == answer


def test_what_the_driver_sends_for_a_read_and_a_write(chip: Chip, tmp_path: Path) -> None:
    sent: list[str] = []
    model = chip.model

    class Spied(Atm90e32Model):
        def __init__(self) -> None: ...

        def transfer(self, values: bytes) -> bytes:
            sent.append(values.hex(" "))
            return model.transfer(values)

    registers = Atm90e32(link_to(Spied(), mode=3), chip.lock)
    registers.read(U_RMS[1])
    registers.write(CFG_REG_ACC_EN, UNLOCK)
    registers.reset()
    reads, last = "80 da 00 00", "80 78 00 00"
    assert sent == [reads, last, "00 7f 55 aa", last, "00 70 78 9a"]


@pytest.mark.parametrize("power_w", [0.0, 3680.0, -3680.0, 20.97, -20.97, 0.00032, -0.00032])
def test_power_is_read_from_both_words_with_its_sign(chip: Chip, power_w: float) -> None:
    chip.power_w = power_w
    assert chip.registers.power_w(2) == pytest.approx(power_w, abs=0.0002)


def test_power_that_changes_between_its_words_is_read_again(chip: Chip) -> None:
    """The words of two measurements together would be wrong by 21 W."""
    readings = iter([20.9] * 2 + [21.1] * 20)
    flips = chip.disturb

    def change(answer: Answer) -> Answer:
        chip.power_w = next(readings)
        return flips(answer)

    chip.power_w = 20.9
    registers = Atm90e32(link_to(chip.model, change, mode=3), chip.lock)
    assert registers.power_w(0) == pytest.approx(21.1, abs=0.001)


def test_signed_numbers() -> None:
    assert [signed(value, 16) for value in (0, 0x7FFF, 0x8000, 0xFFFF)] == [0, 32767, -32768, -1]


def test_registers_are_written_only_while_unlocked(chip: Chip) -> None:
    chip.registers.write(U_GAIN[0], 0x1234)
    assert chip.registers.read(U_GAIN[0]) == 0x8000
    chip.registers.write(CFG_REG_ACC_EN, UNLOCK)
    chip.registers.write(U_GAIN[0], 0x4000)
    assert chip.registers.read(U_GAIN[0]) == 0x4000
    assert chip.registers.read(U_RMS[0]) == 11500  # half of 230.00 V


def test_a_measured_register_cannot_be_written(chip: Chip) -> None:
    chip.registers.write(CFG_REG_ACC_EN, UNLOCK)
    chip.registers.write(U_RMS[0], 1)
    assert chip.registers.read(U_RMS[0]) == 23000


def test_the_last_access_is_kept_for_reads_and_writes(chip: Chip) -> None:
    chip.exchange("80 d9 00 00")
    assert chip.exchange("80 78 00 00") == chip.exchange("80 78 00 00") == "ff ff 59 d8"
    chip.exchange("00 61 12 34")
    assert chip.exchange("80 78 00 00") == "ff ff 12 34"


def test_energy_is_cleared_when_it_is_read_and_its_remainder_is_kept(chip: Chip) -> None:
    chip.energy_wh = 10.5 * ENERGY_WH
    assert [chip.registers.take(AP_ENERGY[0]) for _ in range(2)] == [10, 0]
    chip.energy_wh = 11.0 * ENERGY_WH
    assert chip.registers.take(AP_ENERGY[0]) == 1
    assert chip.registers.take(AP_ENERGY[1]) == 11  # of its own
    assert chip.registers.take(AN_ENERGY[2]) == 5


def test_a_full_energy_register_stays_full(chip: Chip) -> None:
    chip.energy_wh = 300.0
    assert chip.registers.take(AP_ENERGY[0]) == 0xFFFF


@pytest.mark.parametrize("softly", [False, True])
def test_a_reset_chip_measures_and_counts_nothing(chip: Chip, softly: bool) -> None:
    if softly:
        chip.registers.reset()
    else:
        chip.model.reset()
    chip.energy_wh = 100.0
    assert chip.registers.read(U_RMS[0]) == chip.registers.take(AP_ENERGY[0]) == 0
    assert chip.registers.read(METER_EN) == 0
    assert not chip.check.is_metering()
    assert not chip.check.is_right()


def test_another_key_resets_nothing(chip: Chip) -> None:
    chip.registers.write(SOFT_RESET, 0x789B)
    assert chip.check.is_right()


def test_values_are_zeros_until_the_first_measurement(chip: Chip) -> None:
    chip.model.reset()
    chip.check.configure()
    assert chip.registers.read(I_RMS[0]) == 0
    chip.now_s += 0.2
    assert chip.registers.read(I_RMS[0]) == 16000


@pytest.mark.parametrize(
    "setup",
    [
        MeterSetup(),
        MeterSetup(line_hz=60),
        MeterSetup(pga_gain=4),
        MeterSetup(voltage_gains=(0x8000, 0x8000, 0x8001)),
        MeterSetup(current_gains=(1, 0x8000, 0x8000)),
    ],
)
def test_each_part_of_a_setup_is_written_and_checked(chip: Chip, setup: MeterSetup) -> None:
    check = SetupCheck(chip.registers, setup)
    assert check.is_right() is (setup == MeterSetup())
    check.configure()
    assert check.is_right()
    chip.registers.write(U_GAIN[0], 7)  # it is locked again
    assert all(check.is_right() for _ in range(12))


@pytest.mark.parametrize("address", registers(MeterSetup()))
def test_each_register_is_checked_again_in_turn(chip: Chip, address: int) -> None:
    assert all(chip.check.is_right() for _ in range(30))
    for register, value in ((CFG_REG_ACC_EN, UNLOCK), (address, 0x0F0F)):
        chip.registers.write(register, value)
    assert not all(chip.check.is_right() for _ in range(12))
    assert not chip.check.is_right()


def test_sixty_hertz_is_a_bit_of_the_mode(chip: Chip) -> None:
    SetupCheck(chip.registers, MeterSetup(line_hz=60)).configure()
    assert chip.registers.read(MMODE0) == 0x1087


@pytest.mark.parametrize("mask", [0x1, 0x8000, 0xFFFF, 0x0F0F])
@pytest.mark.parametrize("transfer", [0, 1])
def test_a_disturbed_answer_is_read_again(chip: Chip, transfer: int, mask: int) -> None:
    chip.disturb = Flips({transfer: mask})
    assert chip.registers.read(U_RMS[0]) == 23000
    assert chip.disturb.seen == 4


def test_a_write_that_is_not_confirmed_is_repeated_and_then_raises(chip: Chip) -> None:
    chip.disturb = Flips({1: 1})
    chip.registers.write(CFG_REG_ACC_EN, UNLOCK)
    assert chip.disturb.seen == 4
    registers = Atm90e32(link_to(chip.model, lambda answer: [0, 0, 0, 0], mode=3), chip.lock)
    with pytest.raises(ChipError, match="0x7F was not confirmed"):
        registers.write(CFG_REG_ACC_EN, UNLOCK)


@pytest.mark.parametrize("masks", [{0: 1}, {1: 2}, {0: 1, 1: 2}, {0: 4, 1: 5, 2: 6}])
def test_disturbed_energy_is_not_lost(chip: Chip, masks: dict[int, int]) -> None:
    chip.energy_wh = 1000 * ENERGY_WH
    chip.disturb = Flips(masks)
    assert chip.registers.take(AP_ENERGY[0]) == 1000
    assert chip.registers.take(AP_ENERGY[0]) == 0


def test_energy_survives_failed_transfers_after_the_first(chip: Chip) -> None:
    failures = iter([False, True, True, False])

    def fail(answer: Answer) -> Answer:
        if next(failures):
            raise OSError(errno.EIO, "Input/output error")
        return answer

    chip.energy_wh = 1000 * ENERGY_WH
    registers = Atm90e32(link_to(chip.model, fail, mode=3), chip.lock)
    assert registers.take(AP_ENERGY[0]) == 1000


def test_answers_that_never_agree_raise(chip: Chip) -> None:
    chip.disturb = Flips({number: number + 1 for number in range(20)})
    with pytest.raises(ChipError, match="confirmed"):
        chip.registers.read(U_RMS[0])
    chip.disturb = Flips({number: number + 1 for number in range(20)})
    with pytest.raises(ChipError, match="not known"):
        chip.registers.take(AP_ENERGY[0])


def test_a_chip_in_use_is_not_touched(chip: Chip, tmp_path: Path) -> None:
    chip.energy_wh = 1000 * ENERGY_WH
    other = ChipLock(tmp_path / "chip.flock", chip._never)
    with other.hold(), pytest.raises(ChipError, match="in use"):
        chip.registers.take(AP_ENERGY[0])
    assert chip.registers.take(AP_ENERGY[0]) == 1000
    other.close()


def test_a_lock_is_tried_as_often_as_said(tmp_path: Path) -> None:
    waits: list[float] = []
    first = ChipLock(tmp_path / "chip.flock", waits.append)
    patient = ChipLock(tmp_path / "chip.flock", waits.append, tries=4)
    with first.hold(), pytest.raises(ChipError), patient.hold():
        pass
    assert len(waits) == 3
    with patient.hold():  # free again
        pass
    first.close()
    patient.close()


@settings(max_examples=80)
@given(st.dictionaries(st.integers(0, 8), st.integers(1, 0xFFFF), max_size=9))
def test_any_disturbance_of_a_read_gives_a_value_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, masks: dict[int, int]
) -> None:
    chip = Chip(tmp_path_factory.getbasetemp())
    chip.disturb = Flips(masks)
    try:
        value = chip.registers.read(P_MEAN[0])
        assert value == 0xAF or len(masks) >= 2
    except ChipError:
        assert len(masks) >= 3
    finally:
        chip.lock.close()


def test_energy_of_10_000_disturbed_reads_is_that_which_flowed(chip: Chip) -> None:
    """Each fourth answer has flipped bits: no count is lost or invented."""
    random = Random(1)
    counter = EnergyCounter(chip.now_s)

    def disturb(answer: Answer) -> Answer:
        if random.random() < 0.25:
            return [each ^ random.getrandbits(8) for each in answer]
        return answer

    registers = Atm90e32(link_to(chip.model, disturb, mode=3), chip.lock)
    for _ in range(10_000):
        chip.now_s += 0.2
        chip.energy_wh += random.uniform(0.0, 22_000 / 3) * 0.2 / 3600.0
        counter.add(registers.take(AP_ENERGY[0]), chip.now_s)
    assert chip.energy_wh > 2000.0
    assert 0.0 <= chip.energy_wh - counter.energy_wh < 1.1 * ENERGY_WH  # what is in the register


@settings(max_examples=60)
@given(st.dictionaries(st.integers(0, 12), st.integers(1, 0xFFFF), max_size=13))
def test_any_disturbance_costs_at_most_what_can_flow(
    tmp_path_factory: pytest.TempPathFactory, masks: dict[int, int]
) -> None:
    """Answers that are disturbed in the same way agree; the counter knows what is possible."""
    chip = Chip(tmp_path_factory.getbasetemp())
    counter = EnergyCounter(chip.now_s)
    counter.add(chip.registers.take(AP_ENERGY[0]), chip.now_s)
    chip.now_s += 0.2
    chip.energy_wh = 100 * ENERGY_WH
    chip.disturb = Flips(masks)
    with suppress(ChipError):
        counter.add(chip.registers.take(AP_ENERGY[0]), chip.now_s)
    chip.lock.close()
    assert 0.0 <= counter.energy_wh <= (0.2 * MOST_COUNTS_S + MARGIN_COUNTS) * ENERGY_WH
    if len(masks) < 2:
        assert counter.energy_wh == pytest.approx(100 * ENERGY_WH)


def test_the_last_spi_data_of_a_chip_in_a_wrong_mode_is_not_believed(chip: Chip) -> None:
    registers = Atm90e32(link_to(chip.model, mode=0), chip.lock)
    check = SetupCheck(registers, MeterSetup())
    assert not check.is_right()
    assert chip.exchange(f"80 {LAST_SPI_DATA:02x} 00 00") != "ff ff 59 d8"
    assert chip.registers.read(PL_CONST_H) == 0x0861
