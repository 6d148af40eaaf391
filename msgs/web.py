"""Messages of web: the address of its page."""

from msgspec import Struct

from msgs.units import Text


class PageAddress(Struct, frozen=True, kw_only=True):
    """Answer to request `page`."""

    url: Text
    is_first: bool  # no one has signed in yet: the label's user and password are valid (WEB-1)
