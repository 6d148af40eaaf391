"""The host names that the page accepts: a defence against DNS rebinding.

A foreign site may resolve its own name to this box's address; the browser then takes both for one
site, but still sends the foreign name as Host. An IP address cannot be such a name.
"""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from msgspec import Struct

# The endings that routers give the names of a home network. None can be registered by a stranger:
# RFC 6762 (local), RFC 8375 (home.arpa), ICANN's resolution of 2024-07-29 (internal), no such
# top-level domain (lan, localdomain, home: ICANN defers it for good); fritz.box belongs to AVM.
ZONES = ("local", "lan", "home.arpa", "localdomain", "fritz.box", "home", "internal")

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")


class KnownNames(Struct, frozen=True, kw_only=True):
    """Which names are this box's, in small letters and without a trailing dot."""

    names: frozenset[str] = frozenset()
    origin: str = ""  # of the page at a trusted reverse proxy, as https://charger.example.org


def known_names(own: Iterable[str], more: Iterable[str], origin: str) -> KnownNames:
    """Return the names by which this box is known.

    :param own: names of the box itself, which are known in each of ZONES as well.
    :param more: whole names.
    :param origin: of the page at a reverse proxy, which may keep its name in the request; "": none.
    """
    first = {_plain(each).partition(".")[0] for each in own} - {""}
    names = {_plain(each) for each in (*own, *more)} - {""}
    names |= first | {f"{each}.{zone}" for each in first for zone in ZONES}
    if origin:
        names.add(urlsplit(origin).hostname or "")
    return KnownNames(names=frozenset(names), origin=origin.lower())


def is_known(host: str, known: KnownNames) -> bool:
    """Return whether a Host header names this box: by an IP address, as localhost, or by name."""
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = _plain(match["name"])
    return name == "localhost" or name in known.names or _is_address(name.strip("[]"))


def is_same_site(host: str, origin: str | None, fetch_site: str | None, known: KnownNames) -> bool:
    """Return whether a request was made by a page of this box, or by no page at all.

    Browsers send `Sec-Fetch-Site` on https and localhost only, and `Origin` with every POST.
    """
    if fetch_site not in (None, "same-origin", "none"):
        return False
    if origin is None or (known.origin and origin.lower() == known.origin):
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def is_shown(origin: str | None) -> bool:
    """Return whether an Origin header is plain enough to be shown to a person."""
    return origin is not None and re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+", origin) is not None


def _plain(name: str) -> str:
    return name.lower().removesuffix(".")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
