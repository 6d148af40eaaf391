"""Messages of web: the address of its page, and the names by which it is reached."""

from typing import Annotated

from msgspec import Meta, Struct

from msgs.patterns import matching
from msgs.units import Text

# RFC 1123: letters, digits and hyphens, with a hyphen neither first nor last in a part.
_PART = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
PageName = Annotated[
    str,
    matching(rf"^{_PART}(\.{_PART})*\Z", "a host name, as charger.example.org", max_length=253),
]
PageNames = Annotated[
    tuple[PageName, ...],
    Meta(max_length=16, description="a list of at most 16 host names, as charger.example.org"),
]
PageOrigin = Annotated[
    str,
    matching(
        rf"^(https?://{_PART}(\.{_PART})*(:[0-9]{{1,5}})?)?\Z",
        "an address without a path, as https://charger.example.org",
        max_length=280,
    ),
]


class PageAddress(Struct, frozen=True, kw_only=True):
    """Answer to request `page`."""

    url: Text
    is_first: bool  # no one has signed in yet: the label's user and password are valid (WEB-1)
