"""The view of all settings pages: shows a row, and sends its form to the node that decides."""

from collections.abc import Container, Mapping
from typing import Annotated, Any

import msgspec
from flask import Flask, make_response, redirect, render_template, request
from msgspec import Meta
from werkzeug.exceptions import BadRequest, NotFound, ServiceUnavailable

from msgs.methods import GET_SETTINGS, SET_SETTINGS
from msgs.requests import Answer, NoArguments, Status
from msgs.setting_keys import SettingError, check, expected, table_of
from msgs.settings import SetArguments, Settings
from web.box import Box, ServerConfig, SilentError
from web.forms import wizard
from web.forms.hours import DAY_NAMES
from web.forms.lost import Note, notes_of, set_by
from web.forms.pages import PAGES
from web.forms.parts import MeterTest, part_of, test_meter
from web.forms.problems import Above, above, labels_of
from web.forms.rows import Menu, Page
from web.forms.shown import PageFrame, Table, groups_of, line_of, widgets_of
from web.forms.typed import Typed, read, value_of
from web.forms.widgets import Widget, WidgetKind
from web.panel import STATUS

SEEN = "seen"  # the values that the form was shown with, as JSON
Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | float  # that a message can have
Seen = dict[str, bool | Number | str | list[str] | None]
"""Values of settings, by key, that a form was shown with."""

SILENT = "The wallbox does not answer at the moment."
AGAIN = "What you have typed is still here: try again in a moment."
KEPT = f"{SILENT} Nothing was saved. {AGAIN}"
NOT_KNOWN = "The wallbox did not answer in time, so it is not known whether this was done."
UNREADABLE = "The form is not complete. Open its page again."


class Forms:
    """The views of the table."""

    def __init__(self, box: Box, site: ServerConfig, pages: tuple[Page, ...] | None = None) -> None:
        self._box = box
        self._site = site
        rows = PAGES if pages is None else pages
        self._pages = {page.path: page for page in rows}
        self._widgets_by_path: dict[str, dict[str, Widget]] = {}

    def add_to(self, app: Flask) -> None:
        """Register the views."""
        app.endpoint("menu")(self.menu)
        app.endpoint("settings")(self.settings)
        app.endpoint("wizard")(self.wizard)
        app.endpoint("wizard_step")(self.wizard_step)

    def menu(self, menu: Menu) -> Any:
        """List the pages of a menu, each with its present values."""
        settings = self._settings()
        rows = [page for page in self._pages.values() if page.menu is menu and page.is_listed]
        lines = [(page, self._line(page, settings)) for page in rows]
        return render_template(
            "settings_menu.html", menu=menu.value, lines=lines, general=self._notes(settings)
        )

    def settings(self, menu: Menu, name: str) -> Any:
        """Show a page; take its form."""
        page = self._pages.get(f"/{menu.value}/{name}")
        if page is None:
            raise NotFound
        parent = page.parent or f"/{menu.value}"
        title = self._pages[page.parent].title if page.parent else menu.value.capitalize()
        after = parent if page.returns else page.path
        frame = PageFrame(action=page.path, back=parent, back_title=title, after=after)
        return self._answer(page, frame)

    def wizard(self) -> Any:
        """Show the steps of a first set-up, with what is set and what is open; or end its offer."""
        errors = []
        if request.method == "POST":
            answer = self._end_offer()
            if answer.status is Status.OK:
                return redirect("/", 303)
            errors = [answer.reason or NOT_KNOWN]
        settings = self._settings()
        return render_template(
            "wizard.html",
            steps=[
                (step, self._line(step.page, settings), wizard.open_words(step, settings))
                for step in wizard.STEPS
            ],
            go_on=wizard.where_to_go_on(settings),
            is_offered=not settings.web.is_set_up,
            done=self._done(),
            title=_titled(wizard.TITLE, self._done()),
            errors=errors,
            general=self._notes(settings),
        )

    def wizard_step(self, name: str) -> Any:
        """Show one step; take its form, and go on to the next."""
        found = wizard.step_of(name)
        if found is None:
            raise NotFound
        number, step = found
        frame = PageFrame(
            action=step.path,
            back=wizard.PATH,
            back_title=wizard.TITLE,
            after=wizard.next_path(number),
            step=number,
            steps=len(wizard.STEPS),
        )
        answer = self._answer(step.page, frame)
        if request.method == "POST" and number == len(wizard.STEPS) and answer.status_code == 303:
            self._end_offer()
        return answer

    def _end_offer(self) -> Answer[Any]:
        """Ask system to remember that the wizard need not be offered any more."""
        return self._box.ask(SET_SETTINGS, SetArguments(changes={wizard.IS_SET_UP: True}))

    # --- one page ------------------------------------------------------------------------------

    def _answer(self, page: Page, frame: PageFrame) -> Any:
        if request.method != "POST":
            settings = self._settings()
            present = table_of(settings) if page.is_of_settings else _given(page)
            return self._show(page, frame, settings, present)
        return self._take(page, frame)

    def _take(self, page: Page, frame: PageFrame) -> Any:
        """Take a form: what was typed is sent, or shown again with what is wrong."""
        settings, present, is_silent = self._now(page)
        widgets = self._widgets(page)
        typed = {
            key: entry
            for key, widget in widgets.items()
            if not (page.is_of_settings and key in settings.locked)
            and (entry := read(key, widget, request.form)) is not None
        }
        if page.is_of_settings and not is_silent:
            _require_whole(widgets, typed, settings.locked)
        values = {**present, **{key: value_of(widgets[key], each) for key, each in typed.items()}}
        meter = request.args.get("test", "")
        if meter and meter in {group.meter for group in page.groups}:
            wrong, test = test_meter(meter, values, self._box)
            tests = {} if test is None else {meter: test}
            return self._show(page, frame, settings, present, typed, wrong, tests=tests)
        if page.is_of_settings and is_silent:
            return self._show(page, frame, settings, present, typed, {}, [Above(text=KEPT)], 503)
        answer = self._send(page, {key: values[key] for key in typed}, settings)
        if answer.status is Status.OK:
            if page.is_last:
                return render_template(
                    "settings.html", row=page, frame=frame, title=page.title, is_ended=True
                )
            return redirect(f"{frame.after}?saved={page.name}", 303)
        errors = _above(answer, page, tuple(self._pages.values()))
        settings, present, _ = self._now(page)  # for the next try
        present = present if page.is_of_settings else values
        code = STATUS[answer.status]
        return self._show(page, frame, settings, present, typed, answer.problems, errors, code)

    def _now(self, page: Page) -> tuple[Settings, dict[str, Any], bool]:
        """Return the settings, the page's values, and whether system is silent.

        While it is, they are those that were heard last, with the values that the form was shown
        with: a person who has typed something sees it again.
        """
        try:
            settings, is_silent = self._settings(), False
        except ServiceUnavailable:
            settings, is_silent = self._heard(), True
        if not page.is_of_settings:
            return settings, _given(page), is_silent
        present = table_of(settings)
        return settings, present | _valid(_seen()) if is_silent else present, is_silent

    def _heard(self) -> Settings:
        try:
            return self._box.snapshot().settings.message or Settings()
        except SilentError:
            return Settings()

    def _send(self, page: Page, values: Table, settings: Settings) -> Answer[Any]:
        """Send what was typed to the node that decides."""
        if page.is_of_settings:
            seen, present = _seen(), table_of(settings)
            again = set_by(page, settings, self._pages.values())
            own = {field.key for field in page.fields}
            changes = {key: each for key, each in values.items() if seen.get(key) != each}
            changes |= {key: values.get(key, present[key]) for key in again}
            known = {key: each for key, each in seen.items() if key in present}
            known |= {key: present[key] for key in again - own}
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
        frame: PageFrame,
        settings: Settings,
        present: Table,
        typed: Mapping[str, Typed] | None = None,
        problems: Mapping[str, str] | None = None,
        errors: list[Above] | None = None,
        code: int = 200,
        tests: Mapping[str, MeterTest] | None = None,
    ) -> Any:
        """Show a page, with what was typed and refused."""
        groups = groups_of(
            page,
            self._widgets(page),
            present,
            locked=frozenset(settings.locked) if page.is_of_settings else frozenset(),
            typed=typed,
            problems=problems,
            labels=labels_of(self._pages.values()) if problems else None,
        )
        fields = [each for group in groups for each in (*group.fields, *group.folded)]
        seen = {each.key: present[each.key] for each in page.fields}
        done = "" if typed is not None else self._done()
        content = render_template(
            "settings.html",
            row=page,
            frame=frame,
            groups=groups,
            general=self._notes(settings),
            errors=errors or [],
            is_wrong=any(each.problem for each in fields),
            seen=msgspec.json.encode(seen).decode() if page.is_of_settings else "",
            done=done,
            title=_titled(page.title, done),
            may_save=not fields or any(group.may_change for group in groups),
            day_names=DAY_NAMES,
            tests=tests or {},
            **part_of(page.part, self._box, {**present, **(typed or {})}, settings),
        )
        return make_response(content, code)

    def _done(self) -> str:
        """Return what was done before this page was shown."""
        name = request.args.get("saved", "")
        return next((page.done for page in self._pages.values() if page.name == name), "")

    def _settings(self) -> Settings:
        answer = self._box.ask(GET_SETTINGS, NoArguments())
        if answer.result is None:
            raise ServiceUnavailable(SILENT, retry_after=1)
        return answer.result

    def _notes(self, settings: Settings) -> list[Note]:
        return notes_of(settings, self._pages.values())

    def _line(self, page: Page, settings: Settings) -> str:
        return line_of(page, self._widgets(page), table_of(settings))

    def _widgets(self, page: Page) -> dict[str, Widget]:
        widgets = self._widgets_by_path.get(page.path)
        if widgets is None:
            widgets = self._widgets_by_path[page.path] = widgets_of(page, self._site.meter_maps)
        return widgets


def _titled(title: str, done: str) -> str:
    """Return the title of a page for the window, which a screen reader reads first."""
    words = done.removesuffix(".")
    return words if words.endswith(f": {title}") else " ".join(filter(None, (done, title)))


def _given(page: Page) -> dict[str, Any]:
    """Return the first values of a form that is not of settings: of the link that led to it."""
    return {each.key: request.args.get(each.key, "") for each in page.fields}


def _seen() -> Seen:
    """Return the values that the form was shown with.

    :raises BadRequest: the form does not have them.
    """
    try:
        return msgspec.json.decode(request.form.get(SEEN, ""), type=Seen)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadRequest(UNREADABLE) from error


def _valid(seen: Seen) -> dict[str, Any]:
    """Return the values that a form was shown with and that settings can have."""
    valid = {}
    for key, value in seen.items():
        try:
            check(key, value)
        except SettingError:
            continue
        valid[key] = value
    return valid


def _require_whole(
    widgets: Mapping[str, Widget], typed: Mapping[str, Typed], locked: Container[str]
) -> None:
    """Check that a form has what was seen of all that it sets, and all that its page has.

    A form may be cut off, or of the page of an older version. Without what was seen it would
    overwrite another person's change unseen. On a page with a switch all is required, since a
    switch that is not sent is off. Of a choice nothing is sent while none is made.

    :raises BadRequest: something is missing.
    """
    seen = _seen()
    has_switch = any(widget.kind is WidgetKind.SWITCH for widget in widgets.values())
    for key, widget in widgets.items():
        if key in locked:
            continue
        is_sent = key in typed or widget.kind is WidgetKind.RADIO
        is_required = has_switch or key in typed
        if is_required and not (is_sent and key in seen):
            raise BadRequest(UNREADABLE)


def _above(answer: Answer[Any], page: Page, pages: tuple[Page, ...]) -> list[Above]:
    """Return what stands above the form: what is wrong without a field there."""
    if answer.status is Status.TIMEOUT:
        is_typed = not all(field.is_hidden for field in page.fields)
        return [Above(text=f"{NOT_KNOWN} {AGAIN}" if is_typed else NOT_KNOWN)]
    if answer.problems:
        return above(answer.problems, page, pages)
    return [Above(text=answer.reason or NOT_KNOWN)]
