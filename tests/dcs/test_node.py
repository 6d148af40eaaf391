"""The node in the whole simulated box, with a service in memory."""

from pathlib import Path

import pytest

from tests.dcs.station import Station


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


@pytest.mark.req("DCS-1", "DCS-7")
def test_a_box_with_a_service_registers_and_is_online(station: Station) -> None:
    assert station.link == "Online"
    assert station.dcs["synchronised"]
    assert station.host.calls[0][0] == "BootNotification"
    station.advance(5.0)
    assert station.host.statuses == {0: ["Available"], 1: ["Available"]}
    assert station.host.violations == []


@pytest.mark.req("DCS-7")
def test_a_charge_is_a_transaction(station: Station) -> None:
    station.begin_charge()
    station.advance(600.0)
    station.end_charge()
    station.advance(10.0)
    (charge,) = station.host.charges.values()
    record = station.sessions()[0]
    assert charge.stop is not None
    assert charge.token == record.token
    assert charge.stop["reason"] == "EVDisconnected"
    assert charge.stop["meterStop"] - charge.meter_start == pytest.approx(record.energy_wh, abs=1.0)
    assert len(charge.values) >= 9
    assert (charge.starts, charge.stops) == (1, 1)
    assert station.host.statuses[1] == [
        "Available",
        "Preparing",
        "SuspendedEV",
        "Charging",
        "SuspendedEV",
        "Finishing",
        "Available",
    ]
    assert station.host.violations == []
