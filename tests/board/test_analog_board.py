"""Safety's drivers of the converter and of the shift registers."""

from types import SimpleNamespace
from typing import cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.board.analog_inputs import (
    cp_counts,
    earth_counts,
    minus_counts,
    ntc_counts,
    pin_v,
    plus_counts,
)
from nodes.board.hc165 import Hc165, SwitchBits
from nodes.board.mcp3208 import Mcp3208
from nodes.board.models.mcp3208 import Mcp3208Model
from nodes.board.pwm import PwmReader
from nodes.board.spi_link import ChipError
from nodes.safety.analog import AnalogReading
from nodes.safety.analog_board import BoardAnalog, Parameters
from nodes.safety.earth import LIMIT_OHM
from nodes.safety.heat import COLDEST_C, HOTTEST_C
from nodes.safety.shift_register_board import BoardShiftRegister
from tests.board.spi_rig import Answer, Flips, link_to


class Board:
    """The converter with fixed inputs, and the duty that is read back."""

    def __init__(self, **parameters: float) -> None:
        self.duty_percent: float | None = 26.7
        self.counts = {
            0: cp_counts(6.0),
            1: cp_counts(-12.0),
            2: cp_counts(9.0),
            3: earth_counts(0.8),
            4: ntc_counts(40.0),
            5: ntc_counts(30.0),
            6: 2979.0,
            7: minus_counts(-12.0),
        }
        self.flips = Flips()
        self.stuck: int | None = None
        model = Mcp3208Model(lambda channel: pin_v(self.counts[channel]))
        pwm = cast(PwmReader, SimpleNamespace(read=self._setting))
        converter = Mcp3208(link_to(model, self._disturb))
        self.now_s = 100.0
        self.is_enabled = True
        limits = Parameters(**parameters)  # type: ignore[arg-type]
        self.analog = BoardAnalog(lambda: self.now_s, limits, converter, pwm)

    def _setting(self) -> object:
        if self.duty_percent is None:
            return None
        return SimpleNamespace(duty_percent=self.duty_percent, is_enabled=self.is_enabled)

    def _disturb(self, answer: Answer) -> Answer:
        answer = self.flips(answer)
        return answer if self.stuck is None else [self.stuck] * len(answer)

    def read(self) -> AnalogReading:
        reading = self.analog.read()
        assert reading is not None
        return reading


def test_all_channels_are_in_the_first_reading() -> None:
    reading = Board().read()
    assert reading.high_v == pytest.approx(6.0, abs=0.01)
    assert reading.low_v == pytest.approx(-12.0, abs=0.01)
    assert reading.earth_ohm == pytest.approx(0.8, abs=0.3)
    assert reading.terminal_c == pytest.approx(40.0, abs=0.1)
    assert reading.board_c == pytest.approx(30.0, abs=0.1)


@pytest.mark.parametrize("duty_percent", [0.0, 100.0])
def test_in_x1_and_f_both_plateaus_are_the_line(duty_percent: float) -> None:
    board = Board()
    board.duty_percent = duty_percent
    reading = board.read()
    assert reading.high_v == reading.low_v == pytest.approx(9.0, abs=0.01)


def test_a_reading_takes_at_most_nine_transfers_and_each_slow_input_is_read_in_turn() -> None:
    board = Board()
    board.read()
    for channel, counts in ((3, earth_counts(700.0)), (4, ntc_counts(70.0)), (5, ntc_counts(60.0))):
        board.counts[channel] = counts
    for _ in range(3):
        before = board.flips.seen
        reading = board.read()
        assert board.flips.seen - before == 9
    assert reading.earth_ohm == pytest.approx(700.0, abs=1.0)
    assert reading.terminal_c == pytest.approx(70.0, abs=0.1)
    assert reading.board_c == pytest.approx(60.0, abs=0.1)


@pytest.mark.parametrize("stuck", [0x00, 0xFF])
def test_a_stuck_line_is_no_reading_and_later_all_is_read_again(stuck: int) -> None:
    board = Board()
    board.read()
    board.stuck = stuck
    assert board.analog.read() is None
    board.stuck = None
    board.counts[5] = ntc_counts(80.0)
    assert board.read().board_c == pytest.approx(80.0, abs=0.1)


@pytest.mark.parametrize("transfer", range(9))
def test_a_transfer_that_fails_once_costs_no_reading(transfer: int) -> None:
    board = Board()
    good = board.read()
    board.flips = Flips({transfer: 0x001000})
    assert board.read() == good
    assert board.flips.seen == 10


def test_without_the_duty_there_is_no_reading() -> None:
    board = Board()
    board.duty_percent = None
    assert board.analog.read() is None
    assert board.flips.seen == 0


@pytest.mark.parametrize(
    ("counts", "is_cold", "is_hot"),
    [(4095, True, False), (4096, True, False), (0, False, True)],
)
def test_an_open_or_shorted_ntc_is_outside_of_what_safety_accepts(
    counts: int, is_cold: bool, is_hot: bool
) -> None:
    board = Board()
    board.counts[4] = counts
    celsius = board.read().terminal_c
    assert (celsius < COLDEST_C, celsius > HOTTEST_C) == (is_cold, is_hot)


@pytest.mark.parametrize("counts", [0, 4095])
def test_an_earth_that_is_not_measured_is_above_the_limit(counts: int) -> None:
    board = Board()
    board.counts[3] = counts
    assert board.read().earth_ohm > LIMIT_OHM


def test_calibration_is_applied() -> None:
    plain = Board().read()
    reading = Board(
        pilot_gain=1.01,
        pilot_offset_v=0.1,
        earth_gain=1.1,
        earth_offset_ohm=-20.0,
        terminal_offset_k=2.0,
        board_offset_k=-1.0,
    ).read()
    assert reading.high_v == pytest.approx(plain.high_v * 1.01 + 0.1)
    assert reading.low_v == pytest.approx(plain.low_v * 1.01 + 0.1)
    assert reading.earth_ohm == 0.0  # never below
    assert reading.terminal_c == pytest.approx(plain.terminal_c + 2.0)
    assert reading.board_c == pytest.approx(plain.board_c - 1.0)


@pytest.mark.parametrize(
    "wrong", [{"pilot_gain": 1.2}, {"clock_hz": 2_000_000}, {"spi": [0, -1]}, {"pins": 1}]
)
def test_a_parameter_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Parameters)


@settings(max_examples=60)
@given(st.dictionaries(st.integers(0, 30), st.integers(1, 0xFFFFFF), max_size=8))
def test_any_disturbance_gives_numbers_or_no_reading(masks: dict[int, int]) -> None:
    board = Board()
    board.flips = Flips(masks)
    for _ in range(3):
        reading = board.analog.read()
        if reading is not None:
            assert all(type(value) is float for value in msgspec.structs.astuple(reading))
            assert reading.earth_ohm >= 0.0


def switch_bits(**changes: bool) -> SwitchBits:
    bits = SwitchBits(
        dip1=0x28,
        dip2=1,
        touch=False,
        external_closed=False,
        earth_ok=True,
        overtemperature=False,
        supply_ok=True,
        watchdog_ok=True,
        residual_ok=True,
    )
    return msgspec.structs.replace(bits, **changes)


def register(bits: object) -> BoardShiftRegister:
    return BoardShiftRegister(lambda: 100.0, cast(Hc165, Registers(bits)))


class Registers:
    """A chain of shift registers as its reader shows it."""

    def __init__(self, bits: object) -> None:
        self.bits = bits

    def read(self) -> object:
        if isinstance(self.bits, Exception):
            raise self.bits
        return self.bits


def test_the_bits_of_the_shift_registers_are_passed_on() -> None:
    reading = register(switch_bits(overtemperature=True)).read()
    assert reading is not None
    assert (reading.dip1, reading.dip2) == (0x28, 1)
    assert (reading.overtemperature, reading.external_closed) == (True, False)
    assert (reading.monitor_cuts, reading.earth_ok) == (False, True)


def test_a_failed_transfer_is_no_reading() -> None:
    assert register(ChipError("the spare bit is 0")).read() is None


def test_a_reading_is_kept_for_50_ms() -> None:
    now_s = [100.0]
    registers = Registers(switch_bits())
    driver = BoardShiftRegister(lambda: now_s[0], cast(Hc165, registers))
    reading = driver.read()
    registers.bits = ChipError("the spare bit is 0")
    now_s[0] += 0.05
    assert driver.read() is reading
    now_s[0] += 0.001
    assert driver.read() is None


@pytest.mark.parametrize(
    ("change", "reads"),
    [
        ({"supply_ok": False}, None),
        ({"earth_ok": False}, (False, False)),
        ({"residual_ok": False}, (True, True)),
    ],
)
def test_what_the_hardware_says_of_its_protection_counts(
    change: dict[str, bool], reads: tuple[bool, bool] | None
) -> None:
    """Without a supply: no reading; else what the gates see, and the earth monitor."""
    reading = register(switch_bits(**change)).read()
    assert (None if reading is None else (reading.monitor_cuts, reading.earth_ok)) == reads


@pytest.mark.req("ERR-8")
@pytest.mark.parametrize(("channel", "volts"), [(6, 10.9), (6, 13.1), (7, -10.9), (7, -13.1)])
def test_with_a_supply_out_of_its_tolerance_there_is_no_reading(channel: int, volts: float) -> None:
    board = Board()
    board.counts[channel] = plus_counts(volts) if channel == 6 else minus_counts(volts)
    assert board.analog.read() is None


def test_a_generator_that_is_off_is_read_as_f() -> None:
    board = Board()
    board.is_enabled = False
    board.counts[2] = cp_counts(-12.0)
    reading = board.read()
    assert [reading.high_v, reading.low_v] == pytest.approx([-12.0, -12.0], abs=0.01)
