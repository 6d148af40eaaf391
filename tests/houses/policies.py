"""Policies: how much a vehicle is offered beside the other loads. The arbiter, and simple ones.

The simple ones follow what `field.md` of the specification says of the defaults of openWB, evcc and
SmartEVSE, re-stated for one box: its section (f), and the periods in (c). Where it says nothing,
the choice is in the comment, and favours the policy. They are no measurement of those products.
"""

import math
from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from msgs.pilot import MAX_OFFER_A, MIN_OFFER_A, CpState
from msgs.settings import PhaseAssignment
from msgs.wish import NO_WISHES
from nodes.load_manager.inputs import Inputs
from nodes.load_manager.machine import Config, step
from nodes.load_manager.node import Parameters
from nodes.load_manager.state import start
from nodes.load_manager.supply_limits import SupplyLimits
from nodes.load_manager.wishes import Source
from tests.builders import (
    charging_safety,
    charging_session,
    meter_reading,
    pilot_status,
    safety_status,
)
from tests.houses.days import Amps3

POLL_S = 1.0


class View(Struct, frozen=True, kw_only=True):
    """What a policy is shown at one instant."""

    now_s: float
    read_s: float  # when the house meter was read
    total_a: Amps3  # at the connection, the vehicle included
    drawn: Sequence[tuple[float, Amps3]]  # since the last instant: when, and what by the vehicle
    phases: int  # of the vehicle
    offered_a: float
    cp_state: CpState
    is_closed: bool  # the contactor
    energy_wh: float


class Policy(Protocol):
    """How much is offered, decided once a period after a reading of the house meter."""

    name: str
    period_s: float
    is_foreseeing: bool  # it decides before the loads change, and its vehicle follows at once

    def offer_a(self, view: View) -> float:
        """Return the offer; 0: none."""


class Arbiter:
    """load_manager: its machine with its parameters, one step for each reading."""

    name = "arbiter"
    period_s = POLL_S
    is_foreseeing = False

    def __init__(self, fuse_a: float, begun_s: float) -> None:
        self._config = Config(margin_a=Parameters().margin_a)
        self._state = start(begun_s)
        self._limits = SupplyLimits(
            monitoring=True, meter="", main_fuse_a=fuse_a, phases=PhaseAssignment.L1_L2_L3
        )
        self._sources = (Source(name="app", wishes=NO_WISHES),)
        self.reason = ""

    def offer_a(self, view: View) -> float:
        offered_a, cp_state = view.offered_a, view.cp_state
        safety = charging_safety if view.is_closed else safety_status
        inputs = Inputs(
            now_s=view.now_s,
            supply_limits=self._limits,
            pilot=pilot_status(cp_state, offered_a),
            is_sent_after_start=True,
            safety=safety(cp_state=cp_state, offered_a=offered_a),
            session=charging_session(energy_wh=view.energy_wh),
            box_readings=tuple(meter_reading(drawn_a, at_s) for at_s, drawn_a in view.drawn),
            house=meter_reading(view.total_a, view.read_s, poll_s=POLL_S),
            sources=self._sources,
        )
        self._state, outputs = step(self._config, self._state, inputs)
        if outputs.offer is None:
            return offered_a
        self.reason = outputs.offer.reason
        return outputs.offer.limit_a


class NoManagement:
    """What the installation allows, whatever the house draws."""

    name = "none"
    period_s = 10.0
    is_foreseeing = False

    def __init__(self, fuse_a: float, begun_s: float) -> None:
        self._offer_a = min(fuse_a, MAX_OFFER_A)

    def offer_a(self, view: View) -> float:
        return self._offer_a


class OpenWb:
    """As openWB: every 10 s what is left on the phase with least, counted at the actual draw."""

    name = "as openWB"
    period_s = 10.0  # (c): control period 10 s
    is_foreseeing = False

    def __init__(self, fuse_a: float, begun_s: float) -> None:
        self._fuse_a = fuse_a

    def offer_a(self, view: View) -> float:
        # (f): per phase; "cars drawing less than granted are counted at actual draw"
        drawn_a = view.drawn[-1][1]
        left_a = min(
            self._fuse_a - view.total_a[line] + drawn_a[line] for line in range(view.phases)
        )
        return _offered(left_a, 0.1)


class Evcc:
    """As evcc: every 30 s the offer grows or shrinks by what the fullest phase leaves."""

    name = "as evcc"
    period_s = 30.0  # (c): control period 30 s
    is_foreseeing = False

    def __init__(self, fuse_a: float, begun_s: float) -> None:
        self._fuse_a = fuse_a

    def offer_a(self, view: View) -> float:
        # (f): "circuit tree caps the increase with (limit - measured maximum phase)"; max of all
        # three phases. Without an offer the vehicle draws nothing, so all that is left counts.
        left_a = self._fuse_a - max(view.total_a)
        drawn_a = max(view.drawn[-1][1]) if view.offered_a else 0.0
        return _offered(drawn_a + left_a, 1.0)


class SmartEvse:
    """As SmartEVSE: each second up by a quarter of what is left, down by all that is missing."""

    name = "as SmartEVSE"
    period_s = 1.0  # (c): 1 s loop
    is_foreseeing = False
    _STOPS_AFTER_S = 10.0  # not in field.md: "if hard shortage persists"
    _WAITS_S = 60.0  # (f)

    def __init__(self, fuse_a: float, begun_s: float) -> None:
        self._fuse_a = fuse_a
        self._offer_a = 0.0
        self._short_since_s: float | None = None
        self._stopped_until_s = -math.inf

    def offer_a(self, view: View) -> float:
        left_a = self._fuse_a - max(view.total_a)  # (f): no phases
        if self._offer_a == 0.0:
            # A new box is refused if 6 A do not fit.
            if view.now_s < self._stopped_until_s or left_a < MIN_OFFER_A:
                return 0.0
            self._offer_a = MIN_OFFER_A
            return self._offer_a
        wanted_a = self._offer_a + (left_a / 4.0 if left_a > 0.0 else left_a)
        if wanted_a >= MIN_OFFER_A:
            self._short_since_s = None
            self._offer_a = min(wanted_a, MAX_OFFER_A)
            return _offered(self._offer_a, 0.1)
        if self._short_since_s is None:
            self._short_since_s = view.now_s
        self._offer_a = MIN_OFFER_A  # (f): the running set is kept at 6 A
        if view.now_s - self._short_since_s >= self._STOPS_AFTER_S:
            self._short_since_s = None
            self._offer_a = 0.0
            self._stopped_until_s = view.now_s + self._WAITS_S
        return self._offer_a


class Clairvoyant:
    """The best in hindsight: at each instant all that the fuse leaves, to a vehicle without delay.

    No closing is avoided, no margin kept.
    """

    name = "clairvoyant"
    period_s = 0.2
    is_foreseeing = True

    def __init__(self, fuse_a: float, begun_s: float) -> None:
        self._fuse_a = fuse_a

    def offer_a(self, view: View) -> float:
        drawn_a = view.drawn[-1][1]
        left_a = min(
            self._fuse_a - view.total_a[line] + drawn_a[line] for line in range(view.phases)
        )
        return _offered(left_a, 0.1)


def _offered(limit_a: float, step_a: float) -> float:
    """Return a limit as it can be offered, down to a step."""
    offer_a = math.floor(min(limit_a, MAX_OFFER_A) / step_a + 1e-6) * step_a
    return round(offer_a, 1) if offer_a >= MIN_OFFER_A else 0.0


POLICIES: tuple[Callable[[float, float], Policy], ...] = (  # of the main fuse [A] and the time [s]
    Clairvoyant,
    Arbiter,
    OpenWb,
    Evcc,
    SmartEvse,
    NoManagement,
)
