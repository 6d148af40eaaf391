"""What web answers: where its page is."""

from msgspec import Struct

from msgs.units import Text


class PageAddress(Struct, frozen=True, kw_only=True):
    """Answer to request `page`."""

    url: Text
    is_first: bool  # nobody has signed in yet: the label's user and password open it (WEB-1)
