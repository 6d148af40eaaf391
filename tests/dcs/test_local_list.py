"""The service's list of tokens (OCPP 1.6, sections 5.11 and 5.15; case 30)."""

import msgspec
import pytest

from nodes.dcs.events import ListedToken, TokenInfo, TokenStatus, UpdateList, Verdict
from nodes.dcs.local_list import EMPTY_LIST, MOST_ENTRIES, LocalList, listed, update_list

pytestmark = pytest.mark.req("RFID-11")

ACCEPTED = TokenInfo(status=TokenStatus.ACCEPTED)
BLOCKED = TokenInfo(status=TokenStatus.BLOCKED)


def tokens(**infos: TokenInfo | None) -> tuple[ListedToken, ...]:
    return tuple(ListedToken(token=token, info=info) for token, info in infos.items())


def full(version: int, **infos: TokenInfo | None) -> UpdateList:
    return UpdateList(version=version, is_full=True, tokens=tokens(**infos))


def changes(version: int, **infos: TokenInfo | None) -> UpdateList:
    return UpdateList(version=version, is_full=False, tokens=tokens(**infos))


def after(current: LocalList, *updates: UpdateList) -> LocalList:
    """Return the list after updates of which none is refused."""
    for update in updates:
        current, verdict, reason = update_list(current, update)
        assert (verdict, reason) == (Verdict.ACCEPTED, "")
    return current


TWO = after(EMPTY_LIST, full(5, AA=ACCEPTED, BB=BLOCKED))


def names(current: LocalList) -> set[str]:
    return set(current.entries)


def test_a_full_list_replaces_all_of_it_with_any_version() -> None:
    assert (TWO.version, names(TWO)) == (5, {"aa", "bb"})
    other = after(TWO, full(3, CC=ACCEPTED))
    assert (other.version, names(other)) == (3, {"cc"})


def test_a_full_list_without_entries_clears_it_and_its_version_is_0() -> None:
    assert after(TWO, full(9)) == EMPTY_LIST
    assert EMPTY_LIST.version == 0


def test_changes_add_replace_and_delete() -> None:
    changed = after(TWO, changes(6, AA=None, BB=ACCEPTED, CC=BLOCKED))
    assert changed.version == 6
    assert changed.entries == {"bb": ACCEPTED, "cc": BLOCKED}


def test_the_last_entry_deleted_leaves_an_empty_list() -> None:
    assert after(TWO, changes(6, AA=None, BB=None)) == EMPTY_LIST


def test_a_token_that_is_not_there_may_be_deleted() -> None:
    assert names(after(TWO, changes(6, CC=None))) == {"aa", "bb"}


def test_changes_without_entries_change_only_the_version() -> None:
    assert after(TWO, changes(6)) == LocalList(version=6, entries=TWO.entries)


@pytest.mark.parametrize("version", [5, 4, 0, -1])
def test_changes_with_no_later_version_change_nothing(version: int) -> None:
    current, verdict, reason = update_list(TWO, changes(version, CC=ACCEPTED))
    assert current is TWO
    assert verdict is Verdict.VERSION_MISMATCH
    assert reason == f"version {version} is not after 5"


def many(count: int) -> dict[str, TokenInfo | None]:
    return {f"T{number}": ACCEPTED for number in range(count)}


@pytest.mark.parametrize(
    "update",
    [
        UpdateList(version=6, is_full=True, tokens=tokens(AA=ACCEPTED) + tokens(AA=BLOCKED)),
        UpdateList(version=6, is_full=False, tokens=tokens(AA=ACCEPTED) + tokens(aa=BLOCKED)),
        UpdateList(version=6, is_full=False, tokens=tokens(AA=None) + tokens(AA=ACCEPTED)),
        full(6, AA=ACCEPTED, BB=None),
        full(0, AA=ACCEPTED),
        full(-1, AA=ACCEPTED),
        full(6, **many(MOST_ENTRIES + 1)),
        changes(6, **many(MOST_ENTRIES - 1)),  # with the two that are there, one too many
        UpdateList(version=6, is_full=True, tokens=(ListedToken(token=" ", info=ACCEPTED),)),
    ],
)
def test_an_update_that_is_wrong_fails_and_changes_nothing(update: UpdateList) -> None:
    current, verdict, reason = update_list(TWO, update)
    assert current is TWO
    assert verdict is Verdict.FAILED
    assert reason != ""


def test_as_many_tokens_as_are_promised_fit() -> None:
    assert MOST_ENTRIES >= 32
    assert len(after(EMPTY_LIST, full(1, **many(MOST_ENTRIES))).entries) == MOST_ENTRIES
    assert len(after(TWO, changes(6, **many(MOST_ENTRIES - 2))).entries) == MOST_ENTRIES


def test_the_case_of_a_token_does_not_count() -> None:
    assert listed(TWO, "aa", None) == listed(TWO, "AA", None) == ACCEPTED
    assert names(after(TWO, changes(6, aA=None))) == {"bb"}


def test_a_token_that_is_not_listed_is_unknown() -> None:
    assert listed(TWO, "CC", 0) is None
    assert listed(EMPTY_LIST, "AA", 0) is None


@pytest.mark.parametrize(
    ("now_s", "status"),
    [
        (999.0, TokenStatus.ACCEPTED),
        (1000.0, TokenStatus.EXPIRED),
        (1e9, TokenStatus.EXPIRED),
        (None, TokenStatus.EXPIRED),  # the clock is not set
    ],
)
def test_an_entry_expires(now_s: float | None, status: TokenStatus) -> None:
    info = TokenInfo(status=TokenStatus.ACCEPTED, expires_utc_s=1000, group="G")
    found = listed(after(EMPTY_LIST, full(1, AA=info)), "AA", now_s)
    assert found is not None
    assert (found.status, found.group) == (status, "G")


def test_a_blocked_entry_remains_blocked_after_its_expiry() -> None:
    info = TokenInfo(status=TokenStatus.BLOCKED, expires_utc_s=1000)
    assert listed(after(EMPTY_LIST, full(1, AA=info)), "AA", 2000.0) == info


def test_a_list_is_stored_and_read_back_as_it_was() -> None:
    long = TokenInfo(status=TokenStatus.CONCURRENT, group="G" * 20, expires_utc_s=1.7e9)
    infos = {f"{number:020}": long for number in range(MOST_ENTRIES)}
    current = after(EMPTY_LIST, full(1, **infos))
    stored = msgspec.json.encode(current)
    assert msgspec.json.decode(stored, type=LocalList) == current
    assert len(stored) < 64_000
