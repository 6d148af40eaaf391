"""The pages that are only read: help, and the licences of the software parts."""

from typing import Any, NamedTuple

from flask import Flask, render_template
from werkzeug.exceptions import NotFound

from view.fault_help import fault_help
from view.fault_names import FAULT_NAMES, code_title
from view.front import LIGHTS
from view.lights import MEANINGS, PATTERNS, STATES, TONE_MEANINGS
from view.snapshot import Snapshot
from view.state import state_name
from view.symptoms import ShownSymptom, symptoms
from web.box import Box, ServerConfig, SilentError
from web.licences import find_part, read_texts, software_parts
from web.scenes import Scene, scenes_of


class HelpPage(NamedTuple):
    """One page of the help, by the last part of its path."""

    key: str
    title: str
    text: str  # what it is for
    of_simulation: bool = False


HELP_PAGES = (
    HelpPage("start", "First steps", "Set the box up, charge, and end a charge."),
    HelpPage("symptoms", "Something does not work", "What the box itself knows about it now."),
    HelpPage("faults", "Faults", "Every code: its pattern, its causes, and what to do."),
    HelpPage("lights", "Lights and tones", "What each light and each tone means."),
    HelpPage("cards", "Cards", "Authorise, teach, remove, and begin again."),
    HelpPage("simulation", "The simulated world", "Scenes, controls and faults to try.", True),
)


PLACES: dict[str, tuple[str, str]] = {
    "card_needed": ("/configuration/authorization", "Authorization & Time Sync"),
    "no_current": ("/", "Status"),
    "ended": ("/", "Status"),
    "fault": ("/help/faults", "Faults"),
    "part_missing": ("/system/restart", "Restart System"),
    "front_silent": ("/system/restart", "Restart System"),
    "house_needs": ("/configuration/main-fuse", "Main Fuse"),
    "meter_lost": ("/configuration/external-meter", "External TCP Meter"),
    "meter_proof": ("/configuration/phase-assignment", "Phase Assignment"),
    "app_limits": ("/configuration/schedule", "Schedule"),
    "waits_for_sun": ("/configuration/solar", "Solar"),
    "unbalance": ("/configuration/unbalance", "Unbalance"),
}
"""The page on which a cause is looked at or changed, by the key of the cause: path and title."""


class Reading:
    """The views."""

    def __init__(self, box: Box, site: ServerConfig) -> None:
        self._box = box
        self._site = site

    def add_to(self, app: Flask) -> None:
        """Register the views."""
        app.endpoint("help")(self.help)
        app.endpoint("help_page")(self.help_page)
        app.endpoint("licences")(self.licences)
        app.endpoint("licence")(self.licence)

    def help(self) -> Any:
        """Show the first page of the help."""
        return self._render("help.html", "", self._snapshot())

    def help_page(self, key: str) -> Any:
        """Show one page of the help."""
        if key not in {page.key for page in self._pages()}:
            raise NotFound
        return self._render(f"help_{key}.html", key, self._snapshot())

    def licences(self) -> Any:
        """List the software parts."""
        return render_template("licences.html", parts=software_parts())

    def licence(self, key: str) -> Any:
        """Show the licence of one part."""
        part = find_part(key)
        if part is None:
            raise NotFound
        return render_template("licence.html", part=part, texts=read_texts(part))

    def _pages(self) -> tuple[HelpPage, ...]:
        is_simulation = self._site.is_simulation
        return tuple(page for page in HELP_PAGES if is_simulation or not page.of_simulation)

    def _snapshot(self) -> Snapshot | None:
        """Return what the box knows now; None: it does not answer."""
        try:
            return self._box.snapshot()
        except SilentError:
            return None

    def _render(self, template: str, key: str, snapshot: Snapshot | None) -> Any:
        shown: tuple[ShownSymptom, ...] = () if snapshot is None else symptoms(snapshot)
        safety = None if snapshot is None else snapshot.safety.fresh
        raised = () if safety is None else safety.faults
        scenes: tuple[Scene, ...] = scenes_of(self._site.label)
        return render_template(
            template,
            help_pages=self._pages(),
            help_key=key,
            state=None if snapshot is None else state_name(snapshot),
            symptoms=shown,
            places=PLACES,
            raised={code: f"{code_title(code)}: {FAULT_NAMES[code]}" for code in raised},
            faults=fault_help(),
            names={name: light.full for name, light in LIGHTS.items()},
            meanings=MEANINGS,
            patterns=PATTERNS[: len(STATES)],
            tones=TONE_MEANINGS,
            scenes=scenes,
        )
