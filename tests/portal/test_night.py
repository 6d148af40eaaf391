"""A simulated night: the box follows the plan of the prices, against a mixed-integer optimum."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ocpp.charge_point import snake_to_camel_case

from portal.planner import NOMINAL_V, PlanWish, PricePlan
from portal.planning import is_same, next_departure, plan_of, profile_of, volts_of
from portal.records import DepartureWish
from portal.service import LOOK_S
from tests.dcs.station import Station
from tests.portal.test_planner import QUARTER_S, least_cost

pytestmark = pytest.mark.req("DCS-4")

# A night whose cheapest hours are neither its first nor its last, and lie apart [EUR/kWh].
NIGHT = (
    0.31, 0.20, 0.17, 0.21, 0.16, 0.25, 0.31, 0.34, 0.33, 0.29, 0.26, 0.23,
    0.22, 0.22, 0.24, 0.27, 0.31, 0.37, 0.40, 0.39, 0.36, 0.32, 0.29, 0.26,
)  # fmt: skip
MOST_A = 16
MOST_PLANS = 40


class PlanningHost:
    """What the portal does with a charge, over the in-memory service."""

    def __init__(self, station: Station, wish: DepartureWish) -> None:
        (charge,) = station.host.charges.values()
        self.sent: list[PricePlan] = []
        self.cost = 0.0
        self.volts = NOMINAL_V
        self._power_w = 0.0  # in the last look
        self._station = station
        self._wish = wish
        self._number = charge.number
        self._departure = next_departure(wish, self.now_utc_s, UTC)
        self._energy_wh = self.energy_wh

    @property
    def now_utc_s(self) -> int:
        return self._station.utc_ns // 10**9

    @property
    def energy_wh(self) -> float:
        return float(self._station.said("session/status")["energy_wh"])

    @property
    def is_over(self) -> bool:
        return self.now_utc_s >= self._departure

    @property
    def prices(self) -> list[float]:
        """The price of each quarter of an hour until the departure."""
        begin = self.now_utc_s
        return [price_at(at) for at in range(begin, self._departure, QUARTER_S)]

    def look(self) -> None:
        """Send the plan if it has changed, and let the time of a look pass."""
        station = self._station
        offered_a = station.said("pilot/status")["offered_a"]
        self.volts = volts_of(self._power_w, offered_a, self._wish.phases, self.volts)
        now_utc_s, until = self.now_utc_s, self._departure
        made = plan_of(NIGHT, self._wish, self.energy_wh, until, now_utc_s, UTC, self.volts)
        if not self.sent or not is_same(self.sent[-1], made):
            content = snake_to_camel_case(profile_of(made, self._number))
            answer = station.ask_box(
                "SetChargingProfile", connectorId=1, csChargingProfiles=content
            )
            assert answer == {"status": "Accepted"}
            self.sent.append(made)
        price = price_at(self.now_utc_s)
        station.advance(min(LOOK_S, self._departure - self.now_utc_s))
        gained_wh = self.energy_wh - self._energy_wh
        self._energy_wh += gained_wh
        self.cost += gained_wh / 1000 * price
        self._power_w = gained_wh * 3600 / LOOK_S


def price_at(utc_s: int) -> float:
    return NIGHT[datetime.fromtimestamp(utc_s, UTC).hour]


@pytest.mark.parametrize(
    ("departure", "energy_kwh"),
    [
        pytest.param("02:00", 2.0, id="two hours"),
        pytest.param(
            "07:00", 30.0, id="a night", marks=(pytest.mark.proof, pytest.mark.timeout(1200))
        ),
    ],
)
def test_the_energy_is_in_by_the_departure_at_the_least_cost(
    tmp_path: Path, departure: str, energy_kwh: float
) -> None:
    station = Station(tmp_path, "load_manager.monitoring=false")
    station.begin_charge()
    wish = DepartureWish(energy_kwh=energy_kwh, departure=departure, most_a=MOST_A)
    station.soon(lambda: bool(station.host.charges))
    host = PlanningHost(station, wish)
    prices = host.prices
    while not host.is_over:
        host.look()
    assert host.energy_wh >= energy_kwh * 1000 * 0.995  # its last minutes are those of a look
    assert host.energy_wh <= energy_kwh * 1000 * 1.02
    assert host.cost <= optimum(prices, host.energy_wh, host.volts) * 1.01
    assert len(host.sent) <= MOST_PLANS  # each may close the contactor once more
    fast = host.energy_wh / 1000 * max(prices[:4])  # at once
    assert host.cost < fast * 0.8  # so the test can fail
    assert station.host.violations == []
    assert all(charge.stop is None for charge in station.host.charges.values())


def optimum(prices: Sequence[float], energy_wh: float, volts: float) -> float:
    """Return the least cost of an energy: in each quarter of an hour 0 or 6 to 16 A."""
    of = PlanWish(
        energy_wh=energy_wh,
        departure_utc_s=len(prices) * QUARTER_S,
        phases=3,
        most_a=float(MOST_A),
        volts=volts,
    )
    return least_cost(prices, of)
