"""Which values a sample has (OCPP 1.6, sections 7.31 to 7.35)."""

import math

import pytest
from msgspec.structs import replace
from ocpp.v16.enums import Measurand, Phase, UnitOfMeasure

from msgs.meter import NO_LINE, MeterReading
from nodes.dcs.events import MeterSample
from nodes.dcs.measurands import MEASURANDS, Measurement, list_refusal, sample
from tests.builders import meter_reading

pytestmark = pytest.mark.req("DCS-7")

LINE = replace(NO_LINE, current_a=10.04, voltage_v=230.06, power_w=2309.8, power_factor=0.998)
READING = meter_reading(
    lines=(LINE, replace(LINE, voltage_v=231.0), replace(LINE, current_a=0.0, power_w=0.0)),
    power_w=4619.6,
    lifetime_wh=123_456.7,
)
MEASURED = Measurement(reading=READING, offered_a=16.0, phases=2, energy_wh=1.0)
ALL = ",".join(MEASURANDS)


def values(found: MeterSample | None) -> dict[tuple[str, str], tuple[str, str]]:
    assert found is not None
    return {(each.measurand, each.phase): (each.value, each.unit) for each in found.values}


def test_a_measurand_alone_has_all_its_phases_and_the_value_of_all() -> None:
    found = sample(MEASURED, ALL, "Sample.Periodic", 5)
    assert found is not None
    assert (found.utc_ns, found.context) == (5, "Sample.Periodic")
    assert values(found) == {
        ("Current.Import", "L1"): ("10.0", "A"),
        ("Current.Import", "L2"): ("10.0", "A"),
        ("Current.Import", "L3"): ("0.0", "A"),
        ("Current.Offered", ""): ("16.0", "A"),
        ("Energy.Active.Import.Register", ""): ("123457", "Wh"),
        ("Power.Active.Import", ""): ("4620", "W"),
        ("Power.Active.Import", "L1"): ("2310", "W"),
        ("Power.Active.Import", "L2"): ("2310", "W"),
        ("Power.Active.Import", "L3"): ("0", "W"),
        ("Power.Factor", ""): ("1.00", ""),
        ("Power.Factor", "L1"): ("1.00", ""),
        ("Power.Factor", "L2"): ("1.00", ""),
        ("Power.Factor", "L3"): ("1.00", ""),
        ("Power.Offered", ""): ("7360", "W"),
        ("Voltage", "L1-N"): ("230.1", "V"),
        ("Voltage", "L2-N"): ("231.0", "V"),
        ("Voltage", "L3-N"): ("230.1", "V"),
    }


def test_a_measurand_with_a_phase_has_that_one() -> None:
    found = sample(MEASURED, "Voltage.L2-N, Voltage.L1,Current.Import.L1", "Trigger", 5)
    assert list(values(found)) == [
        ("Voltage", "L2-N"),
        ("Voltage", "L1-N"),
        ("Current.Import", "L1"),
    ]


def test_a_value_that_is_listed_twice_is_sent_once() -> None:
    found = sample(MEASURED, "Voltage.L1,Voltage,Voltage", "Trigger", 5)
    assert found is not None
    assert [each.phase for each in found.values] == ["L1-N", "L2-N", "L3-N"]


def test_all_words_are_those_of_the_specification() -> None:
    assert set(MEASURANDS) <= {each.value for each in Measurand}
    found = sample(MEASURED, ALL, "Sample.Clock", 5)
    assert found is not None
    assert {each.phase for each in found.values if each.phase} <= {each.value for each in Phase}
    assert {each.unit for each in found.values if each.unit} <= {
        each.value for each in UnitOfMeasure
    }


@pytest.mark.parametrize("reading", [None, replace(READING, online=False)])
def test_a_silent_meter_has_the_register_that_was_read_last(reading: MeterReading | None) -> None:
    measured = replace(MEASURED, reading=reading, energy_wh=123_500.0)
    assert values(sample(measured, ALL, "Sample.Clock", 5)) == {
        ("Current.Offered", ""): ("16.0", "A"),
        ("Energy.Active.Import.Register", ""): ("123500", "Wh"),
        ("Power.Offered", ""): ("7360", "W"),
    }


def test_without_a_value_there_is_no_sample() -> None:
    nothing = Measurement(reading=None, offered_a=None, phases=3)
    assert sample(nothing, ALL, "Sample.Clock", 5) is None
    assert sample(MEASURED, "", "Sample.Clock", 5) is None


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_not_sent(number: float) -> None:
    line = replace(LINE, current_a=number, voltage_v=number, power_w=number, power_factor=number)
    reading = replace(READING, lines=(line, line, line), power_w=number, lifetime_wh=number)
    measured = replace(MEASURED, reading=reading, offered_a=number)
    assert sample(measured, ALL.replace("Power.Factor,", ""), "Sample.Clock", 5) is None


def test_an_idle_box_has_a_power_factor_of_1_and_no_minus_0() -> None:
    idle = replace(NO_LINE, voltage_v=230.0, current_a=-0.04, power_w=-0.4)
    reading = replace(READING, lines=(idle, idle, idle), power_w=-0.0)
    found = values(sample(replace(MEASURED, reading=reading), ALL, "Sample.Clock", 5))
    assert found["Current.Import", "L1"] == ("0.0", "A")
    assert found["Power.Active.Import", ""] == ("0", "W")
    assert found["Power.Factor", ""] == ("0.00", "")


def test_a_register_that_has_lost_its_last_minute_is_that_of_the_transaction() -> None:
    found = values(sample(replace(MEASURED, least_wh=123_460.0), ALL, "Sample.Clock", 5))
    assert found["Energy.Active.Import.Register", ""] == ("123460", "Wh")


@pytest.mark.parametrize("text", ["", ALL, "Voltage.L1-N", " Voltage , Current.Import.L3 "])
def test_a_list_of_what_is_measured_is_accepted(text: str) -> None:
    assert list_refusal(text) == ""


def test_an_unknown_measurand_is_named_and_what_is_expected() -> None:
    refusal = list_refusal("Voltage,SoC")
    assert refusal.startswith("'SoC' is not measured; expected some of Current.Import, ")
    assert len(list_refusal("x" * 500)) < 400
