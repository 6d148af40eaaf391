"""A card where a charging service is in use: dcs decides, then session (RFID-11)."""

import pytest
from msgspec.structs import replace

from bus import Answer, Status
from msgs.dcs import CardDecision, CardVerdict, CheckCard
from msgs.led import Tone
from msgs.rfid import Indication, RfidMode
from nodes.rfid.outcome import CardResult
from tests.rfid.conftest import FREE, MASTER, NEW, OTHER, PLUGGED, RED, RELEASED, Scenario

pytestmark = pytest.mark.req("RFID-11")


def decided(verdict: CardVerdict, token: str = "", reason: str = "") -> Answer[CardDecision]:
    decision = CardDecision(verdict=verdict, token=token, reason=reason)
    return Answer(status=Status.OK, result=decision)


def with_service(decision: Answer[CardDecision] | None = None) -> Scenario:
    scenario = Scenario()
    scenario.has_service, scenario.decision = True, decision
    return scenario


@pytest.mark.parametrize(("uid", "is_taught"), [(RED, True), (NEW, False), (OTHER, False)])
def test_session_is_asked_only_once_the_service_has_accepted(uid: str, is_taught: bool) -> None:
    scenario = with_service()
    status = scenario.present(uid)
    assert scenario.checked == [CheckCard(token=uid, is_taught=is_taught)]
    assert (scenario.asked, status.accepted, status.tone_count) == ([], None, 0)
    assert status.detail == "The charging service is being asked."
    status = scenario.step(decision=decided(CardVerdict.ACCEPTED, uid))
    assert (scenario.asked, status.accepted, status.tone) == ([uid], True, Tone.RISING)


def test_session_is_asked_for_the_card_of_the_group_that_the_service_names() -> None:
    scenario = with_service(decided(CardVerdict.ACCEPTED, RED))
    status = scenario.present(NEW)
    assert (scenario.asked, status.last_uid, status.accepted) == ([RED], NEW, True)


@pytest.mark.parametrize("uid", [RED, NEW])
def test_a_card_that_the_service_refuses_is_refused_though_it_is_in_the_list(uid: str) -> None:
    scenario = with_service(decided(CardVerdict.REFUSED, reason="It is blocked."))
    status = scenario.present(uid)
    assert (scenario.asked, status.accepted, status.indication) == ([], False, Indication.REFUSED)
    assert (status.last_uid, status.detail) == (uid, "It is blocked.")


def test_the_list_decides_where_dcs_says_that_no_service_does() -> None:
    scenario = with_service(decided(CardVerdict.NOT_ASKED))
    assert scenario.present(RED).accepted is True
    status = scenario.present(NEW)
    assert (scenario.asked, status.accepted) == ([RED], False)
    assert scenario.result is CardResult.NOT_LISTED


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.ERROR, Status.NOT_READY, Status.REFUSED])
@pytest.mark.parametrize("uid", [RED, NEW])
def test_no_answer_of_dcs_is_a_refusal(status: Status, uid: str) -> None:
    scenario = with_service(Answer(status=status, reason="dcs did not answer"))
    shown = scenario.present(uid)
    assert (scenario.asked, shown.accepted, shown.detail) == ([], False, "dcs did not answer")


def test_other_cards_wait_until_the_service_has_answered() -> None:
    scenario = with_service()
    scenario.present(RED)
    assert scenario.present(NEW).accepted is False
    assert scenario.result is CardResult.BUSY
    status = scenario.step(decision=decided(CardVerdict.ACCEPTED, RED))
    assert (scenario.asked, status.last_uid, status.accepted) == ([RED], RED, True)


def test_a_decision_that_nobody_awaits_changes_nothing() -> None:
    scenario = with_service()
    before = scenario.status
    assert scenario.step(decision=decided(CardVerdict.ACCEPTED, RED)) == before
    assert scenario.asked == []


def test_the_card_that_has_authorised_logs_off_without_the_service() -> None:
    scenario = with_service()
    scenario.session = replace(PLUGGED, authorized=True, session_id="1", token=RED)
    scenario.step()
    scenario.present(RED)
    assert (scenario.checked, scenario.asked) == ([], [RED])


def test_the_master_teaches_without_the_service_and_authorises_with_it() -> None:
    scenario = with_service()
    assert scenario.present(MASTER).mode is RfidMode.NEW_CARD
    assert scenario.checked == []
    scenario.wait(6.0)
    assert scenario.checked == [CheckCard(token=MASTER, is_taught=True)]
    assert scenario.asked == []


def test_a_plug_that_goes_in_while_the_service_is_asked_changes_nothing() -> None:
    scenario = with_service()
    scenario.session = FREE
    scenario.present(RED)
    scenario.session = PLUGGED
    scenario.wait(1.0)
    scenario.step(decision=decided(CardVerdict.ACCEPTED, RED))
    assert scenario.asked == [RED]


def test_without_a_service_dcs_is_not_asked() -> None:
    scenario = Scenario()
    scenario.answer = RELEASED
    scenario.present(RED)
    assert (scenario.checked, scenario.asked) == ([], [RED])
