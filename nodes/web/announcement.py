"""What is announced of the page in the home network, by mDNS (RFC 6762, RFC 6763). Pure.

The page is announced while it can be opened from other machines. Its name there ends in the
`msgs.label.network_id` of the box.
"""

import ipaddress

from msgspec import Struct

from msgs.label import Label, network_id
from msgs.version import VERSION

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


def host_of(label: Label) -> str:
    """Return the host name that is announced, without its zone."""
    return f"wallbox-{network_id(label)}"


def wanted(
    label: Label, bound: str, port: int, is_on: bool, addresses: tuple[str, ...]
) -> Announcement | None:
    """Return what is to be announced; None: nothing.

    :param bound: the address that the page is bound to, as 0.0.0.0 for all.
    :param is_on: the setting; False as well while it is not known.
    :param addresses: of this machine, that others can reach.
    """
    box_id = network_id(label)
    ip = ipaddress.ip_address(bound.partition("%")[0])
    reached = addresses if ip.is_unspecified else tuple(each for each in addresses if each == bound)
    if not is_on or ip.is_loopback or not reached:
        return None
    return Announcement(
        title=f"Wallbox {box_id}",
        host=host_of(label),
        port=port,
        addresses=tuple(sorted(reached)),
        texts=(
            ("path", "/"),
            ("product", "wallbox"),
            ("version", VERSION),
            ("id", box_id),
        ),
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
