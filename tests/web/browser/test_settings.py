"""Every settings page as a person uses it: by the menu, filled, saved, read back from the node.

What is typed is the table of `tests.web.forms.examples`. The nodes are real (`virtual_site`).
"""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from msgs.setting_keys import table_of
from msgs.settings import Settings
from tests.web.browser.gallery import SIZES, open_page, overflow
from tests.web.browser.virtual_site import VirtualSite
from tests.web.forms.examples import EXAMPLES, WRONG, at
from web.forms.pages import PAGES
from web.forms.rows import Page as SettingsPage

pytestmark = pytest.mark.system

REFUSED = ("status of 400", "status of 409")  # what the browser notes of a refused form
BARE = ("factory.house_meter.enabled=false", "factory.monitoring.enabled=false")
AT_HAND = tuple(
    f"{meter}.{key}" for meter in ("house_meter", "solar_meter") for key in ("manufacturer", "host")
)  # filled in by the launch file of the simulation
BY_PATH = {page.path: page for page in PAGES}
# The switch that shows the fields of its group.
SWITCH = "xpath=ancestor::*[@data-switched]//input[@role='switch']"


@dataclass(slots=True)
class Visit:
    """The owner's browser before a box, and the settings as they were at first."""

    site: VirtualSite
    page: Page
    complaints: list[str]
    at_first: dict[str, Any]
    reached: set[str] = field(default_factory=set)

    def settings(self) -> dict[str, Any]:
        """Return what system says that is set, by key."""
        return table_of(msgspec.convert(self.site.ask("system", "get"), Settings))

    def begin(self, before: dict[str, Any]) -> None:
        """Set everything back, and then what an example begins with."""
        now = self.settings()
        changed = {key: value for key, value in self.at_first.items() if now[key] != value}
        for changes in (changed, before):
            if changes:
                self.site.ask("system", "set", changes=changes)

    def go_to(self, row: SettingsPage) -> None:
        """Open a page: the first time by the menu of the one before, as a person does."""
        page = self.page
        if row.path in self.reached:
            page.goto(row.path)
        else:
            self.reached.add(row.path)
            menu = page.get_by_role("navigation", name="Menu")
            menu.get_by_role("link", name=row.menu.value.capitalize(), exact=True).click()
            for path in (row.parent, row.path):
                if path:
                    page.locator(f'main a[href="{path}"]').click()
        expect(page.get_by_role("heading", level=1)).to_have_text(row.title)

    def fields(self, name: str) -> list[Locator]:
        """Return the elements of a name."""
        return self.page.locator(f'main form [name="{name}"]').all()

    def value_of(self, name: str) -> str:
        """Return what stands in a field now, or the choice that is made."""
        chosen = self.page.locator(f'main form [name="{name}"]:checked')
        return (chosen if chosen.count() else self.fields(name)[0]).input_value()

    def can_type(self, typed: dict[str, Any]) -> bool:
        """Return whether a person can type this: what is offered, into fields that are shown."""
        return all(self._can_type(name, value, typed) for name, value in typed.items())

    def _can_type(self, name: str, value: Any, typed: dict[str, Any]) -> bool:
        found = self.fields(name)
        if not found:  # the page adds a row to a list when its last one is filled in
            first = re.sub(r"-\d+-", "-0-", name)
            return first != name and bool(self.fields(first))
        switch = found[0].locator(SWITCH)
        if switch.count() and not switch.first.is_checked():
            switch_name = switch.first.get_attribute("name") or ""
            if switch_name != name and switch_name not in typed:
                return False
        match found[0].evaluate("each => each.type"):
            case "radio":
                return value in [each.get_attribute("value") for each in found]
            case "select-one":
                options = found[0].locator("option").all()
                return value in [each.get_attribute("value") for each in options]
            case _:
                return True

    def type(self, typed: dict[str, Any]) -> None:
        """Fill a form in, from the top: a switch shows the fields below it."""
        for name, value in typed.items():
            found = self.fields(name)
            assert found, name
            kind = found[0].evaluate("each => each.type")
            self._show(found[0])
            if kind == "checkbox":
                wanted = value if isinstance(value, list) else [value] if value else []
                for box in found:
                    is_wanted = (box.get_attribute("value") or "on") in wanted
                    if box.is_checked() != is_wanted:
                        box.locator("xpath=ancestor::label").or_(box).first.click()
            elif kind == "radio":
                self.page.locator(f'main form [name="{name}"][value="{value}"]').check()
            elif kind == "select-one":
                found[0].select_option(value)
            else:
                is_list = isinstance(value, list)
                texts = [text for text in value if text] if is_list else [value]
                for number, text in enumerate(texts):
                    self.fields(name)[number].fill(text)

    def _show(self, field: Locator) -> None:
        """Open what the field is folded into."""
        folded = field.locator("xpath=ancestor::details[not(@open)]/summary")
        if folded.count():
            folded.first.click()

    def save(self) -> None:
        """Press the button of the form."""
        self.page.locator("main form .actions button").first.click()


PHONE_FIRST = ("phone", pytest.param("desktop", marks=pytest.mark.proof))
DESKTOP_FIRST = ("desktop", pytest.param("phone", marks=pytest.mark.proof))
BY_PHONE = pytest.mark.parametrize("visit", PHONE_FIRST, indirect=True)
BY_DESKTOP = pytest.mark.parametrize("visit", DESKTOP_FIRST, indirect=True)


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Give the owner's browser, as a phone and as a desktop, before a box of its own."""
    site = VirtualSite(*BARE)
    try:
        with tempfile.TemporaryDirectory() as folder:
            site.sign_in(Path(folder))
        page, complaints = open_page(browser, site.url, SIZES[request.param], site.storage_state())
        page.goto("/")
        site.ask("system", "set", changes=dict.fromkeys(AT_HAND, ""))
        visit = Visit(site, page, complaints, {})
        visit.at_first = visit.settings()
        yield visit
        page.context.close()
    finally:
        site.close()


@BY_PHONE
@pytest.mark.req("WEB-2", "WEB-7", "WEB-9", "WEB-11")
def test_each_page_is_reached_by_the_menu_filled_and_saved(visit: Visit) -> None:
    done = set()
    for example in EXAMPLES:
        visit.begin(example.before)
        visit.go_to(BY_PATH[example.path])
        if not visit.can_type(example.typed):
            continue
        assert overflow(visit.page) == "", example.path
        visit.type(example.typed)
        visit.save()
        expect(visit.page.locator("#done")).to_have_text(BY_PATH[example.path].done)
        settings = visit.settings()
        assert {key: settings[key] for key in example.values} == example.values, example
        assert visit.complaints == [], example
        done.add(example.path)
    of_settings = {page.path for page in PAGES if page.is_of_settings}
    assert done == of_settings


@BY_DESKTOP
def test_what_is_wrong_is_explained_at_its_field_and_kept(visit: Visit) -> None:
    done = set()
    for wrong in WRONG:
        visit.begin(wrong.before)
        visit.go_to(BY_PATH[wrong.path])
        if not visit.can_type(wrong.typed):
            continue
        before = visit.settings()
        visit.type(wrong.typed)
        visit.save()
        note = visit.page.locator(f"#{at(wrong.key)}-wrong")
        expect(note).to_contain_text(wrong.words.rstrip("."))
        focused = '[aria-invalid="true"]:focus'
        expect(visit.page.locator(f'{focused}[aria-describedby*="{at(wrong.key)}"]')).to_have_count(
            1
        )
        for name, value in wrong.typed.items():
            if isinstance(value, str) and value != "on":
                assert visit.value_of(name) == value, wrong
        assert visit.settings() == before, wrong
        assert not visit.page.locator("#done").count()
        done.add(wrong.path)
    visit.complaints[:] = [
        text for text in visit.complaints if not any(each in text for each in REFUSED)
    ]
    assert visit.complaints == []
    assert len(done) >= 8
