"""The texts for a person: one for everything that can be said, with what it names."""

import pytest
from msgspec.structs import replace

from msgs.pilot import CpState
from msgs.rfid import RfidMode
from msgs.safety import FaultCode
from msgs.state_reason import StateReason, Wait
from nodes.session.reasons import CardAnswer, CardRefusal, EndRefusal, NotCharged
from nodes.session.states import StateInputs
from nodes.session.suspension import after_fault, after_stop
from nodes.session.words import END_REFUSALS, WAITS, reason, refusal
from tests.builders import fault_record, load_offer
from tests.session.conftest import SAFETY

FACTS = StateInputs(
    safety=SAFETY,
    hears_pilot=True,
    offer=load_offer(0.0, "fuse"),
    plugged=True,
    permitted=False,
    suspension=after_stop(""),
    waiting_for=Wait.DISK,
    expects=Wait.CARD,
    rfid_mode=RfidMode.MASTER,
)
PULLED = fault_record(
    FaultCode.UNPLUGGED,
    detail="the plug was pulled while charging",
    remedy="Put the plug in again.",
)


@pytest.mark.parametrize("because", list(StateReason))
def test_every_state_has_a_reason_whatever_others_say(because: StateReason) -> None:
    safety = replace(SAFETY, faults=(FaultCode.UNPLUGGED,), records=(PULLED,))
    for facts in (FACTS, replace(FACTS, safety=safety)):
        if because is not StateReason.FAULTS or facts.safety is safety:
            assert len(reason(because, facts)) > 10


def test_everything_that_is_waited_for_and_every_refusal_has_a_text() -> None:
    assert set(WAITS) == set(Wait) - {Wait.DISK_REFUSES}
    assert set(END_REFUSALS) == set(EndRefusal)
    for each in CardRefusal:
        assert len(refusal(CardAnswer(refusal=each))) > 10
    for why in NotCharged:
        verdict = CardAnswer(
            refusal=CardRefusal.NOT_CHARGED, not_charged=why, codes=(FaultCode.RED,)
        )
        assert ("(red)" in refusal(verdict)) is (why is NotCharged.FAULT)
    assert refusal(CardAnswer()) == ""


def test_faults_are_published_in_sentences() -> None:
    safety = replace(SAFETY, faults=(FaultCode.UNPLUGGED,), records=(PULLED,))
    text = reason(StateReason.FAULTS, replace(FACTS, safety=safety))
    assert text == "Fault 1. The plug was pulled while charging. Put the plug in again."


@pytest.mark.parametrize(
    ("because", "detail", "text"),
    [
        (StateReason.UNPROVEN, "no mains", "No current: no mains."),
        (StateReason.UNPROVEN, "", "No current: the contactor is not proven open."),
        (StateReason.PILOT_LINE, "no CP", "No current: no CP."),
        (StateReason.PILOT_LINE, "", "No current: the control pilot is in state E."),
        (StateReason.VEHICLE, "it rests", "Not charging: it rests."),
        (StateReason.VEHICLE, "", "Not charging: the vehicle does not ask for energy."),
    ],
)
def test_the_reason_of_safety_comes_before_that_of_session(
    because: StateReason, detail: str, text: str
) -> None:
    safety = replace(SAFETY, cp_state=CpState.E, detail=detail)
    assert reason(because, replace(FACTS, safety=safety)) == text


@pytest.mark.parametrize(
    ("because", "text"),
    [
        (StateReason.OFFER_HELD, "Paused by fuse."),
        (StateReason.REDUCED, "Reduced by fuse."),
        (StateReason.CHARGING, "Up to 16.0 A, by fuse."),
    ],
)
def test_the_reason_of_load_manager_comes_before_that_of_session(
    because: StateReason, text: str
) -> None:
    offer = load_offer(0.0, "fuse")
    facts = replace(FACTS, safety=replace(SAFETY, offered_a=16.0), offer=offer)
    assert reason(because, facts) == text
    facts = replace(facts, offer=replace(offer, detail="The house needs it."))
    assert reason(because, facts) == "The house needs it."


def test_a_stop_says_what_begins_again_and_a_card_only_where_one_is_required() -> None:
    by_card = replace(
        FACTS,
        suspension=after_stop("the app"),
        is_card_required=True,
        rfid_mode=RfidMode.READY,
    )
    text = reason(StateReason.STOPPED, by_card)
    assert text.startswith("The charge was stopped (the app); present a card")
    no_card = replace(by_card, rfid_mode=RfidMode.MASTER)  # all are erased
    for facts in (no_card, replace(by_card, suspension=after_fault(7))):
        text = reason(StateReason.STOPPED, facts)
        assert "card" not in text
        assert text.endswith("; unplug the vehicle to begin again.")
    text = reason(StateReason.STOPPED, FACTS)
    assert text.endswith("; start it again on the page or in the app, or unplug the vehicle.")


def test_a_master_is_not_awaited_while_a_vehicle_is_plugged_in() -> None:
    assert "unplug the vehicle" in reason(StateReason.LEARNING, FACTS)
    text = reason(StateReason.LEARNING, replace(FACTS, plugged=False))
    assert text == "There is no master card: the first card presented becomes it."


@pytest.mark.parametrize("because", [StateReason.WAKING, StateReason.SELF_TEST])
def test_a_session_that_starts_again_names_its_card(because: StateReason) -> None:
    facts = replace(FACTS, runs=True, renews=True, card_name="Red card")
    text = reason(because, facts)
    assert text.startswith("The session goes on, authorised by Red card. ")
    for other in ({"card_name": ""}, {"renews": False}):
        assert text.endswith(reason(because, replace(facts, **other)))
        assert "goes on" not in reason(because, replace(facts, **other))


def test_a_session_goes_on_after_a_power_cut_and_nothing_else_does() -> None:
    assert reason(StateReason.NO_MAINS, FACTS) == "The box has no mains."
    assert "goes on" in reason(StateReason.NO_MAINS, replace(FACTS, runs=True))


def test_the_error_of_the_disk_is_published_and_a_long_text_is_cut() -> None:
    facts = replace(FACTS, waiting_for=Wait.DISK_REFUSES, problem="the disk is full")
    assert reason(StateReason.WAITING, facts) == "The session cannot be stored: the disk is full"
    assert len(reason(StateReason.WAITING, replace(facts, problem="x" * 1000))) == 400
