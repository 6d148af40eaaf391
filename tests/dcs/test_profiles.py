"""Which profiles are installed, replaced, cleared and refused."""

import math

import msgspec
import pytest
from msgspec.structs import replace

from nodes.dcs.composition import composite
from nodes.dcs.profile import ChargingProfile, ProfilePurpose, RatePeriod
from nodes.dcs.profile_check import (
    MOST_PERIODS,
    MOST_PROFILES,
    MOST_STACK_LEVEL,
    start_profile_refusal,
)
from nodes.dcs.profiles import (
    NO_PROFILES,
    ProfileFilter,
    ProfileSet,
    clear,
    end_transaction,
    install,
)
from tests.dcs.profile_makers import (
    ABSOLUTE,
    BOX,
    EACH,
    OWN,
    RECURRING,
    RELATIVE,
    W,
    at,
    installed,
    profile,
    running,
)

pytestmark = pytest.mark.req("DCS-4")

NOW = at("2024-01-18 18:00")
RUNNING = running("2024-01-18 17:00", transaction=7)
EACH_8 = profile((0, 8), kind=RELATIVE)


def refusal(of: ChargingProfile, **arguments: object) -> str:
    """Return why a profile is refused with a transaction that runs and a clock that is set."""
    given = {"now_s": NOW, "running": RUNNING, **arguments}
    after, why = install(NO_PROFILES, of, **given)  # type: ignore[arg-type]
    assert (after == NO_PROFILES) == (why != "")
    return why


def ids(profiles: ProfileSet) -> set[int]:
    return {each.profile_id for each in profiles.profiles}


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "why"),
    [
        pytest.param(
            profile((0, 8), kind=RELATIVE, connector=2),
            "connector 2: expected 0 to 1",
            id="ConnectorIdGreaterThanConnectorsSize",
        ),
        pytest.param(
            profile((0, 8), kind=RELATIVE, connector=-1),
            "connector -1: expected 0 to 1",
            id="NegativeConnectorId",
        ),
        pytest.param(
            profile((0, 8), kind=RELATIVE, level=MOST_STACK_LEVEL + 1),
            "stack level 11: expected 0 to 10",
            id="StackLevelGreaterThanMaxStackLevel",
        ),
        pytest.param(
            profile((0, 8), kind=RELATIVE, level=-1),
            "stack level -1: expected 0 to 10",
            id="StackLevelLessThanZero",
        ),
        pytest.param(
            profile((0, 8), (60, 9), kind=ABSOLUTE, purpose=BOX),
            "a profile of the whole box that changes has a begin",
            id="ChargingProfileKindAbsoluteNoStartSchedule",
        ),
        pytest.param(
            profile((0, 8), kind=ABSOLUTE, purpose=BOX, duration=60),
            "a profile of the whole box that changes has a begin",
            id="ChargingProfileKindAbsoluteNoStartScheduleButAnEnd",
        ),
        pytest.param(
            profile((0, 8), kind=RECURRING),
            "the recurring profile has no begin",
            id="RecurringNoStartSchedule",
        ),
        pytest.param(
            replace(profile((0, 8), kind=RECURRING, start="2024-01-01 08:00"), recurrence=None),
            "a recurring profile recurs daily or weekly",
            id="NotRecurrencyKind",
        ),
        pytest.param(
            profile((0, 8), kind=RELATIVE, start="2024-01-01 08:00"),
            "a relative profile has no begin",
            id="RelativeWithStartSchedule",
        ),
        pytest.param(
            profile(kind=RELATIVE), "0 periods: expected 1 to 100", id="InvalidChargingSchedule"
        ),
        pytest.param(
            profile((0, 8), purpose=OWN, kind=RELATIVE, connector=0),
            "a profile of a transaction is for the connector on which it runs",
            id="TxProfileConnectorId0",
        ),
        pytest.param(
            profile((0, 8), purpose=OWN, kind=RELATIVE, transaction=8),
            "transaction 8 does not run",
            id="TxProfileTransactionIdNoMatch",
        ),
        pytest.param(
            profile((0, 8), purpose=BOX, kind=ABSOLUTE, start="2024-01-01 00:00", connector=1),
            "a profile of the whole box is for connector 0",
            id="ChargePointMaxConnectorIdNot0",
        ),
        pytest.param(
            profile((0, 8), purpose=BOX, kind=RELATIVE),
            "a profile of the whole box is not relative to a transaction",
            id="ChargePointMaxRelative",
        ),
        pytest.param(
            profile((0, 8), (0, 9), kind=RELATIVE),
            "period 2: begin 0: expected more than 0",
            id="TwoPeriodsBeginTogether",
        ),
        pytest.param(
            profile((60, 8), (0, 9), kind=RELATIVE),
            "period 2: begin 0: expected more than 60",
            id="PeriodsNotInOrder",
        ),
        pytest.param(
            profile((-1, 8), kind=RELATIVE),
            "period 1: begin -1: expected more than -1",
            id="PeriodBeforeTheSchedule",
        ),
        pytest.param(
            profile((0, 8, 4), kind=RELATIVE),
            "period 1: 4 phases: expected 1 to 3",
            id="FourPhases",
        ),
        pytest.param(
            profile((0, 8, 0), kind=RELATIVE), "period 1: 0 phases: expected 1 to 3", id="NoPhase"
        ),
        pytest.param(
            profile(
                (0, 8),
                start="2024-01-18 17:00",
                valid=("2024-01-19 00:00", "2024-01-18 23:00"),
            ),
            "it ends before it is valid",
            id="EndsBeforeItIsValid",
        ),
        pytest.param(
            profile((0, 8), kind=RELATIVE, valid=("", "2024-01-18 18:00")),
            "its validity is over",
            id="ValidityIsOver",
        ),
        pytest.param(
            profile((0, 8), start="2024-01-18 16:00", duration=7200),
            "its schedule is over",
            id="ScheduleIsOver",
        ),
    ],
)
def test_a_profile_is_refused_with_its_reason(of: ChargingProfile, why: str) -> None:
    assert refusal(of) == why


def test_a_profile_of_a_transaction_needs_one_that_runs() -> None:
    own = profile((0, 8), purpose=OWN, kind=RELATIVE)
    assert refusal(own, running=None) == "no transaction runs"
    assert refusal(replace(own, transaction=7), running=None) == "no transaction runs"


def test_a_named_transaction_does_not_run_before_the_service_has_given_it_its_id() -> None:
    own = profile((0, 8), purpose=OWN, kind=RELATIVE, transaction=7)
    unnamed = running("2024-01-18 17:00", transaction=None)
    assert refusal(own, running=unnamed) == "transaction 7 does not run"
    assert refusal(replace(own, transaction=None), running=unnamed) == ""


ABSURD = [1e29, -1e308, 1e308, math.inf, -math.inf, math.nan, 10.05, 0.05, -0.1, 10**400, 2**31]


@pytest.mark.parametrize("limit", ABSURD)
def test_an_absurd_limit_is_refused_as_text(limit: float) -> None:
    why = refusal(profile((0, limit), kind=RELATIVE))
    assert why.startswith("period 1: limit ")
    assert len(why) < 100
    least = refusal(profile((0, 8), kind=RELATIVE, least=limit))
    assert least.startswith("least rate: limit ")
    assert len(least) < 100


@pytest.mark.parametrize("limit", [0, 0.1, 6, 10.3, 32, 22_080, 999_999.9, 2**31 - 1])
def test_a_limit_in_steps_of_a_tenth_is_accepted(limit: float) -> None:
    assert refusal(profile((0, limit), kind=RELATIVE, unit=W)) == ""


@pytest.mark.parametrize("duration", [0, -1, 2**31, 10**300])
def test_an_absurd_duration_is_refused_as_text(duration: int) -> None:
    why = refusal(profile((0, 8), kind=RELATIVE, duration=duration))
    assert why.startswith("duration ")
    assert len(why) < 100


@pytest.mark.parametrize("start_s", [2**31, 10**300])
def test_an_absurd_begin_of_a_period_is_refused_as_text(start_s: int) -> None:
    period = RatePeriod(start_s=start_s, limit=8)
    why = refusal(replace(EACH_8, periods=(EACH_8.periods[0], period)))
    assert why.startswith("period 2: begin ")
    assert len(why) < 100


@pytest.mark.parametrize("kind", [ABSOLUTE, RECURRING])
@pytest.mark.parametrize("year", ["0001", "1970", "1999", "2100", "9999"])
def test_a_begin_in_an_absurd_year_is_refused(kind: str, year: str) -> None:
    of = profile(
        (0, 8), kind=ABSOLUTE if kind == ABSOLUTE else RECURRING, start=f"{year}-06-01 08:00"
    )
    assert refusal(of) == "its begin is not in the years 2000 to 2099"


def test_a_validity_from_the_year_1_to_the_year_9999_has_no_bound() -> None:
    of = profile((0, 8), kind=RELATIVE, valid=("0001-01-01 00:00", "9999-12-31 23:59"))
    assert refusal(of) == ""
    found = composite(installed(of), connector=1, start_utc_s=NOW, duration_s=60)
    assert [each.limit for each in found.periods] == [8]


def test_a_validity_that_never_comes_or_has_been_is_refused() -> None:
    never = profile((0, 8), kind=RELATIVE, valid=("9999-01-01 00:00", ""))
    assert refusal(never) == "it is not valid before the year 2100"
    over = profile((0, 8), kind=RELATIVE, valid=("", "0001-01-02 00:00"))
    assert refusal(over) == "its validity is over"
    assert refusal(over, now_s=None) == "its validity is over"


def test_with_a_clock_not_set_no_profile_is_refused_as_over() -> None:
    assert refusal(profile((0, 8), start="2024-01-18 16:00", duration=60), now_s=None) == ""
    assert refusal(profile((0, 8), kind=RELATIVE, valid=("", "2024-01-01 00:00")), now_s=None) == ""


@pytest.mark.parametrize("begin", ["2024-01-18 17:59", "2024-01-17 00:00", "2024-02-01 00:00"])
def test_an_absolute_begin_in_the_past_or_the_future_is_accepted(begin: str) -> None:
    # evcc begins its profiles a minute ago; boxes that refuse this are a common complaint.
    assert refusal(profile((0, 0), start=begin)) == ""


def test_the_most_periods_are_accepted_and_one_more_is_refused() -> None:
    most = [(minute * 60, 6 + minute % 2) for minute in range(MOST_PERIODS)]
    assert refusal(profile(*most, kind=RELATIVE)) == ""
    more = refusal(profile(*most, (MOST_PERIODS * 60, 6), kind=RELATIVE))
    assert more == "101 periods: expected 1 to 100"
    assert MOST_PERIODS >= 33


# --- what is replaced -----------------------------------------------------------------------------


def test_the_same_id_replaces_whatever_else_differs() -> None:
    before = installed(profile((0, 8), kind=RELATIVE, number=5))
    after, why = install(
        before, profile((0, 9), purpose=BOX, start="2024-01-01 00:00", number=5), now_s=NOW
    )
    assert why == ""
    assert [each.purpose for each in after.profiles] == [BOX]


def test_the_same_level_of_a_purpose_and_a_connector_replaces() -> None:
    before = installed(
        profile((0, 8), kind=RELATIVE, number=1, level=2),
        profile((0, 8), kind=RELATIVE, number=2, level=3),
        profile((0, 8), kind=RELATIVE, number=3, level=2, connector=0),
        profile((0, 8), start="2024-01-01 00:00", number=4, level=2, purpose=BOX),
    )
    assert ids(before) == {1, 2, 3, 4}
    after, why = install(before, profile((0, 9), kind=RELATIVE, number=9, level=2), now_s=NOW)
    assert why == ""
    assert ids(after) == {2, 3, 4, 9}


def test_a_dialect_may_have_a_second_id_of_a_level_refused() -> None:
    before = installed(profile((0, 8), kind=RELATIVE, number=1, level=2))
    other = profile((0, 9), kind=RELATIVE, number=9, level=2)
    after, why = install(before, other, now_s=NOW, replaces_level=False)
    assert (after, why) == (before, "another profile has stack level 2")
    same = replace(other, profile_id=1)
    after, why = install(before, same, now_s=NOW, replaces_level=False)
    assert why == ""
    assert after.profiles == (same,)


def test_what_is_refused_replaces_nothing() -> None:
    before = installed(profile((0, 8), kind=RELATIVE, number=5))
    after, why = install(before, profile((0, -1), kind=RELATIVE, number=5), now_s=NOW)
    assert why != ""
    assert after == before


def full() -> ProfileSet:
    """Return as many profiles as can be installed."""
    profiles = [
        profile((0, 8), kind=RELATIVE, number=number, level=number // 2, connector=number % 2)
        for number in range(MOST_PROFILES)
    ]
    return installed(*profiles)


def test_the_most_profiles_can_be_installed_and_one_of_them_replaced() -> None:
    assert MOST_PROFILES >= 15
    before = full()
    more = profile((0, 8), number=99, purpose=BOX, start="2024-01-01 00:00")
    after, why = install(before, more, now_s=NOW)
    assert (after, why) == (before, "20 profiles are installed, the most that are possible")
    after, why = install(before, profile((0, 9), kind=RELATIVE, number=98, connector=0), now_s=NOW)
    assert why == ""
    assert ids(after) == {98} | set(range(1, MOST_PROFILES))


def test_a_set_is_stored_and_read_back_as_it_was() -> None:
    before = replace(
        full(),
        profiles=(*full().profiles, profile((0, 8.3, 1), kind=RECURRING, start="2024-01-01 00:00")),
    )
    stored = msgspec.json.encode(before)
    assert msgspec.json.decode(stored, type=ProfileSet) == before
    assert len(stored) < 20_000


# --- what is cleared ------------------------------------------------------------------------------

FOUR = installed(
    profile((0, 8), kind=RELATIVE, number=1, level=1),
    profile((0, 8), kind=RELATIVE, number=2, level=2, connector=0),
    profile((0, 8), start="2024-01-01 00:00", number=3, level=1, purpose=BOX),
    profile((0, 8), kind=RELATIVE, number=4, level=1, purpose=OWN),
    transaction=RUNNING,
)


@pytest.mark.parametrize(
    ("which", "left"),
    [
        (ProfileFilter(), set()),
        (ProfileFilter(profile_id=1), {2, 3, 4}),
        (ProfileFilter(profile_id=9), {1, 2, 3, 4}),
        # The id counts before all else.
        (ProfileFilter(profile_id=1, purpose=BOX, stack_level=2, connector=0), {2, 3, 4}),
        (ProfileFilter(connector=0), {1, 4}),
        (ProfileFilter(connector=1), {2, 3}),
        (ProfileFilter(purpose=BOX), {1, 2, 4}),
        (ProfileFilter(purpose=EACH), {3, 4}),
        (ProfileFilter(purpose=OWN), {1, 2, 3}),
        (ProfileFilter(stack_level=1), {2}),
        (ProfileFilter(stack_level=1, purpose=EACH), {2, 3, 4}),
        (ProfileFilter(stack_level=2, purpose=BOX), {1, 2, 3, 4}),
        (ProfileFilter(stack_level=1, purpose=EACH, connector=0), {1, 2, 3, 4}),
    ],
)
def test_a_filter_clears_what_it_means(which: ProfileFilter, left: set[int]) -> None:
    after, cleared = clear(FOUR, which)
    assert ids(after) == left
    assert cleared == 4 - len(left)


def test_a_transaction_takes_its_profiles_with_it_and_no_other() -> None:
    assert ids(end_transaction(FOUR)) == {1, 2, 3}


def test_an_expired_profile_makes_room_for_another() -> None:
    soon_over = profile(
        (0, 8), kind=RELATIVE, number=0, connector=0, valid=("", "2024-01-18 18:00")
    )
    before, why = install(full(), soon_over, now_s=NOW - 1)
    assert why == ""
    assert ids(before) == set(range(MOST_PROFILES))
    other = profile((0, 8), number=99, purpose=BOX, start="2024-01-01 00:00")
    for now_s in (NOW - 1, None):
        after, why = install(before, other, now_s=now_s)
        assert (after, why == "") == (before, False)
    after, why = install(before, other, now_s=NOW)
    assert why == ""
    assert ids(after) == {99} | set(range(1, MOST_PROFILES))


# --- a transaction's own --------------------------------------------------------------------------


def test_a_profile_of_the_transaction_carries_its_id() -> None:
    own = installed(profile((0, 8), purpose=OWN, kind=RELATIVE), transaction=RUNNING)
    assert own.profiles[0].transaction == 7


def test_an_id_of_a_transaction_has_no_meaning_for_other_purposes() -> None:
    after, why = install(NO_PROFILES, replace(EACH_8, transaction=99), now_s=NOW)
    assert why == ""
    assert after.profiles == (EACH_8,)


@pytest.mark.parametrize(
    ("of", "why"),
    [
        (profile((0, 8), purpose=OWN, kind=RELATIVE), ""),
        (EACH_8, "a profile of a request to begin is for that transaction alone"),
        (
            profile((0, 8), purpose=OWN, kind=RELATIVE, transaction=7),
            "a profile of a request to begin names no transaction",
        ),
        (
            profile((0, -8), purpose=OWN, kind=RELATIVE),
            "period 1: limit -8: expected 0 to 2147483647",
        ),
    ],
)
def test_a_request_to_begin_comes_with_a_profile_of_its_transaction(
    of: ChargingProfile, why: str
) -> None:
    assert start_profile_refusal(of, NOW) == why


def test_purposes_are_those_of_both_versions() -> None:
    assert list(ProfilePurpose) == [BOX, EACH, OWN]
