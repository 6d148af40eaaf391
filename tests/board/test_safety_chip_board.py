"""Safety's driver of the meter chip: it reads alone, and believes only a configured chip."""

from pathlib import Path

import pytest

from nodes.board.atm90e32 import AN_ENERGY, AP_ENERGY
from nodes.board.chip_lock import ChipLock
from nodes.safety.chip import HOLD_S, ChipReading, PowerChip
from tests.board.meter_rig import MeterRig, meter_rig
from tests.board.spi_rig import Answer, Flips

PERIOD_S = 0.01


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MeterRig:
    return meter_rig(tmp_path, monkeypatch)


def run(rig: MeterRig, chip: PowerChip, seconds: float, period_s: float = PERIOD_S) -> list[bool]:
    """Read for a time; return for each read whether there were values."""
    shown = []
    for _ in range(round(seconds / period_s)):
        shown.append(chip.read() is not None)
        rig.wait(period_s)
    return shown


def configure(rig: MeterRig) -> None:
    meter = rig.meter()
    for _ in range(3):
        meter.read()
        rig.wait(0.2)


def settled(rig: MeterRig) -> PowerChip:
    configure(rig)
    chip = rig.safety()
    run(rig, chip, 0.5)
    return chip


def read(chip: PowerChip) -> ChipReading:
    reading = chip.read()
    assert reading is not None
    return reading


def test_values_are_those_of_the_load(rig: MeterRig) -> None:
    rig.change(voltage_v=229.4, current_a=15.7, hz=49.95)
    reading = read(settled(rig))
    assert reading.voltages_v == (229.4,) * 3
    assert reading.currents_a == (15.7,) * 3
    assert reading.powers_w == pytest.approx((229.4 * 15.7,) * 3, abs=0.001)
    assert reading.frequency_hz == 49.95


@pytest.mark.parametrize(("period_s", "within_s"), [(0.01, 0.13), (0.025, 0.325)])
def test_a_changed_current_is_seen_within_two_sets_of_reads(
    rig: MeterRig, period_s: float, within_s: float
) -> None:
    chip = settled(rig)
    run(rig, chip, 1.0, period_s)
    rig.change(current_a=32.0)
    run(rig, chip, within_s, period_s)
    assert read(chip).currents_a == (32.0,) * 3
    assert all(run(rig, chip, 2.0, period_s))


def test_it_never_reads_a_register_that_is_cleared_and_never_writes(rig: MeterRig) -> None:
    configure(rig)
    addresses: list[int] = []
    transfer = rig.model.transfer

    def spy(sent: bytes) -> bytes:
        addresses.append(int.from_bytes(sent[:2], "big"))
        return transfer(sent)

    rig.model.transfer = spy  # type: ignore[method-assign]
    run(rig, rig.safety(), 2.0)
    assert all(address & 0x8000 for address in addresses)
    assert not {address & 0x3FF for address in addresses} & {0x80, 0x84, *AP_ENERGY, *AN_ENERGY}


def test_a_read_takes_at_most_eight_transfers(rig: MeterRig) -> None:
    chip = settled(rig)
    for _ in range(30):
        rig.disturb = flips = Flips()
        chip.read()
        assert flips.seen <= 8
        rig.wait(PERIOD_S)


def test_before_meter_has_configured_the_chip_there_are_no_values(rig: MeterRig) -> None:
    chip = rig.safety()
    assert not any(run(rig, chip, 2.0))
    rig.meter().read()
    shown = run(rig, chip, 1.0)
    assert 0.3 <= shown.index(True) * PERIOD_S <= 0.5
    assert read(chip).voltages_v == (230.0,) * 3


def test_a_loss_of_supply_shows_no_zeros(rig: MeterRig) -> None:
    chip = settled(rig)
    rig.model.reset()
    for _ in range(100):
        reading = chip.read()
        assert reading is None or reading.voltages_v == (230.0,) * 3
        rig.wait(PERIOD_S)
    assert reading is None


def test_another_configuration_is_not_believed(rig: MeterRig) -> None:
    configure(rig)
    chip = rig.safety(current_gains=(0x8000, 0x8000, 0x7000))
    assert not any(run(rig, chip, 1.0))


@pytest.mark.parametrize("level", [0x00, 0xFF, None])
def test_a_silent_chip_has_no_values_after_the_hold(rig: MeterRig, level: int | None) -> None:
    chip = settled(rig)
    rig.is_dead = level is None
    if level is not None:
        rig.disturb = lambda answer: [level] * len(answer)
    shown = run(rig, chip, HOLD_S + 0.1)
    assert not any(shown[round(HOLD_S / PERIOD_S) + 1 :])
    rig.is_dead = False
    rig.disturb = lambda answer: answer
    assert run(rig, chip, 0.6)[-1]


def test_a_lock_that_is_never_released_does_not_stop_safety(rig: MeterRig) -> None:
    chip = settled(rig)
    other = ChipLock(rig.bus("meter").run_dir / "meter-chip.flock", lambda seconds: None)
    with other.hold():
        shown = run(rig, chip, HOLD_S + 0.1)
        assert shown[0]
        assert not shown[-1]
    other.close()
    assert run(rig, chip, 0.6)[-1]


@pytest.mark.parametrize("reads", range(1, 7))
def test_a_set_that_was_interrupted_for_longer_than_the_hold_is_not_shown(
    rig: MeterRig, reads: int
) -> None:
    chip = settled(rig)
    run(rig, chip, reads * PERIOD_S)
    rig.wait(HOLD_S + 0.1)
    rig.change(voltage_v=240.0)
    for _ in range(20):
        reading = chip.read()
        assert reading is None or reading.voltages_v == (240.0,) * 3
        rig.wait(PERIOD_S)
    assert reading is not None


@pytest.mark.parametrize("transfer", range(8))
def test_a_disturbed_answer_changes_no_value(rig: MeterRig, transfer: int) -> None:
    chip = settled(rig)
    reading = read(chip)
    for _ in range(60):
        rig.disturb = Flips({transfer: 0x0100})
        assert chip.read() == reading
        rig.wait(PERIOD_S)


@pytest.mark.parametrize("transfer", range(48))
def test_a_transfer_that_fails_costs_a_read_and_nothing_else(rig: MeterRig, transfer: int) -> None:
    chip = settled(rig)
    answers = 0

    def fail(answer: Answer) -> Answer:
        nonlocal answers
        answers += 1
        if answers == transfer + 1:
            raise OSError(5, "Input/output error")
        return answer

    rig.disturb = fail
    rig.change(current_a=20.0)
    assert all(run(rig, chip, 0.3))
    assert answers > transfer
    assert read(chip).currents_a == (20.0,) * 3


def test_a_frozen_chip_repeats_its_values(rig: MeterRig) -> None:
    chip = settled(rig)
    rig.is_frozen = True
    reading = read(chip)
    rig.change(current_a=1.0)
    run(rig, chip, 2.0)
    assert read(chip) == reading


def test_garbage_raises_nothing(rig: MeterRig) -> None:
    chip = settled(rig)
    random = rig.bus("safety").random("garbage")

    def garbage(answer: Answer) -> Answer:
        if random.random() < 0.05:
            raise OSError(5, "Input/output error")
        return [random.getrandbits(8) for _ in range(random.choice((4, 4, 4, 3, 5)))]

    rig.disturb = garbage
    assert not run(rig, chip, 1.0)[-1]
