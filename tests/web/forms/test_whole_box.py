"""Parts of settings pages before the whole box: a meter that is read, phases that are found."""

from pathlib import Path
from typing import TypeVar

import pytest
from msgspec import Struct

from msgs.method import Method
from msgs.requests import Answer
from tests.box import AS_DELIVERED, Box
from tests.web.conftest import Browser, HandBox
from tests.web.forms.conftest import SettingsDesk, owner_of
from tests.web.forms.examples import at, filled, form_of, multi, wrong_at
from tests.web.reading import Reading

METER = "/configuration/external-meter"
PHASES, SEARCH = "/configuration/phase-assignment", "/configuration/phase-search"

A = TypeVar("A", bound=Struct)
R = TypeVar("R")


class WholeBox(HandBox):
    """All nodes of a simulated box under virtual time."""

    def __init__(self, state_dir: Path, *settings: str) -> None:
        super().__init__()
        self.graph = Box(state_dir, *settings, authorization=AS_DELIVERED)
        self._bus = self.graph.join("web")
        self.graph.ask("system", "set", {"changes": {"authorization.required": False}})

    def ask(self, method: Method[A, R], arguments: A) -> Answer[R]:
        answers: list[Answer[R]] = []
        self._bus.request(method, arguments, answers.append)
        for _ in range(1000):
            if answers:
                break
            self.graph.advance(0.01)
        (answer,) = answers
        return answer


def try_meter(browser: Browser, section: str, **typed: str) -> str:
    """Press "Test Connection" with something typed; return the page."""
    form = form_of(Reading(browser.get(METER).text), METER)
    sent = multi(filled(form, {f"{section}.{key}": value for key, value in typed.items()}))
    answer = browser.client.post(f"{METER}?test={section}", data=sent)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.req("MET-2", "WEB-11")
def test_a_meter_is_tested_as_it_is_typed_and_nothing_is_set(
    settings_desk: SettingsDesk, tmp_path: Path
) -> None:
    box = WholeBox(tmp_path)
    box.graph.act("house", {"current_a": [3.0, 9.0, 4.0]})
    box.graph.advance(3.0)
    owner = owner_of(settings_desk, box)
    before = box.graph.ask("system", "get")

    reading = Reading(try_meter(owner, "house_meter", port="1502"))
    (shown,) = reading.find(id="test-house_meter")
    assert "The meter answers." in shown.text
    cells = [each.text for each in reading.elements if each.tag == "td"]
    assert [each.text for each in reading.find(scope="row")] == ["L1", "L2", "L3", "All"]
    read_a = [float(cells[column]) for column in (0, 3, 6)]
    assert read_a == pytest.approx([3.0, 9.0, 4.0], abs=0.5)
    assert float(cells[-1]) == pytest.approx(230.0 * 16.0, rel=0.1)

    page = try_meter(owner, "house_meter", port="1777", unit="9")
    (shown,) = Reading(page).find(id="test-house_meter")
    assert "The meter cannot be read: " in shown.text
    form = form_of(Reading(page), METER)
    assert form.fields["house_meter.port"].values == ["1777"]  # what was typed is kept

    said = wrong_at(try_meter(owner, "house_meter", port="70000", manufacturer=""))
    assert said == {
        at("house_meter.port"): "Expected a whole number from 0 to 65535; got 70000.",
        at("house_meter.manufacturer"): "Expected the meter's manufacturer.",
    }
    assert not wrong_at(try_meter(owner, "solar_meter"))  # it is at hand, and off
    said = wrong_at(try_meter(owner, "solar_meter", manufacturer=""))
    assert said == {at("solar_meter.manufacturer"): "Expected the meter's manufacturer."}
    assert box.graph.ask("system", "get") == before


@pytest.mark.req("MET-4", "MET-9", "WEB-7")
def test_the_phases_are_found_by_a_measurement_and_set_by_a_button(
    settings_desk: SettingsDesk, tmp_path: Path
) -> None:
    box = WholeBox(tmp_path, "plant.wiring=L3-L1-L2", "plant.vehicle_phases=1")
    owner = owner_of(settings_desk, box)
    reading = Reading(owner.get(PHASES).text)
    assert "No measurement was made" in reading.text
    assert reading.find(href=SEARCH)

    begin = {"csrf_token": owner.token(SEARCH), "action": "begin"}
    answer = owner.client.post(SEARCH, data=begin)
    assert answer.status_code == 409
    (above,) = Reading(answer.text).find(id="errors")
    assert above.text.strip().startswith("No vehicle is charging")

    box.graph.act("plug")
    box.graph.act("ready")
    box.graph.advance(40.0)
    answer = owner.client.post(SEARCH, data=begin)
    assert (answer.status_code, answer.location) == (303, f"{SEARCH}?saved=phase-search")
    page = owner.get(answer.location).text
    assert "Measuring the phase assignment" in page
    assert "data-refresh" in page
    stop = {"csrf_token": owner.token(SEARCH), "action": "stop"}
    assert owner.client.post(SEARCH, data=stop).status_code == 303
    page = owner.get(SEARCH).text
    assert "It was stopped." in page
    assert "data-refresh" not in page

    assert owner.client.post(SEARCH, data=begin).status_code == 303
    box.graph.advance(125.0)
    page = owner.get(SEARCH).text
    assert "L1 on L3 of the house meter" in page
    assert ">Set L3-L1-L2<" in page
    assert box.graph.ask("system", "get")["phase_assignment"] == "L1-L2-L3"
    form = form_of(Reading(page), PHASES)
    answer = owner.client.post(PHASES, data=multi(form.pairs()))
    assert answer.status_code == 303, answer.text
    assert box.graph.ask("system", "get")["phase_assignment"] == "L3-L1-L2"

    box.graph.ask("system", "set", {"changes": {"phase_assignment": "L2-L3-L1"}})  # another tab
    answer = owner.client.post(PHASES, data=multi(form.pairs()))
    assert answer.status_code == 409
    assert "Changed meanwhile" in answer.text
    assert box.graph.ask("system", "get")["phase_assignment"] == "L2-L3-L1"


def test_an_action_that_there_is_not_is_refused(
    settings_desk: SettingsDesk, tmp_path: Path
) -> None:
    owner = owner_of(settings_desk, WholeBox(tmp_path))
    sent = {"csrf_token": owner.token(SEARCH), "action": "party"}
    answer = owner.client.post(SEARCH, data=sent)
    assert answer.status_code == 400
