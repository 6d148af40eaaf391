"""Who limits the current, as text."""

from dataclasses import replace

import pytest

from msgs.safety import Contactor, FaultCode
from tests.builders import load_offer
from tests.view.charge import but, charging, silent
from tests.view.snapshot import said
from view.limits import limit_reason, limit_title, limit_words, limits, source_name
from view.snapshot import Snapshot


@pytest.mark.req("MET-7")
def test_the_lowest_limit_is_shown_with_source_and_reason() -> None:
    assert limit_words(charging()) == "16.0 A by main fuse"
    assert limit_reason(charging()) == "The main fuse leaves 16 A."


@pytest.mark.req("MET-7")
def test_all_limits_are_shown_the_lowest_first() -> None:
    chain = [
        (each.source, each.name, each.amount, each.detail, each.binds)
        for each in limits(charging())
    ]
    assert chain == [
        ("fuse", "main fuse", "16.0 A", "35 A less 19 A", True),
        ("meter_lost", "meter lost", "none", "sets no limit", False),
    ]


@pytest.mark.parametrize(
    ("snapshot", "title"),
    [
        (charging(), "Why this current"),
        (silent("offer"), "Why this current"),
        (silent("safety"), "Why this current"),
        (silent("session"), ""),
        (but("safety", contactor=Contactor.OPEN), "What a car could get now"),
        (but("safety", faults=(FaultCode.RESIDUAL_CURRENT,)), ""),
        (but("safety", has_mains=False), ""),
        (but("safety", commissioning=True), ""),
        (but("safety", showroom=True), ""),
    ],
)
def test_the_limit_says_what_it_is_about(snapshot: Snapshot, title: str) -> None:
    assert limit_title(snapshot) == title


def test_a_limit_of_nothing_is_why_there_is_no_current() -> None:
    snapshot = replace(
        but("safety", contactor=Contactor.OPEN), offer=said("offer", load_offer(0.0, "app"))
    )
    assert limit_title(snapshot) == "Why no current"


def test_a_silent_load_manager_leaves_no_limit_known() -> None:
    snapshot = silent("offer")
    assert limit_words(snapshot) == "not known"
    assert limit_reason(snapshot) == "no message from load_manager for 12 s"
    assert limits(snapshot) == ()


def test_a_source_with_a_short_name_is_named_for_a_person() -> None:
    assert source_name("meter_proof") == "check of the house meter"
    assert source_name("phase_search") == "measurement of the phases"
    assert source_name("external_input") == "external input"
    assert source_name("smart_home") == "smart home"
