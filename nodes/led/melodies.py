"""The tones of the buzzer as notes. Pure. Source: hardware.md 3.5, which recommends them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from msgs.led import Tone

NOTE_S: Final = 0.12
LOW_HZ, MIDDLE_HZ, HIGH_HZ = 880, 1175, 1568


class BuzzerNote(NamedTuple):
    """One frequency for a time."""

    frequency_hz: int
    duration_s: float

    @property
    def period_ns(self) -> int:
        """Return the period of the frequency [ns]."""
        return round(1e9 / self.frequency_hz)


def _notes(*frequencies_hz: int) -> tuple[BuzzerNote, ...]:
    return tuple(BuzzerNote(frequency_hz, NOTE_S) for frequency_hz in frequencies_hz)


MELODIES: Final[Mapping[Tone, tuple[BuzzerNote, ...]]] = MappingProxyType(
    {
        Tone.NONE: (),
        Tone.RISING: _notes(LOW_HZ, MIDDLE_HZ, HIGH_HZ),
        Tone.FALLING: _notes(HIGH_HZ, MIDDLE_HZ, LOW_HZ),
        Tone.SERVICE: (BuzzerNote(2000, 0.2),),
        Tone.SINGLE: _notes(MIDDLE_HZ),  # assumed
    }
)
