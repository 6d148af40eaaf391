"""The plug: when it went in, whether it may be pulled, whose diode was seen."""

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import CpState
from msgs.safety import SafetyPhase
from nodes.safety.complain import Activity
from nodes.safety.contactor import ENERGISED
from nodes.safety.evaluation import Evaluation
from nodes.safety.plug import PlugState, activity, follow, open_under
from nodes.safety.selftest import SelfTest
from tests.safety.evaluations import PLUGGED

# Each shows nothing of a diode.
IN = replace(PLUGGED, cp=CpState.C, has_diode=None)
OUT = replace(IN, cp=CpState.A, is_plugged=False, is_out=True)
BETWEEN = replace(OUT, cp=None, is_out=False)  # neither
UNKNOWN = PlugState()


def followed(plug: PlugState, *evaluations: Evaluation, utc_ns: int = 7) -> PlugState:
    """Return the plug after readings, each 1 ns later than the one before."""
    for number, evaluation in enumerate(evaluations):
        plug = follow(plug, evaluation, utc_ns + number)
    return plug


def test_a_plug_that_is_in_at_the_start_has_no_time() -> None:
    assert followed(UNKNOWN, IN) is UNKNOWN
    assert followed(UNKNOWN, BETWEEN) is UNKNOWN


def test_a_plug_has_the_time_of_the_first_reading_that_shows_it_in() -> None:
    plug = followed(UNKNOWN, OUT)
    assert plug == PlugState(is_out=True, since_utc_ns=0)
    assert followed(plug, BETWEEN) is plug
    plug = followed(plug, IN)
    assert plug == PlugState(is_out=False, since_utc_ns=7)
    assert followed(plug, IN, BETWEEN, IN, utc_ns=100) is plug


def test_a_plug_that_is_out_has_no_time() -> None:
    plug = followed(UNKNOWN, OUT, IN, OUT)
    assert plug == PlugState(is_out=True, since_utc_ns=0)
    assert followed(plug, IN, utc_ns=100).since_utc_ns == 100


@pytest.mark.parametrize("cp", [*CpState, None])
def test_only_a_vehicle_that_shows_b_may_be_pulled_before_the_time_of_its_opening(
    cp: CpState | None,
) -> None:
    opened = open_under(PlugState(since_utc_ns=7, has_shown_diode=True), 1000.0)
    assert opened == PlugState(since_utc_ns=7, has_shown_diode=True, pulled_until_s=1000.0)
    after = followed(opened, replace(IN, cp=cp))
    assert after.pulled_until_s == (0.0 if cp is CpState.B else 1000.0)


@pytest.mark.parametrize("has_diode", [True, False, None])
def test_a_diode_that_was_proven_counts_until_the_plug_is_out(has_diode: bool | None) -> None:
    plug = followed(UNKNOWN, replace(IN, has_diode=has_diode))
    assert plug.has_shown_diode is (has_diode is True)
    shown = PlugState(has_shown_diode=True)
    assert followed(shown, replace(IN, has_diode=has_diode)) is shown
    assert followed(shown, replace(OUT, has_diode=has_diode)).has_shown_diode is False


@pytest.mark.req("ERR-1")
@pytest.mark.parametrize("phase", list(SafetyPhase))
def test_a_plug_must_not_be_pulled_while_energy_flows_or_soon_after_it_was_asked_for(
    phase: SafetyPhase,
) -> None:
    is_energised = Activity.CHARGE if phase in ENERGISED else None
    opened = PlugState(pulled_until_s=1000.0)
    assert activity(UNKNOWN, phase, None, Moment(999.0)) is is_energised
    assert activity(opened, phase, None, Moment(999.0)) is Activity.CHARGE
    assert activity(opened, phase, None, Moment(1000.0)) is is_energised


@pytest.mark.req("ERR-1")
def test_a_plug_must_not_be_pulled_in_a_self_test_that_has_begun() -> None:
    test, opened = SelfTest(begun_s=1000.0), PlugState(pulled_until_s=2000.0)
    phase = SafetyPhase.SELF_TEST
    assert activity(UNKNOWN, phase, test, Moment(999.0)) is None
    assert activity(UNKNOWN, phase, test, Moment(1000.0)) is Activity.SELF_TEST
    assert activity(opened, phase, test, Moment(1000.0)) is Activity.SELF_TEST
    assert activity(opened, phase, test, Moment(999.0)) is Activity.CHARGE
