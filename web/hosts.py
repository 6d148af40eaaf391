"""The host names that the page accepts: a defence against DNS rebinding.

A foreign site may resolve its own name to this box's address; the browser then takes both for one
site, but still sends the foreign name as Host. An IP address cannot be such a name.
"""

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")


def is_known(host: str, names: Collection[str]) -> bool:
    """Return whether a Host header names this box: by an IP address, as localhost, or by name.

    `names` are in small letters.
    """
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match["name"].lower().removesuffix(".")
    return name == "localhost" or name in names or _is_address(name.strip("[]"))


def is_same_site(host: str, origin: str | None, fetch_site: str | None) -> bool:
    """Return whether a request was made by a page of this box, or by no page at all.

    Browsers send `Sec-Fetch-Site` on https and localhost only, and `Origin` with every POST.
    """
    if fetch_site not in (None, "same-origin", "none"):
        return False
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
