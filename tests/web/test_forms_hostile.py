"""Every form and every route that takes JSON, with hostile input. What is hostile: `hostile`."""

import json
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from msgs.methods import ACTS
from tests.web.conftest import Browser
from tests.web.graph_desk import GraphDesk
from tests.web.hostile import BODIES, BYTES, KINDS_OF_BODY, TEXTS, Case, judge, judge_log
from tests.web.reading import Form, Reading
from web import account

HEAL_S = 61.0  # the longest wait after failed logins is over
FORM = "application/x-www-form-urlencoded"
OPEN_PAGES = ("/login", "/recover")

JSON_ROUTES: dict[str, tuple[str, ...]] = {
    "/api/v1/panel/<name>": tuple(f"/api/v1/panel/{name}" for name in (*ACTS, "nothing")),
}
"""Each rule that takes JSON, with the paths that are tried."""

FIELDS = tuple({name for act in ACTS.values() for name in act.arguments.__struct_fields__})


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GraphDesk:
    """Give a page before real nodes. Passwords are hashed quickly: the hash is not tested here."""
    monkeypatch.setattr(account, "TIME_COST", 1)
    monkeypatch.setattr(account, "MEMORY_KIB", 8)
    desk = GraphDesk(tmp_path)
    desk.owner()
    return desk


class Attack:
    """One visitor who sends hostile input, and looks at what has happened."""

    def __init__(self, desk: GraphDesk, signed_in: bool = True) -> None:
        self.desk = desk
        self.browser: Browser = desk.owner() if signed_in else desk.browser()
        self._is_owner = signed_in
        self.before = desk.graph_box.kept()
        self.account = desk.login_check.account

    def read(self, path: str) -> Reading:
        answer = self.browser.get(path)
        assert answer.status_code == 200, (path, answer.status)
        return Reading(answer.text)

    def token(self, path: str) -> str:
        return next(form for form in self.read(path).forms).fields["csrf_token"].values[0]

    def post(self, case: Case, path: str, **sent: Any) -> TestResponse:
        """Send it, and judge answer, log and nodes."""
        desk = self.desk
        desk.box.time_s += HEAL_S
        del desk.box.lines[:]
        answer = self.browser.client.post(path, **sent)
        judge(answer, case)
        judge_log(desk.box.lines, case)
        self._look(answer, case)
        return answer

    def _look(self, answer: TestResponse, case: Case) -> None:
        """Assert that what was refused has changed nothing."""
        now = self.desk.graph_box.kept()
        if answer.status_code >= 400:
            assert now == self.before, case
            assert self.desk.login_check.account == self.account, case
        else:
            self.before, self.account = now, self.desk.login_check.account
        if self._is_owner:
            assert self.browser.is_in(), case


def pages(attack: Attack) -> Iterator[str]:
    """Return every page that a link leads to from the first, without its query."""
    found, waiting = {"/"}, ["/"]
    while waiting:
        path = waiting.pop()
        yield path
        for element in attack.read(path).elements:
            address = element.attributes.get("href", "") if element.tag == "a" else ""
            target = urlsplit(address).path
            is_page = target.startswith("/") and not target.startswith(("/api/", "/static/"))
            if is_page and target not in found:
                found.add(target)
                waiting.append(target)


def forms_of(page: Reading) -> list[Form]:
    return [form for form in page.forms if form.action != "/logout"]


def test_every_route_that_takes_something_is_attacked_here(desk: GraphDesk) -> None:
    attack = Attack(desk)
    sent_to = {form.action for path in pages(attack) for form in attack.read(path).forms}
    stranger = Attack(desk, signed_in=False)
    sent_to |= {form.action for path in OPEN_PAGES for form in stranger.read(path).forms}
    adapter = desk.app.url_map.bind("localhost")
    rules = {rule.rule for rule in desk.app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    reached = {adapter.match(path, "POST", return_rule=True)[0].rule for path in sent_to}
    assert rules - reached - set(JSON_ROUTES) == set()


def fill(attack: Attack, path: str, texts: Iterable[str]) -> int:
    """Type texts of the table into each field of each form of a page; return how often.

    Where `texts` ends, the next field goes on with it: so each field gets some of them.
    """
    count = 0
    for index in range(len(forms_of(attack.read(path)))):
        for name in list(forms_of(attack.read(path))[index].fields):
            for what in texts:
                form = forms_of(attack.read(path))[index]
                case = Case(f"{path} {name}", what)
                body = urlencode(form.with_value(name, TEXTS[what]))
                attack.post(case, form.action, data=body, content_type=FORM)
                count += 1
    return count


class Some:
    """Each time some more texts of the table, which begins again at its end."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._texts = cycle(TEXTS)

    def __iter__(self) -> Iterator[str]:
        return islice(self._texts, self._count)


@pytest.mark.parametrize("path", OPEN_PAGES)
def test_hostile_text_of_a_stranger_is_refused_with_an_explanation(
    desk: GraphDesk, path: str
) -> None:
    attack = Attack(desk, signed_in=False)
    assert fill(attack, path, TEXTS) >= len(TEXTS)
    assert not attack.browser.is_in()


def test_hostile_text_in_a_field_is_refused_or_stays_a_text(desk: GraphDesk) -> None:
    attack = Attack(desk)
    texts = Some(8)
    assert sum(fill(attack, path, texts) for path in pages(attack)) >= len(TEXTS)


@pytest.mark.proof
def test_every_hostile_text_in_every_field_is_refused_or_stays_a_text(desk: GraphDesk) -> None:
    attack = Attack(desk)
    assert sum(fill(attack, path, TEXTS) for path in pages(attack)) >= len(TEXTS)


def forms_everywhere(desk: GraphDesk) -> Iterator[tuple[Attack, str, int]]:
    """Return each form as it can be reached: who is before it, its page, and its place there."""
    stranger, owner = Attack(desk, signed_in=False), Attack(desk)
    for attack, paths in ((stranger, OPEN_PAGES), (owner, tuple(pages(owner)))):
        for path in paths:
            for index in range(len(forms_of(attack.read(path)))):
                yield attack, path, index


def test_bytes_that_are_no_text_are_refused_or_stay_a_text(desk: GraphDesk) -> None:
    for attack, path, index in forms_everywhere(desk):
        names = list(forms_of(attack.read(path))[index].fields)
        for name, (what, sent) in zip(cycle(names), BYTES.items(), strict=False):
            form = forms_of(attack.read(path))[index]
            others = urlencode([pair for pair in form.pairs() if pair[0] != name]).encode()
            case = Case(f"{path} {name}", what)
            attack.post(
                case, form.action, data=others + b"&" + name.encode() + b"=" + sent,
                content_type=FORM,
            )  # fmt: skip
            attack.post(
                case, form.action, data=others + b"&" + sent + b"=1&" + sent, content_type=FORM
            )


def test_a_form_without_a_field_twice_with_one_or_of_another_kind_is_answered(
    desk: GraphDesk,
) -> None:
    for attack, path, index in forms_everywhere(desk):
        form = forms_of(attack.read(path))[index]
        for name in form.fields:
            form = forms_of(attack.read(path))[index]
            left = [pair for pair in form.pairs() if pair[0] != name]
            where = f"{path} {name}"
            attack.post(Case(where, "missing"), form.action, data=dict(left))
            form = forms_of(attack.read(path))[index]
            twice = [*form.pairs(), (name, "<evil>"), (name, "1")]
            attack.post(Case(where, "twice"), form.action, data=urlencode(twice), content_type=FORM)
        form = forms_of(attack.read(path))[index]
        token = form.fields["csrf_token"].values[0]
        parts = dict(form.pairs()) | {"file": (BytesIO(b"<evil>"), "../../<evil>.js")}
        attack.post(Case(path, "with a file"), form.action, data=parts)
        for kind in KINDS_OF_BODY:
            attack.post(
                Case(path, f"as {kind[:40]}"),
                form.action,
                data=urlencode(form.pairs()),
                content_type=kind,
                headers={"X-CSRF-Token": token},
            )
        for what, body in BODIES.items():
            attack.post(
                Case(path, what), form.action, data=body, content_type="application/json",
                headers={"X-CSRF-Token": token},
            )  # fmt: skip


# --- what takes JSON ------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", JSON_ROUTES)
def test_hostile_json_is_refused_with_an_explanation(desk: GraphDesk, rule: str) -> None:
    attack = Attack(desk)
    token = attack.token("/user")
    kinds = cycle(("application/json", *KINDS_OF_BODY))
    for path in JSON_ROUTES[rule]:
        for what, body in BODIES.items():
            for kind in ("application/json", next(kinds)):
                attack.post(
                    Case(path, f"{what} as {kind[:40]}"), path, data=body, content_type=kind,
                    headers={"X-CSRF-Token": token},
                )  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("rule", JSON_ROUTES)
def test_any_json_is_answered_in_words_and_what_is_refused_changes_nothing(
    desk: GraphDesk, rule: str
) -> None:
    attack = Attack(desk)
    token = attack.token("/user")

    @settings(max_examples=150)
    @given(path=st.sampled_from(JSON_ROUTES[rule]), value=JSON, tail=st.binary(max_size=3))
    def attempt(path: str, value: Any, tail: bytes) -> None:
        body = json.dumps(value).encode() + tail
        attack.post(
            Case(path, f"{body[:200]!r}"), path, data=body, content_type="application/json",
            headers={"X-CSRF-Token": token},
        )  # fmt: skip

    attempt()


def test_any_text_in_a_form_is_answered_in_words(desk: GraphDesk) -> None:
    places = [
        (attack, path, index, name)
        for attack, path, index in forms_everywhere(desk)
        for name in forms_of(attack.read(path))[index].fields
    ]

    @settings(max_examples=150)
    @given(place=st.sampled_from(places), text=st.text() | st.floats().map(str), raw=st.binary())
    def attempt(place: tuple[Attack, str, int, str], text: str, raw: bytes) -> None:
        attack, path, index, name = place
        form = forms_of(attack.read(path))[index]
        others = urlencode([pair for pair in form.pairs() if pair[0] != name]).encode()
        value = quote_from_bytes(text.encode(errors="replace")).encode() + raw
        attack.post(
            Case(f"{path} {name}", f"{value!r}"), form.action,
            data=others + b"&" + name.encode() + b"=" + value, content_type=FORM,
        )  # fmt: skip

    attempt()


# --- addresses and headers ------------------------------------------------------------------------


def test_hostile_addresses_are_answered_in_words(desk: GraphDesk) -> None:
    attack = Attack(desk)
    sent = {what: text.encode(errors="replace")[:2000] for what, text in TEXTS.items()} | BYTES
    for what, value in sent.items():
        quoted = quote_from_bytes(value) if what not in BYTES else value.decode("latin-1")
        for path in (
            f"/{quoted}",
            f"/static/{quoted}",
            f"/api/v1/{quoted}",
            f"/user?saved={quoted}&{quoted}={quoted}&{quoted}",
            f"/login?next={quoted}",
            f"/static/css/base.css?v={quoted}",
            f"/api/v1/live?{quoted}",
        ):
            case = Case(path[:60], what)
            del desk.box.lines[:]
            judge(attack.browser.client.get(path), case)
            judge_log(desk.box.lines, case)


HEADERS = (
    "Accept", "Accept-Encoding", "Accept-Language", "Cookie", "If-Modified-Since", "If-None-Match",
    "Origin", "Range", "Referer", "Sec-Fetch-Site", "User-Agent", "X-CSRF-Token",
    "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Authorization",
)  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
def test_hostile_headers_are_answered_in_words(desk: GraphDesk, header: str) -> None:
    attack = Attack(desk)
    texts = [text for text in TEXTS.values() if not set(text) & {"\r", "\n", "\0"}]
    for text in texts:
        value = text.encode(errors="replace").decode("latin-1")[:8000]
        for path in ("/", "/login", "/static/css/base.css", "/api/v1/live"):
            case = Case(f"{path} {header}", ascii(text[:40]))
            del desk.box.lines[:]
            judge(attack.browser.get(path, headers={header: value}), case)
            judge_log(desk.box.lines, case)
