"""Texts that a person types or a network sends, and others see: with what can be seen only.

A character without a sign of its own makes two names look alike, or turns the text around it
(Unicode Technical Report 36, 2.10 and 3.7).
"""

import re
import unicodedata

# Controls, the soft hyphen, marks and overrides of the direction, line and paragraph separators,
# fillers, the blank Braille pattern, interlinear marks, and tags. Not here: joiners and variation
# selectors, which are part of some letters and signs.
HIDDEN = (
    r"\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    r"\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
)
"""The characters without a sign of their own, as a part of a character class of `re`."""

_HIDDEN = re.compile(f"[{HIDDEN}]")
_HIDDEN_IN_PAGE = re.compile(f"(?![\t\n\r])[{HIDDEN}]")
_HIDDEN_IN_JSON = re.compile(rf"\\\\|\\u00[01][0-9a-f]|\\[bf]|(?!\n)[{HIDDEN}]")
_SIGNS = frozenset("LNPS")  # first letters of the categories of letters, digits and signs


def is_name(text: str) -> bool:
    """Return whether a text can be a name: something can be seen, and nothing cannot."""
    return (
        text.isprintable()  # no joiner either
        and not _HIDDEN.search(text)
        and any(unicodedata.category(each)[0] in _SIGNS for each in text)
    )


def with_visible(text: str) -> str:
    """Return a text of one line with "?" for each character that cannot be seen."""
    shown = _HIDDEN.sub("?", text)
    return shown if shown.isprintable() else "".join(_printable(each) for each in shown)


def visible_page(page: str) -> str:
    """Return a page with "?" for each character that cannot be seen; its lines stay."""
    return _HIDDEN_IN_PAGE.sub("?", page)


def visible_json(values: str) -> str:
    """Return JSON with "?" for each character in its texts that cannot be seen, but for lines."""
    return _HIDDEN_IN_JSON.sub(lambda found: found[0] if found[0] == r"\\" else "?", values)


def _printable(character: str) -> str:
    return character if character.isprintable() else "?"
