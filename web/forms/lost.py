"""Settings that could not be read, until somebody has set them again: on which pages. Pure.

A setting without a page is set with the last of the pages, and the note says so before.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from msgs.settings import Settings
from msgs.stored import Stored
from view.stores import settings_words
from web.forms.rows import Page

WITHOUT_PAGE = (
    "The settings without a page are as delivered; they count as set with the last of these pages."
)
NO_PAGE_LEFT = "The settings without a page are as delivered; save any page to keep them so."


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is to be known about all settings, and the pages that it is about."""

    text: str
    pages: tuple[Page, ...] = ()
    after: str = ""  # follows the pages


def notes_of(settings: Settings, pages: Iterable[Page]) -> list[Note]:
    """Return what is to be known about all settings."""
    words = settings_words(settings)
    if not words:
        return []
    text = f"{words[:1].upper()}{words[1:]}."
    if settings.stored is not Stored.LOST:
        return [Note(text=text)]
    of_settings = [page for page in pages if page.is_of_settings]
    left = tuple(page for page in of_settings if lost_of(page, settings))
    if not _without_page(settings, of_settings):
        return [Note(text=text, pages=left)]
    return [Note(text=text, pages=left, after=WITHOUT_PAGE if left else NO_PAGE_LEFT)]


def lost_of(page: Page, settings: Settings) -> frozenset[str]:
    """Return the keys of a page that nobody has set again."""
    return frozenset(settings.lost).intersection(field.key for field in page.fields)


def set_by(page: Page, settings: Settings, pages: Iterable[Page]) -> frozenset[str]:
    """Return the keys that count as set when a page is saved as it is shown."""
    of_settings = [each for each in pages if each.is_of_settings]
    own = lost_of(page, settings)
    without_page = _without_page(settings, of_settings)
    is_last = own | without_page == frozenset(settings.lost)
    return own | without_page if is_last else own


def _without_page(settings: Settings, pages: Iterable[Page]) -> frozenset[str]:
    return frozenset(settings.lost).difference(field.key for page in pages for field in page.fields)
