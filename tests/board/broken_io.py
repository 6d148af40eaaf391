"""The I/O of the simulated board with something broken on the board itself."""

from bus import Bus
from nodes.board import analog_inputs, reference
from nodes.board.io import Io
from nodes.board.io_model import ModelIo
from nodes.board.models.mcp3208 import Mcp3208Model
from nodes.board.models.spi import ChipModel

MODULE = "tests.board.broken_io"

bits = {"set": 0, "cleared": 0}  # of the third byte of the shift registers
plus_v = [12.0]  # the supply of the pilot's driver


class BrokenIo(ModelIo):
    """See `nodes.board.io_model.ModelIo`."""

    def _switches(self) -> tuple[int, int, int]:
        dip1, dip2, single = super()._switches()
        return dip1, dip2, (single | bits["set"]) & ~bits["cleared"]

    def _converter(self) -> ChipModel:
        sound = super()._converter()
        assert isinstance(sound, Mcp3208Model)

        def volts(channel: int) -> float:
            if channel == reference.PLUS_CHANNEL:
                return analog_inputs.pin_v(analog_inputs.plus_counts(plus_v[0]))
            pin_v = sound.volts(channel)
            if channel not in (reference.CP_HIGH_CHANNEL, reference.CP_RAW_CHANNEL):
                return pin_v
            line_v = (pin_v - reference.CP_OFFSET_V) / reference.CP_RATIO
            if line_v > 0.0:  # the divider of source and vehicle, whose diode has 0.7 V
                line_v = 0.7 + (line_v - 0.7) * (plus_v[0] - 0.7) / (12.0 - 0.7)
            return line_v * reference.CP_RATIO + reference.CP_OFFSET_V

        return Mcp3208Model(volts)


def open_io(bus: Bus) -> Io:
    """See `nodes.board.io_model.open_io`."""
    return BrokenIo(bus)
