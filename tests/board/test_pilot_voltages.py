"""The pilot's voltages through circuit, converter and driver: each CP state in its window."""

from random import Random

import pytest

from msgs.pilot import CpState, classify_high_v, duty_of_offer, shows_diode
from nodes.board.analog_inputs import minus_counts, pin_v, plus_counts
from nodes.board.mcp3208 import Mcp3208
from nodes.board.models.mcp3208 import Mcp3208Model
from nodes.board.models.pilot_circuit import PilotCircuit
from nodes.board.pilot_voltages import PilotVoltages
from nodes.board.reference import CP_OFFSET_V, MINUS_CHANNEL, PLUS_CHANNEL
from nodes.board.spi_link import ChipError
from tests.board.spi_rig import Answer, Flips, link_to
from tests.builders import HIGH_V

OFFSET_STEPS = 20.5  # 0.5 % of full scale
NOISE_STEPS = 1.5


class Line:
    """A CP line, with its circuit, the converter and the driver."""

    def __init__(self, offset_steps: float = 0.0, noise_steps: float = 0.0) -> None:
        self.now_s = 100.0
        self.gauss = Random(1).gauss
        self.flips = Flips()
        self.circuit = PilotCircuit(lambda: self.now_s)
        model = Mcp3208Model(self._volts, lambda: self.gauss(offset_steps, noise_steps))
        self.plus_v = 12.0
        converter = Mcp3208(link_to(model, self._disturb))
        self.voltages = PilotVoltages(converter, lambda: self.now_s)
        self.stuck: int | None = None

    def _volts(self, channel: int) -> float:
        if channel == MINUS_CHANNEL:
            return pin_v(minus_counts(-12.0))
        if channel == PLUS_CHANNEL:
            return pin_v(plus_counts(self.plus_v))
        return self.circuit.volts(channel)

    def _disturb(self, answer: Answer) -> Answer:
        answer = self.flips(answer)
        return answer if self.stuck is None else [self.stuck] * len(answer)

    def show(self, high_v: float, low_v: float, duty_percent: float) -> tuple[float, float]:
        self.circuit.drive(high_v, low_v, duty_percent)
        self.now_s += 0.01
        return self.voltages.read(duty_percent)


@pytest.mark.parametrize("offset_steps", [-OFFSET_STEPS, 0.0, OFFSET_STEPS])
@pytest.mark.parametrize("state", [each for each in CpState if each is not CpState.F])
def test_each_state_is_in_its_window_at_each_offer_with_noise(
    state: CpState, offset_steps: float
) -> None:
    line = Line(offset_steps, NOISE_STEPS)
    for offer_a in range(6, 33):
        high_v, low_v = line.show(HIGH_V[state], -12.0, duty_of_offer(offer_a))
        assert classify_high_v(high_v) is state
        assert shows_diode(low_v)
    high_v, low_v = line.show(HIGH_V[state], HIGH_V[state], 100.0)
    assert classify_high_v(high_v) is state
    assert low_v == high_v


@pytest.mark.parametrize("offset_steps", [-OFFSET_STEPS, OFFSET_STEPS])
def test_state_f_is_in_its_window(offset_steps: float) -> None:
    high_v, low_v = Line(offset_steps, NOISE_STEPS).show(-12.0, -12.0, 0.0)
    assert classify_high_v(high_v) is classify_high_v(low_v) is CpState.F


def test_without_a_diode_both_plateaus_mirror_each_other() -> None:
    high_v, low_v = Line().show(8.79, -8.79, duty_of_offer(16.0))
    assert not shows_diode(low_v)
    assert high_v + low_v == pytest.approx(0.0, abs=0.2)


def test_plateaus_are_within_the_droop_of_a_period() -> None:
    high_v, low_v = Line().show(12.0, -12.0, 10.0)
    assert 12.0 * 0.99 - 0.01 < high_v < 12.0
    assert -12.0 <= low_v < -12.0 * 0.995


def test_in_x1_the_other_circuit_falls_and_is_not_used() -> None:
    line = Line()
    line.show(9.0, -12.0, 50.0)
    line.circuit.drive(9.0, 9.0, 100.0)
    line.now_s += 0.1
    fallen_v = (line.circuit.volts(1) - CP_OFFSET_V) / 0.1262
    assert fallen_v == pytest.approx(-12.0 * 0.368, abs=0.1)
    assert line.voltages.read(100.0) == pytest.approx((9.0, 9.0), abs=0.01)
    line.circuit.drive(-12.0, -12.0, 0.0)
    line.now_s += 0.1
    assert (line.circuit.volts(0) - CP_OFFSET_V) / 0.1262 == pytest.approx(9.0 * 0.368, abs=0.1)
    assert line.voltages.read(0.0) == pytest.approx((-12.0, -12.0), abs=0.01)


def test_a_half_wave_that_is_too_short_is_not_sampled() -> None:
    line = Line()
    line.show(9.0, -12.0, 50.0)
    line.circuit.drive(3.0, -12.0, 1.4)  # 14 us
    assert (line.circuit.volts(0) - CP_OFFSET_V) / 0.1262 == pytest.approx(9.0)


def test_the_line_itself_shows_the_half_wave_of_the_moment() -> None:
    line = Line()
    line.circuit.drive(9.0, -12.0, 25.0)
    for now_s, volts in ((200.00020, 9.0), (200.00030, -12.0)):
        line.now_s = now_s
        assert (line.circuit.volts(2) - CP_OFFSET_V) / 0.1262 == pytest.approx(volts)


@pytest.mark.parametrize("duty_percent", [0.0, 26.7, 100.0])
@pytest.mark.parametrize("stuck", [0x00, 0xFF])
def test_a_stuck_line_is_no_reading(stuck: int, duty_percent: float) -> None:
    line = Line()
    line.stuck = stuck
    with pytest.raises(ChipError):
        line.show(6.0, -12.0, duty_percent)


@pytest.mark.parametrize("transfer", range(1, 7))
@pytest.mark.parametrize("mask", [0x000800, 0x000FFF])
def test_one_disturbed_conversion_changes_nothing(transfer: int, mask: int) -> None:
    good = Line().show(6.0, -12.0, 26.7)
    line = Line()
    line.flips.masks = {transfer: mask}
    assert line.show(6.0, -12.0, 26.7) == good


def test_the_number_of_transfers_is_eight_and_less_in_x1() -> None:
    line = Line()
    line.show(6.0, -12.0, 26.7)
    assert line.flips.seen == 8
    line.show(6.0, 6.0, 100.0)
    assert line.flips.seen == 8 + 5


@pytest.mark.req("ERR-8")
@pytest.mark.parametrize("plus_v", [9.4, 7.0, 0.0, 13.5])
def test_with_a_wrong_supply_of_the_driver_no_state_is_read(plus_v: float) -> None:
    """At 9.4 V a vehicle in state B reads as C, at 7 V an open line does."""
    line = Line()
    line.plus_v = plus_v
    with pytest.raises(ChipError, match=r"\+12 V"):
        line.show(6.0, -12.0, 26.7)


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize(("steady_percent", "high_v"), [(100.0, 6.0), (0.0, 6.0), (100.0, 12.0)])
def test_edges_in_x1_and_f_are_found_in_0_3_s(steady_percent: float, high_v: float) -> None:
    """The files say that the generator has stopped, and the line shows its PWM."""
    line = Line()
    line.show(high_v, -12.0, 53.3)
    line.circuit.drive(high_v, -12.0, 53.3)
    began_s = line.now_s

    def looks() -> None:
        for _ in range(50):
            line.now_s += 0.01
            line.voltages.read(steady_percent)

    with pytest.raises(ChipError, match="still switches"):
        looks()
    assert line.now_s - began_s <= 0.32


def test_a_generator_that_stops_is_no_error() -> None:
    line = Line()
    for high_v in (12.0, 9.0, 6.0):
        line.show(high_v, -12.0, 53.3)
        for _ in range(100):
            assert line.show(high_v, high_v, 100.0) == pytest.approx((high_v, high_v), abs=0.02)
        line.show(high_v, -12.0, 10.0)
        for _ in range(100):
            assert line.show(-12.0, -12.0, 0.0) == pytest.approx((-12.0, -12.0), abs=0.02)
