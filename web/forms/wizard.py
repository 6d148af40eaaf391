"""The configuration wizard (WEB-14): the pages of a first set-up, one after the other. Pure.

What is open follows from the settings, so that it can be left and continued at any time.
"""

from collections.abc import Callable
from dataclasses import dataclass

from msgs.settings import Settings
from web.forms import box_pages, house_pages
from web.forms.lost import lost_of
from web.forms.rows import Page

PATH = "/wizard"
TITLE = "Configuration Wizard"
NOT_AGAIN = "Not set again since the stored settings could not be read."
IS_SET_UP = "web.is_set_up"  # the setting that ends the offer of the wizard


def _nothing(_: Settings) -> str:
    return ""


def _missing_fuse(settings: Settings) -> str:
    return "" if settings.main_fuse_a is not None else "The main fuse of the house is not set."


def _missing_meter(settings: Settings) -> str:
    if not settings.house_meter.enabled:
        return "There is no house meter: the other loads of the house are not known."
    if not settings.monitoring.enabled:
        return "The monitoring is off: the main fuse may be overloaded by car and house together."
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WizardStep:
    """One page of the set-up."""

    page: Page
    missing: Callable[[Settings], str] = _nothing  # what is not set yet; "": nothing

    @property
    def path(self) -> str:
        """Return its address within the wizard."""
        return f"{PATH}/{self.page.name}"


STEPS = (
    WizardStep(page=house_pages.MAIN_FUSE, missing=_missing_fuse),
    WizardStep(page=house_pages.PHASE_ASSIGNMENT),
    WizardStep(page=house_pages.EXTERNAL_METER, missing=_missing_meter),
    WizardStep(page=box_pages.AUTHORIZATION),
    WizardStep(page=house_pages.SOLAR),
)
"""All steps in order. User name and password come before: no page opens without them (WEB-1)."""


def step_of(name: str) -> tuple[int, WizardStep] | None:
    """Return the number of a step, 1 for the first, and the step; None: there is none."""
    for number, step in enumerate(STEPS, 1):
        if step.page.name == name:
            return number, step
    return None


def open_words(step: WizardStep, settings: Settings) -> str:
    """Return what is not set yet on the page of a step; "": nothing."""
    return step.missing(settings) or (NOT_AGAIN if lost_of(step.page, settings) else "")


def next_path(number: int) -> str:
    """Return what follows a step: the next one, or the summary."""
    return STEPS[number].path if number < len(STEPS) else PATH


def where_to_go_on(settings: Settings) -> str:
    """Return the first step that is open; the first one if none is."""
    return next((step.path for step in STEPS if open_words(step, settings)), STEPS[0].path)
