"""The service's list of tokens, by which a card is judged without the service. Pure.

OCPP 1.6, sections 3.5.2, 5.11 and 5.15. The case of a token does not count (CiString20).
"""

from msgspec import Struct

from nodes.dcs.events import TokenInfo, TokenStatus, UpdateList, Verdict

MOST_ENTRIES = 256  # assumed; known boxes have 32 and more
NO_VERSION = -1  # the list is not in use
EMPTY_VERSION = 0  # reserved for an empty list (section 5.10)


class LocalList(Struct, frozen=True, kw_only=True):
    """The list as it is stored."""

    version: int = EMPTY_VERSION
    entries: dict[str, TokenInfo] = {}  # by the token in lower case


EMPTY_LIST = LocalList()


def update_list(current: LocalList, update: UpdateList) -> tuple[LocalList, Verdict, str]:
    """Return the list after an update, the verdict, and why it is refused ("": it is not).

    What is refused changes nothing. The verdict is ACCEPTED, FAILED or VERSION_MISMATCH; that the
    list is not in use is the caller's to know (NOT_SUPPORTED).
    """
    if not update.is_full and update.version <= current.version:
        reason = f"version {update.version} is not after {current.version}"
        return current, Verdict.VERSION_MISMATCH, reason
    if refusal := _refusal(update):
        return current, Verdict.FAILED, refusal
    entries = {} if update.is_full else dict(current.entries)
    for each in update.tokens:
        if each.info is None:
            entries.pop(_folded(each.token), None)
        else:
            entries[_folded(each.token)] = each.info
    if len(entries) > MOST_ENTRIES:
        return current, Verdict.FAILED, f"{len(entries)} entries: expected {MOST_ENTRIES} at most"
    version = update.version if entries else EMPTY_VERSION
    return LocalList(version=version, entries=entries), Verdict.ACCEPTED, ""


def listed(current: LocalList, token: str, now_s: float | None) -> TokenInfo | None:
    """Return what the list says of a token at a time, None if it is not in it.

    :param now_s: UTC; None: the clock is not set, and an entry that expires counts as expired
    """
    info = current.entries.get(_folded(token))
    if info is None or info.status is not TokenStatus.ACCEPTED or info.expires_utc_s is None:
        return info
    if now_s is not None and now_s < info.expires_utc_s:
        return info
    return TokenInfo(status=TokenStatus.EXPIRED, group=info.group, expires_utc_s=info.expires_utc_s)


def _refusal(update: UpdateList) -> str:
    """Return what is wrong with an update by itself."""
    many = len(update.tokens)
    if many > MOST_ENTRIES:
        return f"{many} entries: expected {MOST_ENTRIES} at most"
    if many and update.version <= EMPTY_VERSION:
        return f"version {update.version}: expected more than {EMPTY_VERSION}"
    tokens = [_folded(each.token) for each in update.tokens]
    if len(set(tokens)) < many:
        return "a token is in it twice"
    if "" in tokens:
        return "a token is empty"
    if update.is_full and any(each.info is None for each in update.tokens):
        return "a full list deletes no token"
    return ""


def _folded(token: str) -> str:
    return token.strip().lower()
