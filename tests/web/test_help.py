"""The help: every page, every link, and what the box knows now."""

import re
from html import escape
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

import pytest

from msgs.safety import FaultCode
from tests.builders import charging_session, faulty_safety, session_status
from tests.view.snapshot import said
from tests.web.conftest import Browser, Desk
from view.fault_help import fault_help
from view.lights import MEANINGS, PATTERNS, TONE_MEANINGS
from view.symptoms import SYMPTOMS
from web.forms.pages import PAGES as SETTINGS_PAGES
from web.reading import HELP_PAGES, PLACES

OF_SETTINGS = {"/system", "/configuration", "/wizard", *(page.path for page in SETTINGS_PAGES)}
TITLES = {page.path: page.title for page in SETTINGS_PAGES}
TITLES |= {"/": "Status", "/help/faults": "Faults"}
PAGES = ["/help", *(f"/help/{page.key}" for page in HELP_PAGES)]


class Links(HTMLParser):
    """What a page links to, and the places in it."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a" and (href := values.get("href")):
            self.links.append(href)
        if name := values.get("id"):
            self.ids.append(name)


def read(browser: Browser, path: str) -> Links:
    answer = browser.get(path)
    # 503: a page of settings, which this box does not give
    assert answer.status_code == 200 or (answer.status_code == 503 and path in OF_SETTINGS), path
    links = Links()
    links.feed(answer.text)
    return links


def article(text: str) -> str:
    """Return the words of the article of a page."""
    _, _, rest = text.partition('<article class="article">')
    words = re.sub(r"<[^>]+>", " ", rest.partition("</article>")[0])
    return re.sub(r"\s+", " ", words).replace("&#39;", "'")


def test_each_link_of_the_help_and_to_it_leads_somewhere(simulated: Desk) -> None:
    browser = simulated.owner()
    pages = {path: read(browser, path) for path in ("/", *PAGES, "/licences")}
    assert "/help/lights" in pages["/"].links
    for path, page in list(pages.items()):
        assert len(set(page.ids)) == len(page.ids)
        own = [link for link in page.links if not link.startswith("http")]
        assert own, path
        for link in own:
            target, place = urldefrag(urljoin(path, link))
            if target not in pages:
                pages[target] = read(browser, target)
            found = pages[target]
            assert not place or place in found.ids, link


def test_each_page_has_its_words_and_its_place_in_the_list(simulated: Desk) -> None:
    browser = simulated.owner()
    for page in HELP_PAGES:
        text = browser.get(f"/help/{page.key}").text
        assert f'<a href="/help/{page.key}" aria-current="page">{page.title}</a>' in text
        assert len(article(text)) > 500, page.key
        assert "None" not in article(text)


def test_a_box_with_hardware_has_no_page_about_the_simulation(desk: Desk) -> None:
    browser = desk.owner()
    assert browser.get("/help/simulation").status_code == 404
    assert "/help/simulation" not in browser.get("/help").text
    assert browser.get("/help/nothing").status_code == 404
    assert browser.get("/help/base").status_code == 404


@pytest.mark.req("ERR-T")
def test_every_code_can_be_read_with_its_causes_and_remedies(desk: Desk) -> None:
    page = desk.owner().get("/help/faults").text
    for code in FaultCode:  # to which Status links
        assert f'id="f-{code}"' in page
    words = article(page)
    for shown in fault_help():
        assert f"{shown.title}: {shown.name}" in words
        assert shown.pattern in words
        for group in shown.causes:
            for name in group.names:
                assert name[1:] in words
            for sentence in filter(None, (group.remedy.danger, *group.remedy.steps)):
                assert sentence in words, sentence


def test_every_light_and_tone_is_drawn_and_explained(desk: Desk) -> None:
    text = desk.owner().get("/help/lights").text
    words = article(text)
    rows = [each.meaning for meanings in MEANINGS.values() for each in meanings]
    rows += [meaning for _, _, meaning in TONE_MEANINGS]
    for meaning in rows:
        assert meaning in words
    count = 4 * len(PATTERNS) + sum(len(meanings) for meanings in MEANINGS.values())
    assert text.count('class="lamp"') == count


@pytest.mark.req("TRB-1")
def test_every_symptom_is_shown_with_what_the_box_knows_now(desk: Desk) -> None:
    browser = desk.owner()
    silent = article(browser.get("/help/symptoms").text)
    for symptom in SYMPTOMS:
        assert symptom.title in silent
    assert "No message from safety" in silent
    required = session_status(authorization_required=True)
    desk.box.heard = {"session": said("session", required)}
    assert "A card is needed, and none has been accepted." in article(
        browser.get("/help/symptoms").text
    )
    desk.box.heard = {"session": said("session", charging_session(authorization_required=True))}
    assert "A card has been accepted." in article(browser.get("/help/symptoms").text)


def test_a_cause_that_can_be_changed_on_a_page_is_linked_to_it(desk: Desk) -> None:
    browser = desk.owner()
    keys = {cause.look.__name__ for symptom in SYMPTOMS for cause in symptom.causes}
    assert set(PLACES) <= keys
    page = browser.get("/help/symptoms").text  # all is silent, so no cause is excluded
    for key in keys & set(PLACES):
        path, title = PLACES[key]
        assert f'<a href="{path}">{escape(title)}</a>' in page
        assert TITLES[path] == title


def test_a_fault_that_is_raised_now_is_linked(desk: Desk) -> None:
    browser = desk.owner()
    assert "note-alarm" not in browser.get("/help").text
    desk.box.heard = {"safety": said("safety", faulty_safety(FaultCode.RED, FaultCode.UNPLUGGED))}
    for path in ("/help", "/help/faults"):
        page = read(browser, path)
        codes = [urldefrag(link).fragment for link in page.links if "#f-" in link]
        assert codes[:2] == ["f-red", "f-1"]
    assert "1 cause holds now" in browser.get("/help").text


def test_the_help_can_be_read_while_the_box_does_not_answer(simulated: Desk) -> None:
    browser = simulated.owner()
    simulated.box.is_silent = True
    for path in PAGES:
        assert browser.get(path).status_code == 200, path


def test_the_help_needs_a_login(desk: Desk) -> None:
    for path in PAGES:
        assert desk.browser().get(path).location == "/login"
