"""Every form and every route that takes JSON, with hostile input. What is hostile: `hostile`."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
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
from tests.web.conftest import LABEL, PASSWORD, Browser
from tests.web.graph_desk import GraphDesk
from tests.web.hostile import BODIES, BYTES, KINDS_OF_BODY, TEXTS, Case, judge, judge_log
from tests.web.reading import Form, Reading
from web.charge_api import CHARGE_METHODS

HEAL_S = 61.0  # the longest wait after failed logins is over
FORM = "application/x-www-form-urlencoded"
OPEN_PAGES = ("/login", "/recover")

JSON_ROUTES: dict[str, tuple[str, ...]] = {
    "/api/v1/panel/<name>": tuple(f"/api/v1/panel/{name}" for name in (*ACTS, "nothing")),
    "/api/v1/charge/<name>": tuple(f"/api/v1/charge/{name}" for name in (*CHARGE_METHODS, "none")),
}
"""Each rule that takes JSON, with the paths that are tried."""

TAKEN = (*ACTS.values(), *CHARGE_METHODS.values())
FIELDS = tuple({name for method in TAKEN for name in method.arguments.__struct_fields__})


@pytest.fixture
def desk(tmp_path: Path) -> GraphDesk:
    """Give a page before real nodes."""
    return new_desk(tmp_path)


@pytest.fixture
def asked_desk(tmp_path_factory: pytest.TempPathFactory) -> GraphDesk:
    """Give the page of a worker that nothing is sent to: the tests only ask for what it shows."""
    if not _asked:
        _asked.append(new_desk(tmp_path_factory.mktemp("asked")))
    return _asked[0]


_asked: list[GraphDesk] = []


def new_desk(folder: Path) -> GraphDesk:
    desk = GraphDesk(folder)
    tablet = desk.owner()  # whose login stands on the page User Settings
    form = {"viewer_name": "tablet", "current_password": PASSWORD}
    token = tablet.token("/user")
    tablet.client.post("/user/viewers", data={"csrf_token": token, **form})
    return desk


class Attack:
    """One visitor who sends hostile input, and looks at what has happened."""

    def __init__(self, desk: GraphDesk, signed_in: bool = True) -> None:
        self.desk = desk
        desk.box.time_s += HEAL_S
        self.browser: Browser = desk.owner() if signed_in else desk.browser()
        self._is_owner = signed_in

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
        before, account_before = desk.graph_box.kept(), desk.login_check.account
        answer = self.browser.client.post(path, **sent)
        judge(answer, case)
        judge_log(desk.box.lines, case)
        for secret in (PASSWORD, LABEL.recovery_key, LABEL.wlan_password):
            assert secret not in f"{desk.box.lines}", case
            assert not (answer.status_code >= 400 and secret in answer.text), case
        if answer.status_code >= 400:
            assert desk.graph_box.kept() == before, case
            assert desk.login_check.account == account_before, case
        if self._is_owner:
            assert self.browser.is_in(), case
        return answer


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
    sent_to = {form.action or path for path in pages(attack) for form in attack.read(path).forms}
    stranger = Attack(desk, signed_in=False)
    sent_to |= {form.action for path in OPEN_PAGES for form in stranger.read(path).forms}
    adapter = desk.app.url_map.bind("localhost")
    rules = {rule.rule for rule in desk.app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    reached = {adapter.match(path, "POST", return_rule=True)[0].rule for path in sent_to}
    assert rules - reached - set(JSON_ROUTES) == set()


@dataclass(frozen=True, slots=True)
class Place:
    """One form of one page, as it is shown to somebody."""

    attack: Attack
    path: str
    number: int  # among the forms of the page that are sent to the same address
    action: str

    def form(self) -> Form | None:
        """Return the form as it is shown now; None: an earlier input has removed it."""
        forms = [form for form in forms_of(self.attack.read(self.path)) if self.is_of(form)]
        return forms[self.number] if self.number < len(forms) else None

    def names(self) -> list[str]:
        """Return the names of its fields as it is shown now."""
        form = self.form()
        return list(form.fields) if form else []

    def is_of(self, form: Form) -> bool:
        return form.action == self.action

    def __repr__(self) -> str:
        return f"{self.path} -> {self.action}"


def places(attack: Attack, paths: Iterable[str]) -> Iterator[Place]:
    """Return every form of some pages."""
    for path in paths:
        numbers: Counter[str] = Counter()
        for form in forms_of(attack.read(path)):
            yield Place(attack, path, numbers[form.action], form.action)
            numbers[form.action] += 1


def places_everywhere(desk: GraphDesk) -> Iterator[Place]:
    """Return every form, before a stranger and before the owner."""
    yield from places(Attack(desk, signed_in=False), OPEN_PAGES)
    owner = Attack(desk)
    yield from places(owner, tuple(pages(owner)))


def fill(place: Place, texts: Iterable[str]) -> int:
    """Type texts of the table into each field of a form; return how often."""
    count = 0
    form = place.form()
    for name in place.names():
        for what in texts:
            if form is None:
                return count
            case = Case(f"{place} {name}", what)
            body = urlencode(form.with_value(name, TEXTS[what]))
            answer = place.attack.post(case, form.action, data=body, content_type=FORM)
            if answer.status_code < 400:  # it was taken: the form shows something else now
                form = place.form()
            count += 1
    return count


class Some:
    """Each time some more names of a table, which begins again at its end."""

    def __init__(self, table: Mapping[str, object], count: int) -> None:
        self._count = count
        self._texts = cycle(table)

    def __iter__(self) -> Iterator[str]:
        return islice(self._texts, self._count)


@pytest.mark.parametrize("path", OPEN_PAGES)
def test_hostile_text_of_a_stranger_is_refused_with_an_explanation(
    desk: GraphDesk, path: str
) -> None:
    attack = Attack(desk, signed_in=False)
    assert sum(fill(place, TEXTS) for place in places(attack, (path,))) >= len(TEXTS)
    assert not attack.browser.is_in()


def test_hostile_text_in_a_field_is_refused_or_stays_a_text(desk: GraphDesk) -> None:
    attack, texts = Attack(desk), Some(TEXTS, 2)
    assert sum(fill(place, texts) for place in places(attack, pages(attack))) >= len(TEXTS)


@pytest.mark.proof
def test_every_hostile_text_in_every_field_is_refused_or_stays_a_text(desk: GraphDesk) -> None:
    attack = Attack(desk)
    assert sum(fill(place, TEXTS) for place in places(attack, pages(attack))) >= len(TEXTS)


def test_bytes_that_are_no_text_are_refused_or_stay_a_text(desk: GraphDesk) -> None:
    some = Some(BYTES, 1)
    for place in places_everywhere(desk):
        for name in place.names():
            for what in some:
                if (form := place.form()) is None:
                    break
                left = urlencode([pair for pair in form.pairs() if pair[0] != name]).encode()
                as_value = left + b"&" + name.encode() + b"=" + BYTES[what]
                as_name = left + b"&" + BYTES[what] + b"=1&" + BYTES[what]
                for body in (as_value, as_name):
                    case = Case(f"{place} {name}", what)
                    place.attack.post(case, form.action, data=body, content_type=FORM)


def test_a_form_without_a_field_or_with_one_twice_is_answered(desk: GraphDesk) -> None:
    for place in places_everywhere(desk):
        for name in place.names():
            for what in ("missing", "twice"):
                if (form := place.form()) is None:
                    break
                left = [pair for pair in form.pairs() if pair[0] != name or what == "twice"]
                twice = [(name, "<evil>"), (name, "1")] if what == "twice" else []
                case = Case(f"{place} {name}", what)
                place.attack.post(
                    case, form.action, data=urlencode(left + twice), content_type=FORM
                )


def test_a_body_of_another_kind_is_answered(desk: GraphDesk) -> None:
    kinds, bodies = Some(dict.fromkeys(KINDS_OF_BODY), 3), Some(BODIES, 4)
    for place in places_everywhere(desk):
        attack = place.attack
        if (form := place.form()) is None:
            continue
        token = {"X-CSRF-Token": form.fields["csrf_token"].values[0]}
        sent: list[tuple[str, Any, str | None]] = [
            (f"as {kind[:40]}", urlencode(form.pairs()), kind) for kind in kinds
        ]
        sent += [(what, BODIES[what], "application/json") for what in bodies]
        file = (BytesIO(b"<evil>"), "../../<evil>.js")
        sent.append(("with a file", {**dict(form.pairs()), "file": file}, None))
        for what, body, kind in sent:
            attack.post(
                Case(f"{place}", what), form.action, data=body, content_type=kind, headers=token
            )


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


@pytest.mark.parametrize("examples", [40, pytest.param(300, marks=pytest.mark.proof)])
def test_any_text_in_a_form_is_answered_in_words(desk: GraphDesk, examples: int) -> None:
    fields = [(place, name) for place in places_everywhere(desk) for name in place.names()]

    @settings(max_examples=examples)
    @given(field=st.sampled_from(fields), text=st.text() | st.floats().map(str), raw=st.binary())
    def attempt(field: tuple[Place, str], text: str, raw: bytes) -> None:
        place, name = field
        if (form := place.form()) is None:
            return
        others = urlencode([pair for pair in form.pairs() if pair[0] != name]).encode()
        value = quote_from_bytes(text.encode(errors="replace")).encode() + raw
        place.attack.post(
            Case(f"{place} {name}", f"{value!r}"), form.action,
            data=others + b"&" + name.encode() + b"=" + value, content_type=FORM,
        )  # fmt: skip

    attempt()


# --- addresses and headers ------------------------------------------------------------------------


def test_hostile_addresses_are_answered_in_words(asked_desk: GraphDesk) -> None:
    attack = Attack(asked_desk)
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
            del asked_desk.box.lines[:]
            judge(attack.browser.client.get(path), case)
            judge_log(asked_desk.box.lines, case)


HEADERS = (
    "Accept", "Accept-Encoding", "Accept-Language", "Cookie", "If-Modified-Since", "If-None-Match",
    "Origin", "Range", "Referer", "Sec-Fetch-Site", "User-Agent", "X-CSRF-Token",
    "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Authorization",
)  # fmt: skip


ASKED_PATHS = ("/", "/login", "/static/css/base.css", "/api/v1/live")


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize(
    "count", [1, pytest.param(len(ASKED_PATHS), marks=pytest.mark.proof)], ids=["some", "all"]
)
def test_hostile_headers_are_answered_in_words(
    asked_desk: GraphDesk, header: str, count: int
) -> None:
    """Each text in each header, on some paths in turn or on all."""
    attack = Attack(asked_desk)
    texts = [text for text in TEXTS.values() if not set(text) & {"\r", "\n", "\0"}]
    first = HEADERS.index(header) % len(ASKED_PATHS)
    some = Some(dict.fromkeys(ASKED_PATHS[first:] + ASKED_PATHS[:first]), count)
    for text in texts:
        value = text.encode(errors="replace").decode("latin-1")[:8000]
        for path in some:
            case = Case(f"{path} {header}", ascii(text[:40]))
            del asked_desk.box.lines[:]
            judge(attack.browser.get(path, headers={header: value}), case)
            judge_log(asked_desk.box.lines, case)
