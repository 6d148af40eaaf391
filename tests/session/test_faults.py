"""Which faults pass by themselves, which need somebody, which end the charge (ERR-R, STA-3)."""

from typing import Any

import pytest

from msgs.safety import FaultCode, SafetyStatus
from nodes.session.faults import MOST_RETRIES, is_latched, is_passing, needs_somebody
from tests.builders import faulty_safety

PENDING = {"retries": 2, "retry_in_s": 60.0}
WAITING = {"retries": MOST_RETRIES - 1}  # a retry is left, and its time is not known
USED_UP = {"retries": MOST_RETRIES}


def safety(codes: str, **changes: Any) -> SafetyStatus:
    return faulty_safety(*map(FaultCode, codes.split()), **changes)


@pytest.mark.req("ERR-R", "STA-3")
@pytest.mark.parametrize(
    ("codes", "retries", "passing"),
    [
        # the box cools
        ("3", {}, True),
        ("3", USED_UP, True),
        # a retry is pending
        *((code, PENDING, True) for code in ("1", "5", "8", "8001", "8002", "4003", "8005")),
        # it waits for what it needs: stable mains, a plug in a possible state
        ("8", WAITING, True),
        ("8002", WAITING, True),
        ("8001", WAITING, False),
        ("4003", WAITING, False),
        ("8005", WAITING, False),
        # all are used up
        *((code, USED_UP, False) for code in ("1", "5", "8", "8001", "8002", "4003", "8005")),
        # somebody has to do something
        *((code, PENDING, False) for code in ("8007", "red")),
        *((code, {}, False) for code in ("1", "5", "8007", "red")),
        # several: as bad as the worst of them
        ("3 8005", PENDING, True),
        ("3 8005", USED_UP, False),
        ("8002 8005", PENDING, True),
        ("8002 8005", WAITING, True),  # the mains are what the retry of both waits for
        ("8002 8001 3", WAITING, True),
        ("8002 8005", USED_UP, False),
        *((f"8005 {code}", PENDING, True) for code in ("1", "5")),
        *((f"8005 {code}", PENDING, False) for code in ("8007", "red")),
        *((f"{code} 8002", WAITING, False) for code in ("1", "5", "8007", "red")),
        ("3 8007", PENDING, False),
    ],
)
def test_faults_pass_by_themselves_or_do_not(
    codes: str, retries: dict[str, Any], passing: bool
) -> None:
    one = safety(codes, **retries)
    assert is_passing(one) is passing
    if "1" not in codes.split():
        assert needs_somebody(one) is not passing


def test_a_pulled_plug_does_not_show_why_it_was_pulled() -> None:
    assert not needs_somebody(safety("1"))
    assert not needs_somebody(safety("1 8005", **PENDING))
    assert needs_somebody(safety("1 8005", **USED_UP))


@pytest.mark.req("ERR-8007", "ERR-RED")
def test_two_faults_end_the_charge() -> None:
    assert {code for code in FaultCode if is_latched(safety(code))} == {
        FaultCode.SAFETY_CIRCUIT,
        FaultCode.RED,
    }
    assert is_latched(safety("8005 8007", **PENDING))
    assert not is_latched(safety(""))
