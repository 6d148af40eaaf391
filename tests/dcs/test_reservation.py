"""Reservations (OCPP 1.6, sections 5.4 and 5.13; cases 28 and 29)."""

import pytest
from msgspec.structs import replace

from nodes.dcs.events import ConnectorStatus, Reserve, Verdict
from nodes.dcs.reservation import Reservation, admits, cancel, reserve, without_expired

pytestmark = pytest.mark.req("DCS-7")

NOW, LATER = 1000.0, 2000.0
ASKED = Reserve(reservation=1, connector=1, token="AA", expires_utc_s=LATER, group="G")
CURRENT = Reservation(reservation_id=1, connector=1, token="AA", expires_utc_s=LATER, group="G")
FREE = ConnectorStatus.AVAILABLE
RESERVED = ConnectorStatus.RESERVED


def test_a_free_connector_is_reserved() -> None:
    assert reserve(None, ASKED, FREE, NOW) == (CURRENT, Verdict.ACCEPTED, "")


def test_the_whole_box_is_reserved_as_its_one_connector() -> None:
    found, verdict, _ = reserve(None, replace(ASKED, connector=0), FREE, NOW)
    assert (found, verdict) == (replace(CURRENT, connector=0), Verdict.ACCEPTED)


def test_the_same_id_replaces_the_reservation() -> None:
    asked = replace(ASKED, token="BB", expires_utc_s=3000.0)
    found, verdict, _ = reserve(CURRENT, asked, RESERVED, NOW)
    assert verdict is Verdict.ACCEPTED
    assert found == replace(CURRENT, token="BB", expires_utc_s=3000.0)


def test_another_id_is_occupied() -> None:
    found, verdict, reason = reserve(CURRENT, replace(ASKED, reservation=2), RESERVED, NOW)
    assert (found, verdict) == (CURRENT, Verdict.OCCUPIED)
    assert reason == "reservation 1 is in force"


def test_an_expired_one_does_not_occupy() -> None:
    asked = replace(ASKED, reservation=2, expires_utc_s=5000.0)
    found, verdict, _ = reserve(CURRENT, asked, RESERVED, LATER)
    assert verdict is Verdict.ACCEPTED
    assert found is not None
    assert found.reservation_id == 2


@pytest.mark.parametrize("current", [None, CURRENT])
@pytest.mark.parametrize("status", list(ConnectorStatus))
def test_a_connector_that_is_not_free_says_why(
    current: Reservation | None, status: ConnectorStatus
) -> None:
    expected = {
        ConnectorStatus.AVAILABLE: Verdict.ACCEPTED,
        ConnectorStatus.RESERVED: Verdict.ACCEPTED,
        ConnectorStatus.FAULTED: Verdict.FAULTED,
        ConnectorStatus.UNAVAILABLE: Verdict.UNAVAILABLE,
    }.get(status, Verdict.OCCUPIED)
    found, verdict, reason = reserve(current, replace(ASKED, token="BB"), status, NOW)
    assert verdict is expected
    if verdict is Verdict.ACCEPTED:
        assert found == replace(CURRENT, token="BB")
    else:
        assert found is current
        assert reason == f"the connector is {status}"


@pytest.mark.parametrize(
    ("asked", "now_s", "why"),
    [
        (replace(ASKED, connector=2), NOW, "there is no connector 2"),
        (replace(ASKED, connector=-1), NOW, "there is no connector -1"),
        (ASKED, LATER, "it has expired"),
        (replace(ASKED, expires_utc_s=-62_135_596_800), NOW, "it has expired"),
        (ASKED, None, "the clock is not set: it would not expire"),
    ],
)
def test_what_cannot_be_kept_is_rejected(asked: Reserve, now_s: float | None, why: str) -> None:
    assert reserve(CURRENT, asked, FREE, now_s) == (CURRENT, Verdict.REJECTED, why)


def test_a_reservation_is_cancelled_by_its_id_alone() -> None:
    assert cancel(CURRENT, 1) == (None, Verdict.ACCEPTED)
    assert cancel(CURRENT, 2) == (CURRENT, Verdict.REJECTED)
    assert cancel(None, 1) == (None, Verdict.REJECTED)


@pytest.mark.parametrize(
    ("now_s", "is_left"), [(NOW, True), (1999.9, True), (LATER, False), (None, True)]
)
def test_a_reservation_ends_by_itself(now_s: float | None, is_left: bool) -> None:
    assert without_expired(CURRENT, now_s) is (CURRENT if is_left else None)
    assert without_expired(None, now_s) is None


@pytest.mark.parametrize(
    ("token", "group", "may"),
    [
        ("AA", "", True),
        ("aa", "", True),
        ("BB", "", False),
        ("BB", "G", True),
        ("BB", "g", True),
        ("BB", "H", False),
    ],
)
def test_the_token_and_its_group_are_admitted(token: str, group: str, may: bool) -> None:
    assert admits(CURRENT, token, group) is may


def test_without_a_group_no_other_token_is_admitted() -> None:
    assert not admits(replace(CURRENT, group=""), "BB", "")
    assert admits(None, "BB", "")
