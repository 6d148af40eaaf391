"""What is announced of the page in the home network, by mDNS (RFC 6762, RFC 6763). Pure.

The page is announced while it can be opened from other machines. Its name there is made of the
label, so that it stays and differs from box to box, but says nothing of the serial number, which is
the password of a new box: it is the start of a keyed hash, whose key is the recovery key.
"""

import hashlib
import hmac
import ipaddress

from msgspec import Struct

from msgs.label import Label
from msgs.version import VERSION

ID_CHARACTERS = 6  # assumed: two boxes of a house have the same one once in 16 million
AGAIN_S = 60.0  # assumed: after an announcement that was not possible


class Announcement(Struct, frozen=True, kw_only=True):
    """One service `_http._tcp`."""

    title: str  # as programs list it: "Wallbox 1a2b3c"
    host: str  # without the zone: "wallbox-1a2b3c", which is known as wallbox-1a2b3c.local
    port: int
    addresses: tuple[str, ...]  # of the page, IPv4
    texts: tuple[tuple[str, str], ...]  # of the TXT record


class Announcing(Struct, frozen=True, kw_only=True):
    """What was given to the announcer last, and what came of it."""

    given: Announcement | None = None
    is_busy: bool = False
    again_s: float | None = None  # when to try again [monotonic s]; None: it was possible


def box_id(label: Label) -> str:
    """Return the end of the name that a box has in the home network."""
    key, text = label.recovery_key.encode(), f"mDNS {label.serial}".encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()[:ID_CHARACTERS]


def host_of(label: Label) -> str:
    """Return the host name that is announced, without its zone."""
    return f"wallbox-{box_id(label)}"


def wanted(
    label: Label, bound: str, port: int, is_on: bool, addresses: tuple[str, ...]
) -> Announcement | None:
    """Return what is to be announced; None: nothing.

    :param bound: the address that the page is bound to, as 0.0.0.0 for all.
    :param is_on: the setting; False as well while it is not known.
    :param addresses: of this machine, that others can reach.
    """
    ip = ipaddress.ip_address(bound.partition("%")[0])
    reached = addresses if ip.is_unspecified else tuple(each for each in addresses if each == bound)
    if not is_on or ip.is_loopback or not reached:
        return None
    return Announcement(
        title=f"Wallbox {box_id(label)}",
        host=host_of(label),
        port=port,
        addresses=tuple(sorted(reached)),
        texts=(("path", "/"), ("product", "wallbox"), ("version", VERSION), ("id", box_id(label))),
    )


def begin(
    state: Announcing, announcement: Announcement | None, now_s: float
) -> tuple[Announcing, bool]:
    """Return the next state, and whether the announcement is to be given to the announcer now."""
    if state.is_busy:
        return state, False
    is_due = state.again_s is not None and now_s >= state.again_s
    if announcement == state.given and not is_due:
        return state, False
    return Announcing(given=announcement, is_busy=True), True


def end(state: Announcing, problem: str, now_s: float) -> Announcing:
    """Return the state after the announcer is done; `problem`: why it was not possible."""
    again_s = now_s + AGAIN_S if problem else None
    return Announcing(given=state.given, again_s=again_s)
