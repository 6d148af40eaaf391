"""The CP line of the board: hardware PWM, the relay to the cable, and the converter.

GPIO12 gives the pilot's driver its half-waves: high is +12 V, low -12 V. The PWM is hardware and
continues without this process, so a handover leaves it and the relay as they are. The voltages are
measured before the relay: an open relay reads as state A, no vehicle.
"""

from typing import Annotated

from msgspec import Meta, Struct

from bus import Bus
from msgs.pilot import STATE_F_PERCENT, X1_PERCENT
from nodes.board import reference
from nodes.board.io import RASPBERRY, open_io
from nodes.board.mcp3208 import CLOCK_HZ, MODE, Mcp3208
from nodes.board.opening import SpiPlace, open_link
from nodes.board.pilot_voltages import PilotVoltages
from nodes.board.pins import Pins
from nodes.board.pwm import PwmChannel
from nodes.board.spi_link import ChipError
from nodes.pilot.cp_line import CpLine, CpLineReading

PERIOD_NS = 1_000_000  # 1 kHz: IEC 61851-1, Table A.2


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The I/O, the channel of the PWM, the relay's pin and the converter."""

    io: str = RASPBERRY
    pwm_device: str = reference.PWM_DEVICE
    pwm_channel: Annotated[int, Meta(ge=0, le=3)] = reference.CP_CHANNEL
    connect_pin: Annotated[int, Meta(ge=0, le=27)] = reference.CP_CONNECT_PIN
    spi: SpiPlace = reference.CONVERTER_SPI
    # As those of safety's converter, which measures the same voltages.
    pilot_gain: Annotated[float, Meta(ge=0.95, le=1.05)] = 1.0
    pilot_offset_v: Annotated[float, Meta(ge=-0.5, le=0.5)] = 0.0


class BoardCpLine(CpLine):
    """See `nodes.pilot.cp_line.CpLine`."""

    def __init__(self, channel: PwmChannel, voltages: PilotVoltages) -> None:
        self._channel = channel
        self._voltages = voltages

    def read(self) -> CpLineReading | None:
        """See `nodes.pilot.cp_line.CpLine.read`."""
        setting = self._channel.read()
        if setting is None:
            return None
        percent = setting.duty_percent if setting.is_enabled else STATE_F_PERCENT
        try:
            high_v, low_v = self._voltages.read(percent)
        except ChipError:
            return None
        return CpLineReading(high_v=high_v, low_v=low_v, duty_percent=percent)

    def drive(self, duty_percent: float) -> None:
        """See `nodes.pilot.cp_line.CpLine.drive`.

        A refusal by the kernel shows in the duty that is read back.
        """
        self._channel.set(PERIOD_NS, round(PERIOD_NS * duty_percent / 100.0))

    def shutdown(self) -> None:
        """See `nodes.pilot.cp_line.CpLine.shutdown`."""
        self.drive(X1_PERCENT)

    def handover(self) -> None:
        """See `nodes.pilot.cp_line.CpLine.handover`."""


def open(bus: Bus, parameters: Parameters) -> CpLine:
    """Open the CP line. What the generator does is left to the node.

    :raises DriverError: there is no such PWM or SPI device.
    """
    io = open_io(parameters.io, bus)
    channel = PwmChannel(io.pwm, parameters.pwm_device, parameters.pwm_channel)
    link = open_link(io, parameters.spi, mode=MODE, clock_hz=CLOCK_HZ)
    pins = Pins(bus, io)
    pins.output(parameters.connect_pin, True)
    voltages = PilotVoltages(
        Mcp3208(link),
        bus.clock.now_s,
        gain=parameters.pilot_gain,
        offset_v=parameters.pilot_offset_v,
    )
    return BoardCpLine(channel, voltages)
