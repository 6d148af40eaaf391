"""The meter's driver of the chip: values, energy, loss of supply, disturbed and shared buses."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bus import DriverError
from nodes.board.atm90e32 import ENERGY_WH, POWER_W
from nodes.board.chip_lock import ChipLock
from nodes.board.reference import SWITCHES_SPI
from nodes.meter.chip import ChipSample, MeterChip
from nodes.meter.chip_board import COUNTS_FILE, MARGIN_COUNTS, MOST_COUNTS_S
from nodes.meter.lifetime import Lifetime, Register, begin, count
from tests.board.meter_rig import MeterRig, meter_rig
from tests.board.spi_rig import Answer, Flips

MOST_WH = (0.2 * MOST_COUNTS_S + MARGIN_COUNTS) * ENERGY_WH  # the error of a phase by one reading


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MeterRig:
    return meter_rig(tmp_path, monkeypatch)


def settled(rig: MeterRig) -> MeterChip:
    """Return a driver that has configured the chip and shows values."""
    chip = rig.meter()
    for _ in range(3):
        chip.read()
        rig.wait(0.2)
    return chip


def read(chip: MeterChip) -> ChipSample:
    sample = chip.read()
    assert sample is not None
    return sample


def imported_wh(sample: ChipSample) -> float:
    return sum(line.imported_wh for line in sample.lines)


def test_a_new_chip_is_configured_and_shows_values_at_the_third_reading(rig: MeterRig) -> None:
    chip = rig.meter()
    shown = []
    for _ in range(3):
        shown.append(chip.read() is not None)
        rig.wait(0.2)
    assert shown == [False, False, True]


def test_values_are_those_of_the_load_in_the_steps_of_the_chip(rig: MeterRig) -> None:
    rig.change(voltage_v=229.4, current_a=15.7, factor=0.95)
    sample = read(settled(rig))
    for line in sample.lines:
        assert line.voltage_v == 229.4
        assert line.current_a == 15.7
        assert line.power_w == pytest.approx(rig.flow.power_w, abs=POWER_W)
        assert line.power_factor == 0.95
    assert sample.sampled_ns == rig.bus("meter").clock.now_ns()


def test_energy_begins_at_zero_and_is_that_which_has_flowed(rig: MeterRig) -> None:
    chip = settled(rig)
    first = read(chip)
    for _ in range(50):
        rig.wait(0.2)
        sample = read(chip)
    assert imported_wh(first) == pytest.approx(3 * rig.flow.power_w * 0.6 / 3600.0, abs=0.02)
    flowed_wh = 3 * rig.flow.power_w * 10.0 / 3600.0
    assert imported_wh(sample) - imported_wh(first) == pytest.approx(flowed_wh, abs=3 * ENERGY_WH)
    assert {line.exported_wh for line in sample.lines} == {0.0}


def test_export_has_negative_power_and_current_and_its_own_counter(rig: MeterRig) -> None:
    rig.change(factor=-1.0)
    chip = settled(rig)
    rig.wait(0.2)
    line = read(chip).lines[1]
    assert (line.current_a, line.power_factor) == (-16.0, 1.0)
    assert line.power_w == pytest.approx(-3680.0)
    assert line.imported_wh == 0.0 < line.exported_wh


def test_without_a_current_the_power_factor_is_one(rig: MeterRig) -> None:
    rig.change(current_a=0.0, factor=0.0)
    line = read(settled(rig)).lines[0]
    assert (line.current_a, line.power_w, line.power_factor) == (0.0, 0.0, 1.0)


def test_a_chip_that_lost_its_supply_in_a_charge_is_configured_again(rig: MeterRig) -> None:
    chip = settled(rig)
    before_wh, flowed_wh = imported_wh(read(chip)), sum(rig.imported_wh)
    rig.wait(0.1)
    rig.model.reset()
    rig.wait(0.1)
    shown = []
    for _ in range(4):
        shown.append(chip.read() is not None)
        rig.wait(0.2)
    assert shown == [False, False, True, True]
    sample = read(chip)
    assert sample.lines[0].voltage_v == 230.0
    lost_wh = sum(rig.imported_wh) - flowed_wh - (imported_wh(sample) - before_wh)
    assert lost_wh == pytest.approx(3 * rig.flow.power_w * 0.2 / 3600.0, abs=0.02)


def test_a_loss_of_supply_while_it_is_read_shows_no_zeros(rig: MeterRig) -> None:
    for transfer in range(4, 54):  # after the last a loss is seen by the next reading
        chip = settled(rig)
        answers = 0

        def reset(answer: Answer, at: int = transfer) -> Answer:
            nonlocal answers
            answers += 1
            if answers == at:
                rig.model.reset()
            return answer

        rig.disturb = reset
        assert chip.read() is None
        rig.disturb = lambda answer: answer


def test_another_register_that_was_changed_is_found_within_some_readings(rig: MeterRig) -> None:
    chip = settled(rig)
    for sent in ("007f55aa", "00611234", "007f0000"):
        rig.model.transfer(bytes.fromhex(sent))
    shown = []
    for _ in range(16):
        shown.append(chip.read() is None)
        rig.wait(0.2)
    assert True in shown
    assert read(chip).lines[0].voltage_v == 230.0


def test_a_chip_that_measures_is_adopted_with_what_it_has_counted(rig: MeterRig) -> None:
    before_wh = imported_wh(read(settled(rig)))
    rig.wait(2.0)
    counted_wh = imported_wh(read(rig.meter())) - before_wh
    assert counted_wh == pytest.approx(3 * rig.flow.power_w * 2.0 / 3600.0, abs=0.02)


def test_the_register_of_the_box_goes_on_over_a_restart_of_meter(rig: MeterRig) -> None:
    """The counter goes on, and has what flowed meanwhile."""
    chip = settled(rig)
    lifetime = Lifetime()
    for _ in range(60):
        rig.wait(0.2)
        lifetime, _ = count(lifetime, read(chip).lines, rig.bus("meter").clock.now_s())
    rig.wait(2.0)
    assert isinstance(lifetime.register, Register)
    lifetime = begin(lifetime.register)
    lifetime, jump = count(lifetime, read(rig.meter()).lines, rig.bus("meter").clock.now_s())
    assert lifetime.register is not None
    assert lifetime.register.lifetime_wh == pytest.approx(sum(rig.imported_wh), abs=0.05)
    assert jump is None


def test_in_another_run_of_the_machine_the_counter_begins_at_0(rig: MeterRig) -> None:
    chip = settled(rig)
    rig.wait(10.0)
    assert imported_wh(read(chip)) > 10.0
    (rig.bus("meter").run_dir / COUNTS_FILE).unlink()
    rig.wait(2.0)
    sample = read(rig.meter())
    assert imported_wh(sample) == pytest.approx(3 * rig.flow.power_w * 2.0 / 3600.0, abs=0.02)


@pytest.mark.parametrize("damage", [b"", b"nonsense", bytes(52), bytes(200), b"\xff" * 52])
def test_damaged_counts_are_none(rig: MeterRig, damage: bytes) -> None:
    read(settled(rig))
    (rig.bus("meter").run_dir / COUNTS_FILE).write_bytes(damage)
    assert imported_wh(read(rig.meter())) < 10.0


def _stuck(level: int) -> Callable[[Answer], Answer]:
    return lambda answer: [level] * len(answer)


def _fails(_: Answer) -> Answer:
    raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("disturb", [_stuck(0x00), _stuck(0xFF), lambda answer: answer[:3], _fails])
def test_on_a_broken_bus_there_is_no_sample_and_no_energy_is_lost(
    rig: MeterRig, disturb: Callable[[Answer], Answer]
) -> None:
    chip = settled(rig)
    before_wh, flowed_wh = imported_wh(read(chip)), sum(rig.imported_wh)
    rig.disturb = disturb
    for _ in range(10):
        rig.wait(0.2)
        assert chip.read() is None
    rig.disturb = lambda answer: answer
    for _ in range(3):
        rig.wait(0.2)
        chip.read()
    flowed_wh = sum(rig.imported_wh) - flowed_wh
    assert imported_wh(read(chip)) - before_wh == pytest.approx(flowed_wh, abs=0.02)


def test_a_chip_that_takes_no_configuration_is_reset_the_next_time(rig: MeterRig) -> None:
    transfer = rig.model.transfer
    resets = 0

    def deaf(sent: bytes) -> bytes:
        nonlocal resets
        resets += sent == bytes.fromhex("0070789a")
        if not resets and sent[:2] == b"\x00\x33":  # MMode0
            transfer(bytes.fromhex("00330000"))
            return transfer(b"\x00\xff" + sent[2:])  # confirmed, and without effect
        return transfer(sent)

    rig.model.transfer = deaf  # type: ignore[method-assign]
    chip = rig.meter()
    shown = []
    for _ in range(5):
        shown.append(chip.read() is not None)
        rig.wait(0.2)
    assert resets == 1
    assert shown == [False, False, False, True, True]


def test_a_dead_chip_is_no_sample(rig: MeterRig) -> None:
    chip = settled(rig)
    rig.is_dead = True
    assert chip.read() is None
    rig.is_dead = False
    assert chip.read() is not None


def test_a_frozen_chip_repeats_its_values_and_counts_nothing(rig: MeterRig) -> None:
    chip = settled(rig)
    rig.is_frozen = True
    rig.change(current_a=10.0)
    chip.read()
    rig.wait(5.0)
    first = read(chip)
    rig.wait(5.0)
    assert read(chip).lines == first.lines
    assert first.lines[0].current_a == 16.0
    rig.is_frozen = False
    rig.wait(0.2)
    sample = read(chip)
    assert sample.lines[0].current_a == 10.0
    assert imported_wh(sample) - imported_wh(first) < 2.0


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.dictionaries(st.integers(0, 80), st.integers(1, 0xFFFF), max_size=4),
        min_size=1,
        max_size=4,
    )
)
def test_disturbed_readings_raise_nothing_and_cost_at_most_what_can_flow(
    rig: MeterRig, readings: list[dict[int, int]]
) -> None:
    rig.disturb = lambda answer: answer
    chip = settled(rig)
    before_wh, flowed_wh = imported_wh(read(chip)), sum(rig.imported_wh)
    for masks in readings:
        rig.wait(0.2)
        rig.disturb = Flips(masks)
        chip.read()
    rig.disturb = lambda answer: answer
    for _ in range(4):  # a chip that seemed reset is configured again
        rig.wait(0.2)
        chip.read()
    sample = read(chip)
    assert sample.lines[0].voltage_v == 230.0
    error_wh = imported_wh(sample) - before_wh - (sum(rig.imported_wh) - flowed_wh)
    disturbed = sum(min(len(masks), 3) for masks in readings)
    assert abs(error_wh) <= disturbed * MOST_WH + 0.02


def test_one_disturbed_answer_in_each_place_costs_nothing(rig: MeterRig) -> None:
    chip = settled(rig)
    before_wh, flowed_wh = imported_wh(read(chip)), sum(rig.imported_wh)
    for transfer in range(54):
        rig.wait(0.2)
        rig.disturb = Flips({transfer: 0x5A5A})
        assert read(chip).lines[2].current_a == 16.0
    sample = read(chip)
    flowed_wh = sum(rig.imported_wh) - flowed_wh
    assert imported_wh(sample) - before_wh == pytest.approx(flowed_wh, abs=0.02)


def test_safety_in_the_middle_of_a_group_of_transfers_disturbs_nothing(rig: MeterRig) -> None:
    """Both confirm with LastSPIData, which the other one would change."""
    chip, safety = settled(rig), rig.safety()
    before_wh, flowed_wh = imported_wh(read(chip)), sum(rig.imported_wh)
    turns = 0

    def interleave(answer: Answer) -> Answer:
        nonlocal turns
        rig.disturb = lambda inner: inner
        turns += 1
        safety.read()
        rig.disturb = interleave
        return answer

    for _ in range(20):
        rig.wait(0.2)
        rig.disturb = interleave
        sample = read(chip)
    assert turns == 20 * 54
    flowed_wh = sum(rig.imported_wh) - flowed_wh
    assert imported_wh(sample) - before_wh == pytest.approx(flowed_wh, abs=0.02)


def test_a_chip_in_use_gives_no_sample_and_keeps_its_energy(rig: MeterRig) -> None:
    chip = settled(rig)
    before_wh = imported_wh(read(chip))
    path = rig.bus("meter").run_dir / "meter-chip.flock"
    other = ChipLock(path, lambda seconds: None)
    rig.wait(0.2)
    with other.hold():
        assert chip.read() is None
    assert imported_wh(read(chip)) > before_wh + 0.5
    other.close()


def test_a_missing_device_ends_the_start(rig: MeterRig) -> None:
    with pytest.raises(DriverError, match=r"/dev/spidev1\.1: No such") as caught:
        rig.meter(spi=SWITCHES_SPI)
    assert caught.value.parameter == "spi"


def test_the_gains_of_the_parameters_are_those_of_the_chip(rig: MeterRig) -> None:
    half = 0x4000
    chip = rig.meter(voltage_gains=(half, 0x8000, 0x8000))
    for _ in range(3):
        sample = chip.read()
        rig.wait(0.2)
    assert sample is not None
    assert [line.voltage_v for line in sample.lines] == [115.0, 230.0, 230.0]
