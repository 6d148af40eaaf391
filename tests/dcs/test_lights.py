"""The lights of a box with a service, by the real nodes: one table for each."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nodes.led.indicators import MODULE_STARTS_S
from tests.dcs.station import Station
from tests.dcs.test_pairing import Unpaired
from tests.dcs.test_plan import install, profile

Act = Callable[[Station], None]
SHOWN_S = 5.0  # from a change of the link to the light


def nothing(station: Station) -> None:
    """Leave the box as it is."""


def lose_link(station: Station) -> None:
    station.host.go()
    station.soon(lambda: station.link == "Unreachable")


def lose_dcs(station: Station) -> None:
    station.kill("dcs")


def wait_for_plan(station: Station) -> None:
    station.begin_charge()


def follow_plan(station: Station) -> None:
    assert install(station, profile((0, 10.0))) == "Accepted"
    station.begin_charge()
    station.soon(lambda: station.dcs["mode"] == "intelligent")


def choose_fast(station: Station) -> None:
    follow_plan(station)
    station.soon(lambda: station.dcs["can_switch"])
    station.act("touch")
    station.soon(lambda: station.dcs["mode"] == "fast")


def go_on_without_link(station: Station) -> None:
    follow_plan(station)
    lose_link(station)


def lose_dcs_in_a_charge(station: Station) -> None:
    follow_plan(station)
    lose_dcs(station)


def lose_module_in_a_charge(station: Station) -> None:
    follow_plan(station)
    station.advance(MODULE_STARTS_S)
    station.kill("system")


def shows(station: Station, **lights: str) -> None:
    def shown() -> dict[str, str]:
        return {name: station.light(name) for name in lights}

    assert station.is_soon(lambda: shown() == lights, SHOWN_S), shown()


@pytest.mark.req("DCS-1")
@pytest.mark.parametrize(
    ("act", "light"),
    [(nothing, "green steady"), (lose_link, "orange steady"), (lose_dcs, "off")],
)
def test_the_network_light_of_a_box_that_belongs_to_a_service(
    tmp_path: Path, act: Act, light: str
) -> None:
    station = Station(tmp_path)
    act(station)
    shows(station, network=light)


@pytest.mark.req("DCS-1", "DCS-8")
@pytest.mark.parametrize(
    ("act", "light"), [(nothing, "white steady"), (lose_link, "off"), (lose_dcs, "off")]
)
def test_the_network_light_of_a_box_that_belongs_to_none(
    tmp_path: Path, act: Act, light: str
) -> None:
    station = Unpaired(tmp_path)
    act(station)
    shows(station, network=light, mode="blue steady", touch="off")


@pytest.mark.req("DCS-3", "DCS-5")
@pytest.mark.parametrize(
    ("act", "mode", "touch"),
    [
        (wait_for_plan, "white blink", "white steady"),
        (follow_plan, "white steady", "white steady"),
        (choose_fast, "green steady", "white steady"),
        (go_on_without_link, "white steady", "white steady"),
        (lose_dcs_in_a_charge, "blue steady", "off"),
        (lose_module_in_a_charge, "orange steady", "white steady"),
    ],
)
def test_the_mode_light_and_the_touch_key_in_a_charge(
    tmp_path: Path, act: Act, mode: str, touch: str
) -> None:
    station = Station(tmp_path, "load_manager.monitoring=false")
    act(station)
    shows(station, mode=mode, touch=touch)


@pytest.mark.req("DCS-3")
def test_a_vehicle_at_a_box_that_belongs_to_none_leaves_the_mode_light_blue(tmp_path: Path) -> None:
    station = Unpaired(tmp_path)
    station.begin_charge()
    shows(station, mode="blue steady", touch="off")
