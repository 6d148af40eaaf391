"""Texts that have to match a pattern, each with a description for a person.

msgspec's error has the pattern in it; `plain` has the description in its place.
"""

from msgspec import Meta

_DESCRIPTIONS: dict[str, str] = {}  # by pattern


def matching(pattern: str, description: str, max_length: int | None = None) -> Meta:
    r"""Return the constraint of a text: a pattern that ends with \Z, since $ allows a line break.

    `description` is what is expected, as in "expected a dotted name".
    """
    _DESCRIPTIONS[pattern] = description
    return Meta(pattern=pattern, max_length=max_length, description=description)


def plain(error: Exception) -> str:
    """Return the text of an error of msgspec, with a description in place of a pattern."""
    text = str(error)
    if " matching regex " in text:
        for pattern, description in _DESCRIPTIONS.items():
            text = text.replace(f"`str` matching regex {pattern!r}", description)
    return text
