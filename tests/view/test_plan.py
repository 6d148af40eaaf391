"""The plan of the charging service, as a person sees it."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as changed

from msgs.dcs import ChargeMode, Link, PlanPeriod
from tests.builders import dcs_status
from tests.view.charge import but, charging, silent
from tests.view.snapshot import said
from view.plan import PlanPicture, PlanSpan, plan_picture
from view.snapshot import Snapshot

pytestmark = pytest.mark.req("DCS-4", "WEB-2")


def planned(
    *periods: tuple[float, float | None], base: Snapshot | None = None, **words: Any
) -> Any:
    """Return a snapshot whose plan has these periods: seconds from now, limit."""
    snapshot = base or charging()
    plan = tuple(
        PlanPeriod(start_utc_ns=round(snapshot.utc_ns + in_s * 1e9), limit_a=limit_a)
        for in_s, limit_a in periods
    )
    words = {"link": Link.ONLINE, "synchronised": True, "plan": plan} | words
    status = changed(dcs_status(), **words)
    return replace(snapshot, dcs=said("dcs", status))


def picture(*periods: tuple[float, float | None], **words: Any) -> PlanPicture:
    shown = plan_picture(planned(*periods, **words))
    assert shown is not None
    return shown


def test_a_box_without_a_service_has_no_plan() -> None:
    assert plan_picture(silent("dcs")) is None
    assert plan_picture(planned((0.0, 8.0), synchronised=False)) is None


INTELLIGENT = {"mode": ChargeMode.INTELLIGENT}
WAITS = INTELLIGENT | {"waits_for_plan": True}


@pytest.mark.parametrize(
    ("periods", "words", "mode", "is_applied", "why"),
    [
        ([(0.0, 10.0)], INTELLIGENT, "Intelligent", True, "follows the plan"),
        ([], WAITS, "Waiting for the plan", False, "low current"),
        ([(0.0, 10.0)], {}, "Fast", False, "chosen at the box"),
        ([], {}, "Fast", False, "no plan for this charge"),
        ([], {"clock_set": False}, "Fast", False, "time is not known"),
        (
            [(0.0, 10.0)],
            INTELLIGENT | {"link": Link.UNREACHABLE},
            "Intelligent",
            True,
            "not reached now",
        ),
    ],
)
def test_the_mode_is_said_with_its_reason(
    periods: list[tuple[float, float | None]],
    words: dict[str, Any],
    mode: str,
    is_applied: bool,
    why: str,
) -> None:
    shown = picture(*periods, **words)
    assert (shown.mode, shown.is_applied) == (mode, is_applied)
    assert why in shown.why


def test_without_a_charge_there_is_no_mode() -> None:
    idle = but("session", session_id="")
    shown = plan_picture(planned((60.0, 0.0), base=idle))
    assert shown is not None
    assert (shown.mode, shown.is_applied) == ("", False)
    assert "next charge" in shown.why


def test_the_curve_begins_now() -> None:
    shown = picture((-7200.0, 6.0), (-60.0, 0.0), (600.0, 16.0), (3600.0, None), **INTELLIGENT)
    assert [(round(each.in_s), each.limit_a) for each in shown.spans] == [
        (0, 0.0),
        (600, 16.0),
        (3600, None),
    ]
    assert picture(**INTELLIGENT).spans == ()
    assert picture((0.0, 8.0)).spans == (PlanSpan(in_s=0.0, limit_a=8.0),)
