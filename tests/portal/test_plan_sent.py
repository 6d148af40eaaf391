"""The plan that a box has been sent, while prices and wishes change faster than a box answers."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from ocpp.v16 import call, call_result

from portal.box_desk import BoxDesk
from portal.boxes import ConnectedBox, new_box
from portal.planning import next_departure
from portal.records import ChargeRecord, DepartureWish
from portal.service import ChargingService
from tests.portal.hours import ENERGY_KWH, MOST_A, departure, prices

IDENTITY = "box"
WISH = DepartureWish(energy_kwh=ENERGY_KWH, departure=departure(), phases=3, most_a=MOST_A)
CHEAP_NOW, CHEAP_LATER = prices(now=0.1, later=0.5), prices(now=0.5, later=0.1)


class SilentSocket:
    """A connection over which nothing comes."""

    async def recv(self) -> str:
        await asyncio.Event().wait()
        raise AssertionError

    async def close(self) -> None:
        pass


class SlowBox:
    """A box whose answers come when a test lets them; in order, as OCPP has them."""

    def __init__(self, status: str = "Accepted") -> None:
        self.status = status
        self.asked: list[Any] = []
        self.may_answer = asyncio.Event()
        self._line = asyncio.Lock()
        self._connection = SilentSocket()

    async def call(self, request: Any, suppress: bool) -> Any:
        async with self._line:
            self.asked.append(request)
            await self.may_answer.wait()
        if isinstance(request, call.ClearChargingProfile):
            return call_result.ClearChargingProfile(status=self.status)
        return call_result.SetChargingProfile(status=self.status)

    @property
    def limits_a(self) -> list[float | None]:
        """Return what the plans that were sent allow at once; None: a plan is taken away."""
        return [
            each.cs_charging_profiles["charging_schedule"]["charging_schedule_period"][0]["limit"]
            if isinstance(each, call.SetChargingProfile)
            else None
            for each in self.asked
        ]


def charging(tmp_path: Path, slow: SlowBox) -> tuple[ChargingService, ConnectedBox]:
    """Return a service whose only box charges."""
    service = ChargingService(tmp_path, lambda: None, BoxDesk)
    service.keep_box(IDENTITY, wish=WISH)
    charge = ChargeRecord(
        transaction=1,
        identity=IDENTITY,
        token="A",
        begun="",
        meter_start_wh=0,
        departure_utc_s=next_departure(WISH, time.time()),
    )
    service.keep(charges=(charge,))
    record = service.record(IDENTITY)
    assert record is not None
    box = service.boxes[IDENTITY] = new_box(record)
    box.is_accepted, box.connection = True, slow  # type: ignore[assignment]  # it answers calls
    return service, box


async def follow(service: ChargingService, wanted: list[float]) -> None:
    """Have the boxes follow other prices, and let them be asked."""
    service.keep(prices=tuple(wanted))
    service.follow_plans()
    await settled()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.req("DCS-7")
def test_a_plan_is_sent_that_is_wanted_again_before_the_one_between_is_answered(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        slow = SlowBox()
        service, box = charging(tmp_path, slow)
        slow.may_answer.set()
        await follow(service, CHEAP_NOW)
        slow.may_answer.clear()
        await follow(service, CHEAP_LATER)
        await follow(service, CHEAP_NOW)
        slow.may_answer.set()
        await settled()
        assert slow.limits_a == [MOST_A, 0.0, MOST_A]
        await follow(service, CHEAP_NOW)
        assert len(slow.asked) == 3  # it is followed
        assert box.sent is not None
        assert box.asked is None

    asyncio.run(run())


@pytest.mark.req("DCS-7")
def test_a_wish_that_is_taken_back_and_wished_again_is_planned_again(tmp_path: Path) -> None:
    async def run() -> None:
        slow = SlowBox()
        service, box = charging(tmp_path, slow)
        slow.may_answer.set()
        await follow(service, CHEAP_NOW)
        slow.may_answer.clear()
        for wish in (None, WISH):
            service.set_wish(box, wish)
            await settled()
        slow.may_answer.set()
        await settled()
        assert slow.limits_a == [MOST_A, None, MOST_A]
        assert box.sent is not None

    asyncio.run(run())


@pytest.mark.req("DCS-7")
def test_a_box_that_connects_again_is_asked_again_what_it_has_not_answered(tmp_path: Path) -> None:
    async def run() -> None:
        slow = SlowBox()
        service, box = charging(tmp_path, slow)
        await follow(service, CHEAP_NOW)
        serving = asyncio.ensure_future(service.serve_box(IDENTITY, None, SilentSocket()))
        await settled()
        again = SlowBox()
        again.may_answer.set()
        box.is_accepted, box.connection = True, again  # type: ignore[assignment]
        await follow(service, CHEAP_NOW)
        assert again.limits_a == [MOST_A]
        serving.cancel()

    asyncio.run(run())


@pytest.mark.req("DCS-7")
def test_a_plan_that_a_box_refuses_is_sent_again(tmp_path: Path) -> None:
    async def run() -> None:
        slow = SlowBox("Rejected")
        service, box = charging(tmp_path, slow)
        slow.may_answer.set()
        await follow(service, CHEAP_NOW)
        assert box.sent is None
        assert "Rejected" in box.note
        slow.status = "Accepted"
        await follow(service, CHEAP_NOW)
        assert slow.limits_a == [MOST_A, MOST_A]
        assert box.sent is not None

    asyncio.run(run())
