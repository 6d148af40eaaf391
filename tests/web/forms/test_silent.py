"""A form that is sent while system is silent: nothing that was typed is lost."""

from pathlib import Path

import pytest

from tests.web.conftest import LABEL, Browser
from tests.web.forms.conftest import NodesBox, SettingsDesk
from tests.web.forms.examples import EXAMPLES, Example, at, filled, form_of, multi, wrong_at
from tests.web.reading import Reading
from web.forms.wizard import STEPS, WizardStep

CARD = LABEL.rfid[1].uid


def name(case: Example) -> str:
    return str(case.path)


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_what_is_typed_while_system_is_silent_is_shown_again_and_taken_later(
    box: NodesBox, owner: Browser, example: Example
) -> None:
    box.put(example.before)
    form = form_of(Reading(owner.get(example.path).text), example.path)
    typed = filled(form, example.typed)
    box.graph.kill("system")
    answer = owner.client.post(example.path, data=multi(typed))
    assert answer.status_code == 503
    reading = Reading(answer.text)
    (alert,) = reading.find(id="errors")
    assert "The wallbox does not answer at the moment. Nothing was saved." in alert.text
    again = form_of(reading, example.path)
    assert [each for each in again.pairs() if each[1]] == [
        (key, value.strip()) for key, value in form_order(again.pairs(), typed) if value.strip()
    ]
    box.start_system()
    box.say()
    box.graph.advance(0.1)
    answer = owner.client.post(example.path, data=multi(again.pairs()))
    assert answer.status_code == 303, answer.text
    for key, value in example.values.items():
        assert box.table()[key] == value, key


def form_order(pairs: list[tuple[str, str]], typed: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what was typed, in the order of the names of a form."""
    names = list(dict.fromkeys(key for key, _ in pairs))
    return sorted(typed, key=lambda pair: names.index(pair[0]))


def test_another_tab_is_still_not_overwritten_unseen_after_a_silence(
    box: NodesBox, owner: Browser
) -> None:
    path = "/configuration/main-fuse"
    form = form_of(Reading(owner.get(path).text), path)
    box.put({"main_fuse_a": 32})
    box.graph.kill("system")
    answer = owner.client.post(path, data=multi(filled(form, {"main_fuse_a": "20"})))
    again = form_of(Reading(answer.text), path)
    box.start_system()
    box.graph.advance(0.1)
    answer = owner.client.post(path, data=multi(again.pairs()))
    assert answer.status_code == 409
    assert wrong_at(answer.text) == {at("main_fuse_a"): "Changed meanwhile: it is 32 A now."}


@pytest.mark.parametrize("later", [(), ("get",)])
def test_an_answer_that_comes_too_late_leaves_what_was_typed(
    box: NodesBox, owner: Browser, later: tuple[str, ...]
) -> None:
    path = "/configuration/main-fuse"
    form = form_of(Reading(owner.get(path).text), path)
    box.unanswered = ["set"]
    answer = owner.client.post(path, data=multi(filled(form, {"main_fuse_a": "20"})))
    assert answer.status_code == 504
    assert "it is not known whether this was done" in answer.text
    again = form_of(Reading(answer.text), path)
    assert again.fields["main_fuse_a"].values == ["20"]
    box.unanswered = list(later)
    answer = owner.client.post(path, data=multi(again.pairs()))
    assert answer.status_code == (503 if later else 303)
    assert box.table()["main_fuse_a"] == 20.0


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.path)
def test_a_step_of_the_wizard_keeps_what_was_typed(
    box: NodesBox, owner: Browser, step: WizardStep
) -> None:
    path = step.path
    form = form_of(Reading(owner.get(path).text), path)
    box.graph.kill("system")
    answer = owner.client.post(path, data=multi(form.pairs()))
    assert answer.status_code == 503
    assert form_of(Reading(answer.text), path).pairs() == form.pairs()


def test_a_locked_value_is_not_set_by_a_form_that_was_shown_again(
    settings_desk: SettingsDesk, tmp_path: Path
) -> None:
    box, owner = settings_desk.nodes, settings_desk.signed_in
    box.renew(tmp_path, {"main_fuse_a": 16, "solar.enabled": False})
    for path in ("/configuration/main-fuse", "/configuration/solar"):
        form = form_of(Reading(owner.get(path).text), path)
        before = box.table()
        box.graph.kill("system")
        answer = owner.client.post(path, data=multi(form.pairs()))
        assert answer.status_code == 503
        again = form_of(Reading(answer.text), path)
        box.start_system()
        box.graph.advance(0.1)
        answer = owner.client.post(path, data=multi(again.pairs()))
        assert answer.status_code == 303, answer.text
        assert box.table() == before


def test_a_form_that_another_node_takes_does_not_wait_for_system(
    box: NodesBox, owner: Browser
) -> None:
    path = "/configuration/card-name"
    form = form_of(Reading(owner.get(f"{path}?uid={CARD}").text), path)
    box.graph.kill("system")
    typed = multi(filled(form, {"name": "Kari"}))
    assert owner.client.post(path, data=typed).status_code == 303
    box.graph.kill("rfid")
    typed = multi(filled(form, {"name": "Kari Nordmann"}))
    answer = owner.client.post(path, data=typed)
    assert answer.status_code == 504
    assert "it is not known whether this was done" in answer.text
    assert form_of(Reading(answer.text), path).fields["name"].values == ["Kari Nordmann"]
