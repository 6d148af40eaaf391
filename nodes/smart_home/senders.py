"""Who may use the interfaces, how much UDP answers, and whom its news are sent to. Pure.

An address that may send is one of the settings' list, or one of the box's own networks if the list
is empty. Each answer costs its sender a share of what it may get; so a flood is dropped, and an
address that is forged gets no more than that.
"""

from ipaddress import IPv4Address, IPv4Network, ip_address

from msgspec import Struct
from msgspec.structs import replace

PORT = 7090  # where answers go (UDP guide, page 14)
ANSWERS_S = 10.0  # of one sender: one command each 100 ms (page 10)
BURST = 20.0  # assumed: a client that asks for all 30 sessions waits 100 ms between two
ALL_S, ALL_BURST = 50.0, 100.0  # of all senders together; assumed
MOST_SENDERS = 64  # assumed; the one that was silent longest is forgotten
NEWS_S = 600.0  # assumed: news go to the last sender for this time; a client asks every few seconds
WRONG_CARDS, BLOCKED_S = 3, 60.0  # three wrong cards a minute block their sender


class Bucket(Struct, frozen=True, kw_only=True):
    """How many answers are left, and since when."""

    left: float
    since_s: float


class Sender(Struct, frozen=True, kw_only=True):
    """What is known of one address."""

    address: str
    bucket: Bucket
    dropped: int = 0  # commands without an answer, since it was known
    wrong_s: tuple[float, ...] = ()  # when its cards were refused
    blocked_until_s: float = 0.0  # for starts with a card


class Senders(Struct, frozen=True, kw_only=True):
    """All of them, the newest last."""

    senders: tuple[Sender, ...] = ()
    all: Bucket = Bucket(left=ALL_BURST, since_s=0.0)
    last: str = ""  # the sender of the newest command; "": none
    last_s: float = 0.0


NO_SENDERS = Senders()


def may_send(address: str, allowed: tuple[str, ...], networks: tuple[str, ...]) -> bool:
    """Return whether an address may use the interface.

    :param allowed: addresses and networks of the settings; empty: the box's own networks.
    """
    try:
        sender = ip_address(address)
    except ValueError:
        return False
    if not isinstance(sender, IPv4Address):
        return False
    return any(sender in IPv4Network(each, strict=False) for each in allowed or networks)


def admit(senders: Senders, address: str, now_s: float, cost: float) -> tuple[Senders, bool]:
    """Return whether a command is answered; its answers cost that many."""
    known = _find(senders, address) or Sender(
        address=address, bucket=Bucket(left=BURST, since_s=now_s)
    )
    own = _filled(known.bucket, now_s, ANSWERS_S, BURST)
    shared = _filled(senders.all, now_s, ALL_S, ALL_BURST)
    if own.left < cost or shared.left < cost:
        known = replace(known, bucket=own, dropped=known.dropped + 1)
        return _put(replace(senders, all=shared), known), False
    known = replace(known, bucket=replace(own, left=own.left - cost))
    senders = replace(
        senders, all=replace(shared, left=shared.left - cost), last=address, last_s=now_s
    )
    return _put(senders, known), True


def news_to(senders: Senders, now_s: float) -> str:
    """Return the address that news are sent to; "": none."""
    return senders.last if senders.last and now_s < senders.last_s + NEWS_S else ""


def note_wrong_card(senders: Senders, address: str, now_s: float) -> Senders:
    """Note a card that was refused; three in a minute block its sender for a minute."""
    known = _find(senders, address)
    if known is None:
        return senders
    wrong_s = (*(each for each in known.wrong_s if now_s < each + BLOCKED_S), now_s)
    if len(wrong_s) >= WRONG_CARDS:
        return _put(senders, replace(known, wrong_s=(), blocked_until_s=now_s + BLOCKED_S))
    return _put(senders, replace(known, wrong_s=wrong_s))


def is_blocked(senders: Senders, address: str, now_s: float) -> bool:
    """Return whether starts and stops with a card of this sender are refused."""
    known = _find(senders, address)
    return known is not None and now_s < known.blocked_until_s


def _find(senders: Senders, address: str) -> Sender | None:
    return next((each for each in senders.senders if each.address == address), None)


def _put(senders: Senders, sender: Sender) -> Senders:
    others = tuple(each for each in senders.senders if each.address != sender.address)
    return replace(senders, senders=(*others, sender)[-MOST_SENDERS:])


def _filled(bucket: Bucket, now_s: float, each_s: float, most: float) -> Bucket:
    left = min(most, bucket.left + max(0.0, now_s - bucket.since_s) * each_s)
    return Bucket(left=left, since_s=now_s)
