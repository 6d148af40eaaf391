"""The view of all settings pages: shows a row, and sends its form to the node that decides."""

from collections.abc import Mapping
from typing import Any

import msgspec
from flask import Flask, make_response, redirect, render_template, request
from werkzeug.exceptions import BadRequest, NotFound, ServiceUnavailable

from msgs.methods import GET_SETTINGS, SET_SETTINGS
from msgs.requests import Answer, NoArguments, Status
from msgs.setting_keys import expected, table_of
from msgs.settings import SetArguments, Settings
from msgs.stored import Stored
from web.box import Box, ServerConfig
from web.forms.hours import DAY_NAMES
from web.forms.pages import PAGES
from web.forms.problems import above, labels_of
from web.forms.rows import Menu, Page
from web.forms.shown import Table, groups_of, line_of, widgets_of
from web.forms.typed import Typed, read, value_of
from web.forms.widgets import Widget
from web.panel import STATUS

SEEN = "seen"  # the values that the form was shown with, as JSON
SILENT = "The wallbox does not answer at the moment."
NOT_KNOWN = "The wallbox did not answer in time. Open this page again to see what is set."
UNREADABLE = "The form is not complete. Open its page again."


class Forms:
    """The views of the table."""

    def __init__(self, box: Box, site: ServerConfig, pages: tuple[Page, ...] = PAGES) -> None:
        self._box = box
        self._site = site
        self._pages = {page.path: page for page in pages}
        self._labels = labels_of(pages)

    def add_to(self, app: Flask) -> None:
        """Register the routes."""
        for menu in Menu:
            app.add_url_rule(
                f"/{menu.value}", "menu", self.menu, defaults={"menu": menu}, methods=["GET"]
            )
            app.add_url_rule(
                f"/{menu.value}/<name>",
                "settings",
                self.settings,
                defaults={"menu": menu},
                methods=["GET", "POST"],
            )

    def menu(self, menu: Menu) -> Any:
        """List the pages of a menu, each with its present values."""
        rows = [page for page in self._pages.values() if page.menu is menu and page.is_listed]
        settings = self._settings()
        table = table_of(settings)
        lines = [(page, line_of(page, self._widgets(page), table)) for page in rows]
        return render_template(
            "settings_menu.html", menu=menu.value, lines=lines, general=_notes(settings)
        )

    def settings(self, menu: Menu, name: str) -> Any:
        """Show a page; take its form."""
        page = self._pages.get(f"/{menu.value}/{name}")
        if page is None:
            raise NotFound
        return self._answer(page)

    def _answer(self, page: Page) -> Any:
        settings = self._settings()
        present = table_of(settings) if page.is_of_settings else _given(page)
        locked = frozenset(settings.locked) if page.is_of_settings else frozenset()
        if request.method != "POST":
            return self._show(page, settings, present, locked)
        widgets = self._widgets(page)
        typed = {
            key: entry
            for key, widget in widgets.items()
            if key not in locked and (entry := read(key, widget, request.form)) is not None
        }
        values = {key: value_of(widgets[key], entry) for key, entry in typed.items()}
        answer = self._send(page, values, present)
        if answer.status is Status.OK:
            if page.ends:
                title = self._back_title(page)
                return render_template("settings.html", row=page, back_title=title, is_ended=True)
            return redirect(f"{page.back or page.path}?saved", 303)
        settings = self._settings()  # as they are now, for the next try
        present = table_of(settings) if page.is_of_settings else present
        return self._show(page, settings, present, locked, typed, answer)

    def _send(self, page: Page, values: Table, present: Table) -> Answer[Any]:
        """Send what was typed to the node that decides."""
        if page.is_of_settings:
            seen = _seen()
            changes = {key: each for key, each in values.items() if seen.get(key) != each}
            known = {key: each for key, each in seen.items() if key in present}
            return self._box.ask(SET_SETTINGS, SetArguments(changes=changes, seen=known))
        wrong: dict[str, str] = {}
        for each in msgspec.structs.fields(page.method.arguments):
            if each.encode_name in values:
                try:
                    msgspec.convert(values[each.encode_name], each.type)
                except msgspec.ValidationError:
                    wrong[each.encode_name] = f"expected {expected(each.type)}"
        if wrong:
            return Answer(status=Status.BAD_ARGUMENTS, problems=wrong)
        try:
            arguments = msgspec.convert(values, page.method.arguments)
        except msgspec.ValidationError as error:
            raise BadRequest(UNREADABLE) from error
        return self._box.ask(page.method, arguments)

    def _show(
        self,
        page: Page,
        settings: Settings,
        present: Table,
        locked: frozenset[str],
        typed: Mapping[str, Typed] | None = None,
        answer: Answer[Any] | None = None,
    ) -> Any:
        """Show a page, with what was typed and refused."""
        problems = answer.problems if answer is not None else {}
        groups = groups_of(
            page,
            self._widgets(page),
            present,
            locked=locked,
            typed=typed,
            problems=problems,
            labels=self._labels,
        )
        content = render_template(
            "settings.html",
            row=page,
            back_title=self._back_title(page),
            groups=groups,
            general=_notes(settings),
            day_names=DAY_NAMES,
            errors=_above(answer, page, tuple(self._pages.values())),
            seen=_as_json({each.key: present[each.key] for each in page.fields}, page),
            is_saved="saved" in request.args and answer is None,
            may_save=any(not each.is_locked for group in groups for each in group.fields)
            or not page.fields,
        )
        return make_response(content, 200 if answer is None else STATUS[answer.status])

    def _settings(self) -> Settings:
        answer = self._box.ask(GET_SETTINGS, NoArguments())
        if answer.result is None:
            raise ServiceUnavailable(SILENT, retry_after=1)
        return answer.result

    def _back_title(self, page: Page) -> str:
        return self._pages[page.back].title if page.back else page.menu.value.capitalize()

    def _widgets(self, page: Page) -> dict[str, Widget]:
        return widgets_of(page, self._site.meter_maps)


def _given(page: Page) -> dict[str, Any]:
    """Return the first values of a form that is not of settings: of the link that led to it."""
    return {each.key: request.args.get(each.key, "") for each in page.fields}


def _seen() -> dict[str, Any]:
    """Return the values that the form was shown with.

    :raises BadRequest: the form does not have them.
    """
    try:
        return msgspec.json.decode(request.form.get(SEEN, ""), type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadRequest(UNREADABLE) from error


def _as_json(seen: Table, page: Page) -> str:
    return msgspec.json.encode(seen).decode() if page.is_of_settings else ""


def _above(answer: Answer[Any] | None, page: Page, pages: tuple[Page, ...]) -> list[Any]:
    """Return what stands above the form: what is wrong without a field there."""
    if answer is None:
        return []
    if answer.status is Status.TIMEOUT:
        return [{"text": NOT_KNOWN}]
    if answer.problems:
        return list(above(answer.problems, page, pages))
    return [{"text": answer.reason or NOT_KNOWN}]


def _notes(settings: Settings) -> list[str]:
    """Return what is to be known about all settings."""
    match settings.stored:
        case Stored.CURRENT:
            return []
        case Stored.PREVIOUS:
            return [
                "The newest settings could not be read; these are the ones before. Check each "
                "page, and save what is different."
            ]
        case Stored.LOST:
            return [
                "The stored settings could not be read. Until they are saved again a card is "
                "required, and the vehicle gets 6 A at most. Check each page and save it."
            ]
