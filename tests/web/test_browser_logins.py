"""The table of those who are signed in."""

from collections.abc import Iterator
from itertools import combinations_with_replacement

import pytest

from tests.web.conftest import START_S, UTC_NS, HandBox
from web.browser_logins import (
    IDLE_S,
    KEEP_EVERY_S,
    LONGEST_S,
    BrowserLogins,
    KeptLogin,
)
from web.budgets import MOST_LOGINS, StorageError


class Disk:
    """Keeps the rows, and counts how often."""

    def __init__(self) -> None:
        self.rows: tuple[KeptLogin, ...] = ()
        self.writes = 0
        self.is_full = False

    def keep_logins(self, logins: tuple[KeptLogin, ...]) -> None:
        if self.is_full:
            raise StorageError("the disk is full")
        self.rows = logins
        self.writes += 1


class Table:
    """A table with its clock and its disk."""

    def __init__(self) -> None:
        self.box = HandBox()
        self.disk = Disk()
        self.jump_ns = 0  # of the wall clock
        self.boots = 0
        self.start()

    def start(self) -> None:
        box = self.box
        self.logins = BrowserLogins(
            self.disk.rows,
            self.disk,
            box.now_s,
            lambda: box.utc_ns() + self.jump_ns,
            f"boot {self.boots}",
            box.random,
            box.log,
        )


@pytest.fixture
def table() -> Table:
    return Table()


def test_the_number_is_long_and_never_kept(table: Table) -> None:
    number = table.logins.open(change_count=1)
    assert len(bytes.fromhex(number)) == 32
    assert table.logins.find(number, 1)
    assert all(number not in row.id_hash for row in table.disk.rows)
    assert table.logins.find(table.disk.rows[0].id_hash, 1) is None


def test_a_login_ends_when_nobody_uses_it(table: Table) -> None:
    used, unused = table.logins.open(1), table.logins.open(1)
    table.box.time_s += IDLE_S - 1.0
    assert table.logins.find(used, 1)
    table.box.time_s += 2.0
    assert table.logins.find(used, 1)
    assert table.logins.find(unused, 1) is None


def test_a_login_ends_after_a_week_however_much_it_is_used(table: Table) -> None:
    number = table.logins.open(1)
    end_s = START_S + LONGEST_S
    while table.box.time_s < end_s:
        assert table.logins.find(number, 1)
        table.box.time_s += 3600.0
    table.box.time_s += 1.0
    assert table.logins.find(number, 1) is None


def test_the_one_used_longest_ago_makes_room(table: Table) -> None:
    numbers = []
    for _ in range(MOST_LOGINS):
        numbers.append(table.logins.open(1))
        table.box.time_s += 1.0
    assert table.logins.find(numbers[0], 1)
    table.logins.open(1)
    found = [table.logins.find(number, 1, is_used=False) is not None for number in numbers]
    assert found == [True, False, *[True] * (MOST_LOGINS - 2)]
    assert len(table.disk.rows) == MOST_LOGINS


def test_use_alone_is_written_once_an_hour(table: Table) -> None:
    number = table.logins.open(1)
    for _ in range(12 * 60):
        table.box.time_s += 60.0
        assert table.logins.find(number, 1)
    assert table.disk.writes == 1 + 12 * 3600 / KEEP_EVERY_S


def test_ages_go_on_over_a_restart_of_the_machine(table: Table) -> None:
    number = table.logins.open(1)
    table.box.time_s += 5 * 3600.0
    table.start()
    # The monotonic clock begins again; the wall clock has gone on by as much as was slept.
    slept_s = 6 * 3600.0
    table.jump_ns = round((table.box.time_s + slept_s - 5.0) * 1e9)
    table.box.time_s = 5.0
    table.boots += 1
    table.start()
    assert table.logins.find(number, 1)
    table.jump_ns += round(2 * 3600.0 * 1e9)
    table.boots += 1
    table.start()
    assert table.logins.find(number, 1) is None


def test_a_login_from_the_future_is_worth_nothing(table: Table) -> None:
    number = table.logins.open(1)
    table.jump_ns = -1_000_000_000
    table.boots += 1
    table.start()
    assert table.logins.find(number, 1) is None


@pytest.mark.parametrize("hours", [-8, 8])
def test_a_clock_that_was_set_before_a_restart_in_place_changes_no_age(
    table: Table, hours: int
) -> None:
    number = table.logins.open(1)
    table.box.time_s += IDLE_S - 10.0
    table.jump_ns = hours * 3600 * 10**9
    table.start()
    assert table.logins.find(number, 1, is_used=False)
    table.box.time_s += 11.0
    table.start()
    assert table.logins.find(number, 1) is None


def test_a_jump_of_the_wall_clock_ends_no_login_that_runs(table: Table) -> None:
    number = table.logins.open(1)
    table.jump_ns = UTC_NS
    assert table.logins.find(number, 1)
    table.box.time_s += KEEP_EVERY_S
    assert table.logins.find(number, 1)
    table.start()
    assert table.logins.find(number, 1)


def test_a_disk_that_is_full_is_said_and_signs_nobody_out(table: Table) -> None:
    table.disk.is_full = True
    number = table.logins.open(1)
    assert table.logins.find(number, 1)
    assert any("the disk is full" in text for _, text in table.box.lines)


# --- a password that changes meanwhile -----------------------------------------------------------


class Account:
    """The account and its browsers: each act in two steps, as two threads interleave them."""

    def __init__(self, table: Table) -> None:
        self.logins = table.logins
        self.change_count = 1
        self.opened: dict[str, int] = {}  # each login with the change count that it was proven by
        self.closed: set[str] = set()

    def _open(self, proven: int, recovered: bool = False) -> None:
        self.opened[self.logins.open(proven, recovered)] = proven

    def login(self) -> Iterator[None]:
        proven = self.change_count
        yield
        self._open(proven)

    def recover(self) -> Iterator[None]:
        proven = self.change_count
        yield
        self._open(proven, recovered=True)

    def change(self) -> Iterator[None]:
        self.change_count += 1
        proven = self.change_count
        yield
        self._open(proven)

    def view(self) -> Iterator[None]:
        proven = self.change_count
        yield
        number = self.logins.open_viewer(proven, "tablet")
        assert number is not None
        self.opened[number] = proven

    def list_viewers(self) -> Iterator[None]:
        seen = self.change_count
        yield
        self.logins.viewers(seen)

    def logout(self) -> Iterator[None]:
        number = next(reversed(self.opened))
        yield
        self.logins.close(number)
        self.closed.add(number)

    def request(self) -> Iterator[None]:
        number, seen = next(reversed(self.opened)), self.change_count
        yield
        self.logins.find(number, seen)

    def check(self, acts: object) -> None:
        """Assert that a login is valid if nothing has changed since its proof, and only then."""
        for number, proven in self.opened.items():
            is_valid = proven == self.change_count and number not in self.closed
            found = self.logins.find(number, self.change_count)
            assert (found is not None) == is_valid, (acts, proven, self.change_count)


ACTS = ("login", "recover", "change", "view", "list_viewers", "logout", "request")


def orders(counts: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Return every order in which some acts can take so many steps each."""
    if not any(counts):
        yield ()
    for act, left in enumerate(counts):
        if left:
            rest = (*counts[:act], left - 1, *counts[act + 1 :])
            yield from ((act, *others) for others in orders(rest))


def test_a_login_is_valid_only_with_the_password_that_it_was_proven_by() -> None:
    table = Table()
    for acts in combinations_with_replacement(ACTS, 3):
        for order in orders((2, 2, 2)):
            table.disk.rows = ()
            table.start()
            account = Account(table)
            account._open(account.change_count)
            running = [getattr(account, act)() for act in acts]
            for number in order:
                next(running[number], None)
            account.check((acts, order))
