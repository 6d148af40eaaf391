"""One box as the portal knows it."""

from pathlib import Path

import msgspec
import pytest

from portal.boxes import NewestValues, take_samples
from portal.keeping import load, save
from portal.records import ChargeRecord, PortalRecords


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize("value", ["NaN", "inf", "-Infinity", "1e400", "", "5 Wh"])
def test_a_value_that_is_no_number_is_left_out(value: str, tmp_path: Path) -> None:
    measured = NewestValues(currents_a=[None, None, None])
    take_samples(measured, [{"value": "1500"}, {"value": value, "unit": "kWh"}], 0.0)
    assert measured.energy_wh == 1500.0
    charge = ChargeRecord(transaction=1, identity="1", token="A", begun="", meter_start_wh=0)
    charge = msgspec.structs.replace(charge, energy_wh=measured.energy_wh)
    save(tmp_path, PortalRecords(charges=(charge,)))
    assert load(tmp_path).charges == (charge,)
