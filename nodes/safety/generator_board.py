"""The pilot's generator as the kernel's PWM files show it; they are read and never written."""

from typing import Annotated

from msgspec import Meta, Struct

from bus import Bus
from msgs.pilot import STATE_F_PERCENT
from nodes.board import reference
from nodes.board.io import RASPBERRY, open_io
from nodes.board.pwm import PwmReader
from nodes.safety.generator import Generator, GeneratorReading


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The I/O and the channel of the PWM."""

    io: str = RASPBERRY
    pwm_device: str = reference.PWM_DEVICE
    pwm_channel: Annotated[int, Meta(ge=0, le=3)] = reference.CP_CHANNEL


class BoardGenerator(Generator):
    """See `nodes.safety.generator.Generator`."""

    def __init__(self, reader: PwmReader) -> None:
        self._reader = reader

    def read(self) -> GeneratorReading | None:
        """See `nodes.safety.generator.Generator.read`.

        A channel that is switched off gives a low pin, and so state F.
        """
        setting = self._reader.read()
        if setting is None:
            return None
        percent = setting.duty_percent if setting.is_enabled else STATE_F_PERCENT
        return GeneratorReading(duty_percent=percent)


def open(bus: Bus, parameters: Parameters) -> Generator:
    """Open the read-back of the pilot's generator."""
    files = open_io(parameters.io, bus).pwm
    return BoardGenerator(PwmReader(files, parameters.pwm_device, parameters.pwm_channel))
