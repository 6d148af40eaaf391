"""The meter chip ATM90E32AS as a model: 32 bits in, 32 bits out.

Sources as in `nodes.board.atm90e32`. Where they say nothing, the model assumes: a transfer of
another length has no effect; an energy register that is full stays so; MISO is high while the chip
does not drive it; values are zeros for `FIRST_S` after metering begins; the reset value of a gain
is 0x8000. The thresholds below which nothing is counted are not modelled.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from nodes.board.atm90e32 import (
    ADDRESS_MASK,
    AN_ENERGY,
    AP_ENERGY,
    CFG_REG_ACC_EN,
    CURRENT_A,
    ENERGY_WH,
    FACTOR,
    FREQ,
    FREQUENCY_HZ,
    FULL,
    I_GAIN,
    I_RMS,
    LAST_SPI_DATA,
    METER_EN,
    MMODE0,
    P_MEAN,
    P_MEAN_LSB,
    PF_MEAN,
    PL_CONST,
    PL_CONST_H,
    PL_CONST_L,
    POWER_W,
    READ_BIT,
    RESET_KEY,
    SOFT_RESET,
    U_GAIN,
    U_RMS,
    UNLOCK,
    VOLTAGE_V,
)
from nodes.board.models.spi import ChipModel

Value = Callable[[], float]

LAST_PROTECTED = 0x6F  # registers up to here are written only while unlocked
RESET_GAIN = 0x8000
FIRST_S = 0.2
RESET_VALUES = {
    PL_CONST_H: PL_CONST >> 16,
    PL_CONST_L: PL_CONST & 0xFFFF,
    MMODE0: 0x0087,
    **dict.fromkeys((*U_GAIN, *I_GAIN), RESET_GAIN),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredPhase:
    """What flows in one phase. Each is called at each transfer."""

    voltage_v: Value
    current_a: Value
    power_w: Value  # negative: exported
    power_factor: Value
    imported_wh: Value  # counters that never fall
    exported_wh: Value


class MeterChipState(Struct, kw_only=True):
    """What the chip keeps while it is supplied."""

    written: dict[int, int]  # by address, as the next three
    values: dict[int, int]
    energies: dict[int, float]  # counts
    seen_wh: dict[int, float]
    last: int = 0  # LastSPIData
    began_s: float = math.inf  # when metering began


class MeterChipMemory(Protocol):
    """Where that is kept: in a process, or in a file for all processes that use the chip."""

    def hold(self, new: Callable[[], MeterChipState]) -> AbstractContextManager[MeterChipState]:
        """Give the state for one transfer; `new` makes that of a chip that was just supplied."""


class OwnMemory(MeterChipMemory):
    """The memory of a chip that one process uses."""

    def __init__(self) -> None:
        self._state: MeterChipState | None = None

    @contextmanager
    def hold(self, new: Callable[[], MeterChipState]) -> Iterator[MeterChipState]:
        """See `MeterChipMemory.hold`."""
        if self._state is None:
            self._state = new()
        yield self._state


class Atm90e32Model(ChipModel):
    """See `nodes.board.models.spi.ChipModel`."""

    modes = (3,)
    most_hz = 1_500_000  # assumed: ten periods of 16.384 MHz for a bit

    def __init__(
        self,
        phases: tuple[MeteredPhase, MeteredPhase, MeteredPhase],
        frequency_hz: Value,
        now_s: Value,
        *,
        is_dead: Callable[[], bool] = lambda: False,
        is_frozen: Callable[[], bool] = lambda: False,
        gain: int = RESET_GAIN,
        memory: MeterChipMemory | None = None,
        news: Callable[[], object] = object,
    ) -> None:
        """Make a chip that was just supplied.

        :param now_s: monotonic time [s].
        :param is_dead: nothing answers: MISO is high.
        :param is_frozen: the values stay as they are, and nothing is counted.
        :param gain: of voltages and currents, at which the chip shows what flows.
        :param memory: None: one of its own.
        :param news: while it returns the same object, nothing that the chip measures has changed.
        """
        self._phases = phases
        self._frequency_hz = frequency_hz
        self._now_s = now_s
        self._is_dead = is_dead
        self._is_frozen = is_frozen
        self._gain = gain
        counters = [each.imported_wh for each in phases] + [each.exported_wh for each in phases]
        self._counters = dict(zip((*AP_ENERGY, *AN_ENERGY), counters, strict=True))
        self._news = news
        self._measured: object = None  # what `news` returned at the last measurement
        self._memory = memory or OwnMemory()
        if memory is None:
            self.reset()

    def reset(self) -> None:
        """Lose the supply for a moment: all registers have their reset values."""
        with self._memory.hold(self._new) as state:
            self._reset(state)

    def transfer(self, sent: bytes) -> bytes:
        """See `nodes.board.models.spi.ChipModel.transfer`."""
        if self._is_dead():
            return b"\xff" * len(sent)
        with self._memory.hold(self._new) as state:
            self._measure(state)
            if len(sent) != 4:
                return b"\xff" * len(sent)
            address, value = int.from_bytes(sent[:2], "big"), int.from_bytes(sent[2:], "big")
            if address & READ_BIT:
                state.last = self._read(state, address & ADDRESS_MASK)
                return b"\xff\xff" + state.last.to_bytes(2, "big")
            state.last = value
            self._write(state, address & ADDRESS_MASK, value)
            return b"\xff" * 4

    def _new(self) -> MeterChipState:
        return MeterChipState(
            written=dict(RESET_VALUES),
            values={},
            energies=dict.fromkeys(self._counters, 0.0),
            seen_wh={address: counter() for address, counter in self._counters.items()},
        )

    def _reset(self, state: MeterChipState) -> None:
        fresh = self._new()
        for name in fresh.__struct_fields__:
            setattr(state, name, getattr(fresh, name))

    def _read(self, state: MeterChipState, address: int) -> int:
        if address == LAST_SPI_DATA:
            return state.last
        if address in state.energies:
            counts = min(int(state.energies[address]), FULL)
            state.energies[address] -= counts
            return counts
        return state.values.get(address, state.written.get(address, 0))

    def _write(self, state: MeterChipState, address: int, value: int) -> None:
        if address == SOFT_RESET and value == RESET_KEY:
            self._reset(state)
            return
        if address > CFG_REG_ACC_EN:
            return
        if address <= LAST_PROTECTED and state.written.get(CFG_REG_ACC_EN) != UNLOCK:
            return
        if address == METER_EN and value and not _is_metering(state):
            state.began_s = self._now_s()
        state.written[address] = value
        self._measured = None  # another gain

    def _measure(self, state: MeterChipState) -> None:
        """Count what has flowed since the last transfer, and renew the values."""
        news = self._news()
        if news is self._measured and state.values:
            return
        self._measured = news
        counts = _is_metering(state) and not self._is_frozen()
        for address, counter in self._counters.items():
            now_wh = counter()
            if counts:
                share = self._ratio(state, address & 3)
                flowed = (now_wh - state.seen_wh[address]) * share / ENERGY_WH
                state.energies[address] = min(state.energies[address] + flowed, float(FULL))
            state.seen_wh[address] = now_wh
        if not _is_metering(state) or self._now_s() < state.began_s + FIRST_S:
            state.values = {}
        elif counts:
            state.values = self._shown(state)

    def _ratio(self, state: MeterChipState, number: int) -> float:
        """Return how much of the power of a phase (1 to 3) the gains show; 1.0: all of it."""
        voltage, current = state.written[U_GAIN[number - 1]], state.written[I_GAIN[number - 1]]
        return voltage * current / self._gain**2

    def _shown(self, state: MeterChipState) -> dict[int, int]:
        """Return the registers of measured values."""
        shown = {FREQ: _word(self._frequency_hz() / FREQUENCY_HZ)}
        for index, phase in enumerate(self._phases):
            voltage = phase.voltage_v() * state.written[U_GAIN[index]] / self._gain
            current = abs(phase.current_a()) * state.written[I_GAIN[index]] / self._gain
            power = round(phase.power_w() * self._ratio(state, index + 1) / POWER_W)
            shown[U_RMS[index]] = _word(voltage / VOLTAGE_V)
            shown[I_RMS[index]] = _word(current / CURRENT_A)
            shown[P_MEAN[index]] = power >> 16 & 0xFFFF
            shown[P_MEAN_LSB[index]] = power & 0xFFFF
            shown[PF_MEAN[index]] = round(phase.power_factor() / FACTOR) & 0xFFFF
        return shown


def _is_metering(state: MeterChipState) -> bool:
    return state.written.get(METER_EN, 0) != 0


def _word(steps: float) -> int:
    return min(max(round(steps), 0), 0xFFFF)
