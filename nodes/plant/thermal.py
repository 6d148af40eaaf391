"""Temperatures of the box (one body) and of its terminal, and the over-temperature switch."""

import math

from msgspec import Struct
from msgspec.structs import replace

from nodes.plant.mains import Phases

BOX_K_PER_W = 2.2  # with 1200 J/K a time constant of 44 min: a closed plastic housing
BOX_J_PER_K = 1200.0
IDLE_W = 4.0  # electronics and coil
POLE_OHM = 0.004  # contactor and terminal, each pole
TERMINAL_K_PER_A2 = 0.004  # assumed: 4 K above the box at 32 A
TERMINAL_S = 20.0  # assumed: time constant of a terminal and its sensor
FAULT_K = 60.0  # assumed: what the fault `hot` adds; beyond 80 degC within half a minute
SWITCH_OPENS_C = 95.0  # assumed: above the electronic cut-off of 80 degC
SWITCH_CLOSES_C = 80.0  # assumed: hysteresis of a bimetal switch

RESTS_WITHIN_K = 0.01  # a tenth of the sensors' resolution

_BOX_S = BOX_K_PER_W * BOX_J_PER_K


class Temperatures(Struct, frozen=True, kw_only=True):
    """Temperatures, and whether the over-temperature switch has opened."""

    board_c: float
    rise_k: float = 0.0  # of the terminal above the board
    switch_open: bool = False

    @property
    def terminal_c(self) -> float:
        """Return the terminal's temperature [degC]."""
        return self.board_c + self.rise_k


def at_rest(ambient_c: float) -> Temperatures:
    """Return the temperatures of a box without load in thermal equilibrium."""
    return Temperatures(board_c=ambient_c + BOX_K_PER_W * IDLE_W)


def warm(
    heat: Temperatures, ambient_c: float, pole_a: Phases, is_faulty: bool, dt_s: float
) -> Temperatures:
    """Return the temperatures after a time at a current on each pole; exact for any time."""
    board_c, rise_k = _end(ambient_c, pole_a, is_faulty)
    if heat.board_c == board_c and heat.rise_k == rise_k:
        return heat
    return Temperatures(
        board_c=board_c + (heat.board_c - board_c) * math.exp(-dt_s / _BOX_S),
        rise_k=rise_k + (heat.rise_k - rise_k) * math.exp(-dt_s / TERMINAL_S),
        switch_open=heat.switch_open,
    )


def is_at_rest(heat: Temperatures, ambient_c: float, pole_a: Phases, is_faulty: bool) -> bool:
    """Return whether the temperatures are in equilibrium at a current on each pole."""
    board_c, rise_k = _end(ambient_c, pole_a, is_faulty)
    return abs(heat.board_c - board_c) + abs(heat.rise_k - rise_k) <= RESTS_WITHIN_K


def settle(heat: Temperatures) -> Temperatures:
    """Return the temperatures with the over-temperature switch that follows from them."""
    if heat.switch_open:
        return replace(heat, switch_open=False) if heat.terminal_c < SWITCH_CLOSES_C else heat
    return replace(heat, switch_open=True) if heat.terminal_c > SWITCH_OPENS_C else heat


def _end(ambient_c: float, pole_a: Phases, is_faulty: bool) -> tuple[float, float]:
    """Return board temperature [degC] and rise of the terminal [K] in equilibrium."""
    one_a2, two_a2, three_a2 = pole_a[0] ** 2, pole_a[1] ** 2, pole_a[2] ** 2
    board_c = ambient_c + BOX_K_PER_W * (IDLE_W + POLE_OHM * (one_a2 + two_a2 + three_a2))
    rise_k = TERMINAL_K_PER_A2 * max(one_a2, two_a2, three_a2) + (FAULT_K if is_faulty else 0.0)
    return board_c, rise_k
