"""A real box, and `keba-kecontact`, the library behind Home Assistant's integration, as it is."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from keba_kecontact.charging_station import ChargingStation
from keba_kecontact.connection import KebaKeContact

from bus.generations import read_valid_or_raise
from msgs.card import CardColor
from msgs.label import LABEL_FILE, Label
from msgs.session import WallboxState
from msgs.topics import LOAD_OFFER, METER_BOX, PILOT_STATUS, SESSION_STATUS, SMART_HOME_STATUS
from nodes.smart_home.senders import PORT
from tests.dcs.services import InThread
from tests.system.box import HOUSE_PORT, QUICK_VEHICLE_WITH_CARD, Box, current_of, new_box
from tests.system.listener import PATIENCE_S

pytestmark = [pytest.mark.system, pytest.mark.req("APP-2", "MET-7")]

# Both sides use port 7090, the library always: addresses of this process alone.
_PLACE = f"{os.getpid() // 256 % 256}.{os.getpid() % 256}"
CLIENT, BOX = f"127.1.{_PLACE}", f"127.2.{_PLACE}"


class Client:
    """The library, in a loop of its own."""

    def __init__(self) -> None:
        self._thread = InThread()
        self._keba: Any = None
        self.station: Any = None

    def connect(self) -> list[str]:
        """Find the box and set it up; return the boxes that were found."""

        async def begin() -> list[str]:
            self._keba = KebaKeContact(asyncio.get_running_loop(), 1)
            await self._keba.init_socket(CLIENT)
            found: list[str] = await self._keba.discover_devices(BOX)
            self.station = await self._keba.setup_charging_station(BOX, periodic_request=False)
            return found

        found: list[str] = self._thread.run(begin())
        return found

    def call(self, name: str, *words: Any) -> None:
        """Call a function of the library."""
        self._thread.run(getattr(self.station, name)(*words))

    def read(self) -> dict[str, Any]:
        """Ask for all reports; return the values, in the library's units."""
        self.call("request_data")  # 100 ms after each report
        return dict(self.station.data)

    def soon(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        end_s = time.monotonic() + PATIENCE_S
        while not holds(seen := self.read()):
            assert time.monotonic() < end_s, seen
        return seen

    def end(self) -> None:
        async def close() -> None:
            if self._keba is not None:
                self._keba.close()

        self._thread.run(close())
        self._thread.end()


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.end()


@pytest.fixture
def box() -> Iterator[Box]:
    with new_box() as box:
        box.launch(
            *QUICK_VEHICLE_WITH_CARD,
            "load_manager.monitoring=false",
            "session.authorization=true",
            "smart_home.udp=on",
            "smart_home.udp_start=on",
            "smart_home.udp_tokens=on",
            f"smart_home.host={BOX}",
            f"smart_home.udp_port={PORT - (box.port - HOUSE_PORT)}",
        )
        box.until(SMART_HOME_STATUS, lambda said: said.has_udp and not said.udp)
        yield box


def draws(box: Box, current_a: float) -> None:
    """Wait until the vehicle has the current that was asked for."""
    box.until(LOAD_OFFER, lambda said: said.limit_a == current_a)
    box.until(PILOT_STATUS, lambda said: said.offered_a == current_a)
    box.until(METER_BOX, lambda said: current_a - 1.0 < current_of(said) <= current_a + 0.5)


def test_the_whole_surface_of_the_library(box: Box, client: Client) -> None:
    assert client.connect() == [BOX]
    station: ChargingStation = client.station
    assert (station.device_info.manufacturer, station.device_info.model) == (
        "BMW", "Wallbox Connect"
    )  # fmt: skip
    idle = client.soon(lambda seen: "Curr user" in seen and "reason" in seen)
    assert idle["State_details"] == "not ready for charging"
    assert (idle["Plug_EV"], idle["Authreq"], idle["FS_on"]) == (False, 1, False)
    assert (idle["Curr HW"], idle["Curr user"], idle["Max curr"]) == (32.0, 63.0, 0.0)

    label = read_valid_or_raise(box.place.state_dir / LABEL_FILE, Label)
    assert label is not None
    uid = next(card.uid for card in label.rfid if card.color is CardColor.RED)
    box.act("plug")
    box.act("ready")
    client.soon(lambda seen: bool(seen["Plug_EV"]))
    client.call("start", uid.ljust(16, "0"))
    box.until(SESSION_STATUS, lambda said: said.state is WallboxState.CHARGING)
    seen = client.soon(lambda seen: seen["State_on"] and seen["I1"] > 30.0 and seen["P"] > 20.0)
    assert seen["RFID tag"] == uid.ljust(16, "0")
    assert seen["Max curr"] == 32.0  # A
    assert 215.0 < seen["U1"] < 240.0  # V
    assert seen["P"] < 23.0  # kW
    assert 0.9 < seen["PF"] <= 1.0

    # Reports are asked for while the box and the vehicle follow, for the time of the test.
    client.call("set_current_max_permanent", 16)
    box.until(PILOT_STATUS, lambda said: said.offered_a == 16.0)
    client.call("set_current", 10, 1)
    assert client.soon(lambda seen: seen["Max curr"] == 10.0)["Curr user"] == 10.0
    draws(box, 10.0)

    client.call("disable")
    box.until(PILOT_STATUS, lambda said: said.offered_a == 0.0)
    assert client.soon(lambda seen: seen["Enable user"] == 0)["State_on"] is False
    client.call("enable")
    client.call("set_failsafe", True, 10, 6.0, False)
    client.call("set_energy", 1)
    seen = client.soon(lambda seen: bool(seen["FS_on"]) and seen["Setenergy"] == 1.0)
    assert (seen["Tmo FS"], seen["Curr FS"]) == (10, 6.0)
    client.call("set_failsafe", False)
    client.call("set_energy", 0)
    client.soon(lambda seen: not seen["FS_on"] and seen["Setenergy"] == 0.0)
    box.until(PILOT_STATUS, lambda said: said.offered_a == 10.0)

    client.call("unlock_socket")
    client.call("stop", uid.ljust(16, "0"))
    box.until(SESSION_STATUS, lambda said: said.state is not WallboxState.CHARGING)
    seen = client.soon(lambda seen: seen["reason"] == 10)
    assert seen["E pres"] > 0.0  # kWh
