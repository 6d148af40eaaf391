"""Which meters are shown, and why one has no reading."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from msgs.fault_cause import Cause
from msgs.load_manager import HouseMeter
from msgs.safety import FaultCode
from msgs.settings import ExternalMeter, Settings, meter_name
from tests.builders import fault_record
from tests.view.charge import METER, NOW_S, but, charging, silent
from tests.view.snapshot import said
from view.meters import has_house_meter, online, with_meters_that_count, wrong_with


@pytest.mark.req("MET-2")
def test_a_meter_that_the_settings_do_not_name_is_not_shown() -> None:
    meter = ExternalMeter(enabled=True, manufacturer="tq", host="10.0.0.6")
    reading = changed(METER, meter=meter_name(meter))
    snapshot = replace(charging(), house=said("house", reading), solar=said("solar", reading))
    for named, is_shown in (
        (meter, True),
        (ExternalMeter(), False),
        (changed(meter, unit=2), False),
    ):
        settings = said("settings", Settings(house_meter=named, solar_meter=named))
        shown = with_meters_that_count(replace(snapshot, settings=settings))
        assert (shown.house.message is not None) == is_shown
        assert (shown.solar.message is not None) == is_shown
    assert with_meters_that_count(snapshot) == snapshot


@pytest.mark.req("ERR-T")
def test_a_chip_that_safety_does_not_trust_shows_no_values() -> None:
    fault = fault_record(FaultCode.MAINS_VOLTAGE, cause=Cause.CHIP_SILENT)
    for cause, is_shown in ((Cause.CHIP_SILENT, False), (Cause.MAINS_RANGE, True), (None, True)):
        snapshot = but("safety", records=(changed(fault, cause=cause),))
        shown = with_meters_that_count(snapshot)
        assert (online(shown.box) is not None) == is_shown
        assert wrong_with(shown, shown.box) == (
            "" if is_shown else "the meter chip does not answer, or repeats its values"
        )
        assert shown.house == snapshot.house


def test_a_house_is_metered_if_a_meter_was_heard_or_load_manager_says_so() -> None:
    assert has_house_meter(charging())
    unheard = replace(charging(), house=said("house"))
    assert has_house_meter(unheard)
    off = replace(but("offer", house_meter=HouseMeter.OFF), house=said("house"))
    assert not has_house_meter(off)


@pytest.mark.req("MET-3")
def test_a_meter_that_was_not_read_has_no_values_but_since_when_and_why() -> None:
    fields = {"online": False, "error": "connection refused"}
    never = but("house", **fields)
    assert online(never.house) is None
    assert wrong_with(never, never.house) == "no reading yet: connection refused"
    lost = but("house", sampled_ns=round((NOW_S - 15.0) * 1e9), **fields)
    assert wrong_with(lost, lost.house) == "no reading for 15 s: connection refused"
    late = replace(lost, house=replace(lost.house, age_s=25.0))  # polled less often: still said
    assert wrong_with(late, late.house) == "no reading for 15 s: connection refused"
    dead = replace(late, box=replace(late.box, age_s=25.0))
    assert wrong_with(dead, dead.house) == "no message from meter about the house for 25 s"


def test_a_meter_that_is_read_has_nothing_wrong() -> None:
    snapshot = charging()
    assert online(snapshot.house) == METER
    assert wrong_with(snapshot, snapshot.house) == ""
    assert online(silent("house").house) is None
