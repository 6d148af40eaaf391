"""One plug-in in one house under a policy, and its measures. Pure; the vehicle is that of plant.

Time runs on a grid of 0.2 s. While nothing has changed for a while and the policy waits for
nothing, the grid is left out up to shortly before the next change of the other loads: a reading
that equals the ones before it changes no offer (`test_run.py` compares both).
"""

import math
from collections.abc import Callable

from msgspec.structs import replace

from msgs.pilot import MIN_OFFER_A, STATE_F_PERCENT, CpState, duty_of_offer
from nodes.plant import vehicle
from nodes.plant.mains import NOMINAL_V
from nodes.plant.vehicle import EFFICIENCY_RATIO, Vehicle
from tests.houses.days import NOTHING, TICK_S, Amps3, HouseDay
from tests.houses.measures import Measures, Overloads
from tests.houses.policies import Policy, View

DECIDES_AFTER = 1  # ticks after the reading: the reading of the box that follows it is known then
CLOSES_S = 1.4  # S2 closed to the contacts closed: safety's self-test, as measured in the graph
OPENS_S = 6.0  # in X1 under load
OPENS_BELOW_A = 1.0
SLEEPS_AFTER_S = 300.0  # without an offer
WAKE_AFTER_S, WAKE_S = 30.0, 4.0  # nodes/pilot/waking.py: state F for 4 s
HEADROOM_A = 0.6  # an offer that much below the most possible one may be about to rise
TICKS_A_SECOND = 5
MOST_TICKS = 25  # at once
QUIET_S = 25.0  # longer than any window of the arbiter beside those that `_is_waiting` covers
IMPATIENT_S = 1000.0  # longer than its longest wait, for a pause and for a clamp's proof
BEFORE_S = 3.0  # a change: readings are taken again
CHUNK_S = 10.0


class HouseRun:
    """A house, a box and a vehicle, from the plug-in on."""

    def __init__(self, day: HouseDay, make: Callable[[float, float], Policy]) -> None:
        self.day = day
        self.tick = round(day.plugged_s / TICK_S)
        self.now_s = day.plugged_s
        self.policy = policy = make(day.fuse_a, self.now_s)
        charger = day.parked.charger
        if policy.is_foreseeing:
            charger = replace(
                charger,
                ready_after_s=0.0,
                start_delay_s=0.0,
                precharge_s=0.0,
                dead_time_s=0.0,
                ramp_up_a_s=1000.0,
                ramp_down_a_s=1000.0,
            )
        self.charger = charger
        self.car: Vehicle = vehicle.arrive(charger, self.now_s)
        self.offer_a = 0.0
        self.is_closed = False
        self.measures = Measures()
        self.offers: list[tuple[float, float]] = []  # each change
        self.others_a: Amps3 = NOTHING
        self._index = 0
        self._is_begun = False
        self._battery_a = 0.0
        self._battery_wh = 0.0
        if day.battery is not None:
            self._battery_wh = day.battery.charged_ratio * day.battery.battery_wh
        self._overloads = Overloads(day.fuse_a, self.measures)
        self._drawn: list[tuple[float, Amps3]] = []
        self._read: tuple[float, Amps3] | None = None  # since time was left out: when, what
        self._period = round(policy.period_s / TICK_S)
        self._moved_s = self.now_s  # the last change of anything
        self._level_a = 0.0  # the vehicle's current then
        self._leaves_out = True
        self._closes_s: float | None = None
        self._offered_s: float | None = None  # since when an offer is not answered
        self._paused_s: float | None = self.now_s
        self._heard: tuple[float, bool] | None = None  # duty and power when the vehicle settled
        self._settled_tick = 0  # when
        self._car_due_s = -math.inf  # when it changes by itself
        self._wakes_until_s = -math.inf

    def run(self, counts_until_s: float = math.inf, leaves_out: bool = True) -> Measures:
        """Run until the plug is out or the vehicle is full."""
        measures, day = self.measures, self.day
        self._leaves_out = leaves_out
        while self.now_s < day.leaves_s - TICK_S / 2.0 and not self.car.is_full:
            if leaves_out and self.now_s - self._moved_s >= QUIET_S and not self._is_waiting():
                until_s = min(self._next_change_s(), self._car_due_s) - BEFORE_S
                until_s = min(until_s, day.leaves_s)
                if until_s > self.now_s + CHUNK_S / 2.0:
                    self._leave_out(until_s, counts_until_s)
                    continue
            self._take_tick(counts_until_s)
        if self.car.is_full:
            measures.full_s = self.now_s
        measures.hours = (self.now_s - day.plugged_s) / 3600.0
        return measures

    # --- one tick ------------------------------------------------------------------------------

    def _take_tick(self, counts_until_s: float) -> None:
        now_s, policy = self.now_s, self.policy
        self._switch_house()
        drawn_a = self._lines()
        is_reading = self.tick % self._period == 0
        is_deciding = is_reading
        if not policy.is_foreseeing:
            is_deciding = self.tick % self._period == DECIDES_AFTER
        if is_reading or is_deciding or self.car.current_a != self.car.target_a:
            self._drawn.append((now_s, drawn_a))
        if is_reading:
            self._read = (now_s, self._total(drawn_a))
        if is_deciding and self._read is not None:
            self._decide(*self._read)
        self._move_contactor()
        before_a = self.car.current_a
        self._move_vehicle()
        # While it ramps, the larger of both ends of the tick counts.
        after_a = self.car.current_a
        most_a = after_a if policy.is_foreseeing else max(before_a, after_a)
        ticks = self._steady_ticks()
        self._account(most_a, (before_a + after_a) / 2.0, ticks * TICK_S, counts_until_s)
        if abs(after_a - self._level_a) > 0.2 or self._closes_s is not None:
            self._level_a = after_a
            self._moved_s = now_s
        self._pass(ticks)

    def _steady_ticks(self) -> int:
        """Return how many ticks in a row, with this one, are equal."""
        car, tick, day = self.car, self.tick, self.day
        if (
            not self._leaves_out
            or car.current_a != car.target_a
            or car.current_a + max(self.others_a) > day.fuse_a
            or car.s2 != self.is_closed
            or (self._paused_s is not None and (self.is_closed or day.parked.sleeps))
            or not car.is_awake
            or self._is_waking()
        ):
            return 1
        until = tick + MOST_TICKS
        if not self.policy.is_foreseeing:
            past = tick % self._period
            until = tick - past + (DECIDES_AFTER if past < DECIDES_AFTER else self._period)
        if day.battery is not None:
            until = min(until, tick - tick % TICKS_A_SECOND + TICKS_A_SECOND)
        if vehicle.is_tapering(car):
            until = min(until, self._settled_tick + TICKS_A_SECOND)
        due_s = min(self._next_change_s(), self._car_due_s, day.leaves_s)
        if due_s < math.inf:
            until = min(until, math.floor(due_s / TICK_S + 1e-6))
        return max(min(until - tick, MOST_TICKS), 1)

    def _pass(self, ticks: int) -> None:
        self.tick += ticks
        self.now_s = round(self.tick * TICK_S, 6)

    def _switch_house(self) -> None:
        starts_s = self.day.starts_s
        while self._index + 1 < len(starts_s) and starts_s[self._index + 1] <= self.now_s + 1e-6:
            self._index += 1
        one, two, three = self.day.others_a[self._index]
        if self.day.battery is not None:
            if self.tick % TICKS_A_SECOND == 0:
                self._follow_battery()
            given_a = self._battery_a
            one, two, three = one - given_a, two - given_a, three - given_a
        others_a = (one, two, three)
        if others_a != self.others_a or not self._is_begun:
            self._is_begun = True
            self.others_a = others_a
            self._moved_s = self.now_s
            self._overloads.switch(self.now_s, others_a)

    def _follow_battery(self) -> None:
        """Let the home battery come halfway nearer to a power of 0 at the connection."""
        battery = self.day.battery
        assert battery is not None
        one, two, three = self.day.others_a[self._index]
        drawn = sum(self._lines())
        rest_a = (one + two + three + drawn) / 3.0 - self._battery_a
        wanted_a = self._battery_a + 0.5 * rest_a
        least_a = -battery.most_a if self._battery_wh < battery.battery_wh else 0.0
        most_a = battery.most_a if self._battery_wh > 0.0 else 0.0
        given_a = round(min(max(wanted_a, least_a), most_a), 2)
        if abs(given_a - self._battery_a) >= 0.1 or given_a == 0.0:
            self._battery_a = given_a

    def _decide(self, read_s: float, total_a: Amps3) -> None:
        car = self.car
        offered_a = 0.0 if self._is_waking() else self.offer_a
        view = View(
            now_s=self.now_s,
            read_s=read_s,
            total_a=total_a,
            drawn=self._drawn or [(self.now_s, self._lines())],
            phases=self.charger.phases,
            offered_a=offered_a,
            cp_state=CpState.C if car.s2 else CpState.B,
            is_closed=self.is_closed,
            energy_wh=self.measures.energy_wh,
        )
        self._drawn = []
        offer_a = self.policy.offer_a(view)
        if offer_a != self.offer_a:
            self.measures.changes += 1
            self.offers.append((self.now_s, offer_a))
            self.offer_a = offer_a
            self._moved_s = self.now_s

    def _move_contactor(self) -> None:
        """Close some time after S2, open without load, or 6 s after the offer has ended."""
        car, now_s = self.car, self.now_s
        if self.offer_a:
            self._paused_s = None
        elif self._paused_s is None:
            self._paused_s = now_s
        if self.is_closed:
            is_paused = self._paused_s is not None
            late = self._paused_s is not None and now_s - self._paused_s >= OPENS_S
            if not car.s2 or (is_paused and (car.current_a < OPENS_BELOW_A or late)):
                self.is_closed = False
        elif car.s2 and self.offer_a:
            if self._closes_s is None:
                self._closes_s = now_s + (0.0 if self.policy.is_foreseeing else CLOSES_S)
            if now_s >= self._closes_s:
                self._closes_s = None
                self.is_closed = True
                self.measures.closings += 1
        else:
            self._closes_s = None

    def _move_vehicle(self, for_s: float = TICK_S) -> None:
        car, now_s = self.car, self.now_s
        if self.day.parked.sleeps and not self.policy.is_foreseeing:
            car = self._sleep_or_wake(car)
        percent = STATE_F_PERCENT if self._is_waking() else duty_of_offer(self.offer_a)
        heard = (percent, self.is_closed)
        # Its taper is followed each second, as in plant.
        is_late = self.tick >= self._settled_tick + TICKS_A_SECOND
        is_tapering = is_late and vehicle.is_tapering(car)
        if heard != self._heard or now_s >= self._car_due_s - 1e-6 or is_tapering or car.is_full:
            for _ in range(2 if self.policy.is_foreseeing else 1):
                car = vehicle.settle(
                    car,
                    self.charger,
                    now_s,
                    heard_percent=percent,
                    has_power=self.is_closed,
                    draws_too_much=False,
                    ignores_x1=False,
                )
            self._heard = heard
            self._settled_tick = self.tick
            self._car_due_s = vehicle.due_s(car, self.charger, now_s)
        self.car = vehicle.ramp(car, self.charger, for_s)

    def _sleep_or_wake(self, car: Vehicle) -> Vehicle:
        now_s = self.now_s
        if self._paused_s is not None and now_s - self._paused_s > SLEEPS_AFTER_S and car.is_awake:
            car = replace(car, is_awake=False)
        if car.is_awake or not self.offer_a:
            self._offered_s = None
        elif self._offered_s is None:
            self._offered_s = now_s
        elif now_s - self._offered_s >= WAKE_AFTER_S and not self._is_waking():
            self._wakes_until_s = now_s + WAKE_S
            self._offered_s = None
        if self._is_waking() or self._offered_s is not None:
            self._moved_s = now_s
        return car

    def _is_waking(self) -> bool:
        return self.now_s < self._wakes_until_s

    def _account(self, most_a: float, mean_a: float, for_s: float, counts_until_s: float) -> None:
        """Count energy and overloads of a time; `most_a`, `mean_a`: of the vehicle's current."""
        measures, phases = self.measures, self.charger.phases
        if self.day.battery is not None:
            gone_wh = 3.0 * self._battery_a * NOMINAL_V * for_s / 3600.0
            self._battery_wh = min(max(self._battery_wh - gone_wh, 0.0), 1e9)
        if mean_a > 0.0:
            taken_wh = phases * mean_a * NOMINAL_V * for_s / 3600.0
            measures.energy_wh += taken_wh
            counted_s = min(max(counts_until_s - self.now_s, 0.0), for_s)
            measures.counted_wh += taken_wh * counted_s / for_s
            charged = self.car.charged_ratio + (
                EFFICIENCY_RATIO * taken_wh / self.charger.battery_wh
            )
            self.car = replace(self.car, charged_ratio=min(charged, 1.0))
        self._overloads.count(self.now_s, most_a, phases, for_s)

    # --- what is left out ----------------------------------------------------------------------

    def _is_waiting(self) -> bool:
        """Return whether time alone may still change the offer."""
        if self.now_s - self._moved_s >= IMPATIENT_S:
            return False
        possible_a = self.day.fuse_a - 0.5 - max(self.others_a[: self.charger.phases])
        if self.offer_a == 0.0:
            return possible_a >= MIN_OFFER_A
        if possible_a < self.offer_a - HEADROOM_A:
            return True
        return self.offer_a < min(possible_a, 32.0) - HEADROOM_A

    def _next_change_s(self) -> float:
        after = self._index + 1
        starts_s = self.day.starts_s
        return starts_s[after] if after < len(starts_s) else math.inf

    def _leave_out(self, until_s: float, counts_until_s: float) -> None:
        """Let time pass in which only energies change, and the vehicle's taper."""
        ticks = round(min(until_s - self.now_s, CHUNK_S) / TICK_S)
        current_a = self.car.current_a
        self._account(current_a, current_a, ticks * TICK_S, counts_until_s)
        self._pass(ticks)
        battery_a = self._battery_a
        self._switch_house()
        if self._battery_a != battery_a:
            self._moved_s = self.now_s
        before_a = self.car.current_a
        self._move_vehicle()
        if abs(self.car.current_a - before_a) > 0.2:
            self._moved_s = self.now_s
        self._level_a = self.car.current_a
        self._drawn = []
        self._read = None

    # --- small ---------------------------------------------------------------------------------

    def _lines(self) -> Amps3:
        current_a = self.car.current_a if self.is_closed else 0.0
        if current_a == 0.0:
            return NOTHING
        if self.charger.phases == 1:
            return current_a, 0.0, 0.0
        return current_a, current_a, current_a

    def _total(self, drawn_a: Amps3) -> Amps3:
        one, two, three = self.others_a
        return one + drawn_a[0], two + drawn_a[1], three + drawn_a[2]
