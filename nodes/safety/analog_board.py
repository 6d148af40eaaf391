"""The converter of the board: MCP3208 on SPI, shared with pilot (one transfer is atomic).

Each read takes both pilot plateaus and checks that the converter answers. Earth loop and
temperatures are read in turn, one each time: they are three reads old at most. A read takes 9
transfers of 24 us, one more for each that has failed, and two more after a read without a result.
"""

from collections.abc import Callable
from itertools import cycle
from typing import Annotated

from msgspec import Meta, Struct

from bus import Bus
from msgs.pilot import STATE_F_PERCENT
from nodes.board.analog_inputs import earth_ohm, ntc_c
from nodes.board.io import RASPBERRY, open_io
from nodes.board.mcp3208 import CLOCK_HZ, MODE, Mcp3208
from nodes.board.opening import SpiPlace, open_link
from nodes.board.pilot_voltages import PilotVoltages
from nodes.board.pwm import PwmReader
from nodes.board.reference import (
    BOARD_CHANNEL,
    CONVERTER_SPI,
    CP_CHANNEL,
    EARTH_CHANNEL,
    PWM_DEVICE,
    TERMINAL_CHANNEL,
)
from nodes.board.spi_link import ChipError
from nodes.safety.analog import Analog, AnalogReading

_CONVERT = {EARTH_CHANNEL: earth_ohm, TERMINAL_CHANNEL: ntc_c, BOARD_CHANNEL: ntc_c}


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the converter is, how its inputs differ from the nominal ones, where the duty is read.

    What is measured is multiplied by the gain, then the offset is added.
    """

    io: str = RASPBERRY
    spi: SpiPlace = CONVERTER_SPI
    clock_hz: Annotated[int, Meta(ge=10_000, le=CLOCK_HZ)] = CLOCK_HZ
    pwm_device: str = PWM_DEVICE
    pwm_channel: Annotated[int, Meta(ge=0, le=3)] = CP_CHANNEL
    pilot_gain: Annotated[float, Meta(ge=0.95, le=1.05)] = 1.0
    pilot_offset_v: Annotated[float, Meta(ge=-0.5, le=0.5)] = 0.0
    earth_gain: Annotated[float, Meta(ge=0.8, le=1.2)] = 1.0
    earth_offset_ohm: Annotated[float, Meta(ge=-50.0, le=50.0)] = 0.0
    terminal_offset_k: Annotated[float, Meta(ge=-5.0, le=5.0)] = 0.0
    board_offset_k: Annotated[float, Meta(ge=-5.0, le=5.0)] = 0.0


class BoardAnalog(Analog):
    """See `nodes.safety.analog.Analog`."""

    def __init__(
        self,
        now_s: Callable[[], float],
        parameters: Parameters,
        converter: Mcp3208,
        pwm: PwmReader,
    ) -> None:
        self._parameters = parameters
        self._converter = converter
        self._pilot = PilotVoltages(
            converter, now_s, gain=parameters.pilot_gain, offset_v=parameters.pilot_offset_v
        )
        self._pwm = pwm
        self._turn = cycle(_CONVERT)
        self._slow: dict[int, float] = {}  # by channel; empty after a failure

    def read(self) -> AnalogReading | None:
        """See `nodes.safety.analog.Analog.read`. None also if the duty cannot be read."""
        setting = self._pwm.read()
        if setting is None:
            return None
        try:
            percent = setting.duty_percent if setting.is_enabled else STATE_F_PERCENT
            high_v, low_v = self._pilot.read(percent)
            for channel in _CONVERT if not self._slow else (next(self._turn),):
                self._slow[channel] = _CONVERT[channel](self._converter.counts(channel))
        except ChipError:
            self._slow.clear()
            return None
        return self._calibrated(high_v, low_v)

    def due_s(self) -> float:
        """See `bus.Driver.due_s`. Each look reads a part, so each is needed."""
        return 0.0

    def _calibrated(self, high_v: float, low_v: float) -> AnalogReading:
        parameters, slow = self._parameters, self._slow
        earth = slow[EARTH_CHANNEL] * parameters.earth_gain + parameters.earth_offset_ohm
        return AnalogReading(
            high_v=high_v,
            low_v=low_v,
            earth_ohm=max(0.0, earth),
            terminal_c=slow[TERMINAL_CHANNEL] + parameters.terminal_offset_k,
            board_c=slow[BOARD_CHANNEL] + parameters.board_offset_k,
        )


def open(bus: Bus, parameters: Parameters) -> Analog:
    """Open the converter, and the PWM whose duty decides which channels are read."""
    io = open_io(parameters.io, bus)
    link = open_link(io, parameters.spi, mode=MODE, clock_hz=parameters.clock_hz)
    pwm = PwmReader(io.pwm, parameters.pwm_device, parameters.pwm_channel)
    return BoardAnalog(bus.clock.now_s, parameters, Mcp3208(link), pwm)
