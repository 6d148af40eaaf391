"""Who may come in: the account, its password and recovery key, and the wait after failures."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Protocol

from msgspec import Struct

from msgs.label import Label
from web import backoff
from web.account import (
    MOST_PASSWORD,
    Account,
    Hasher,
    is_same,
    normal,
    normal_user,
    password_errors,
    user_errors,
)
from web.backoff import Backoff

BUSY_S = 5.0  # ours: so long an attempt waits for the one before it


class KeepError(Exception):
    """Raised when something cannot be kept; says why."""


class Keeper(Protocol):
    """Keeps what must outlive the process: on the disk before it returns. Any thread may call it.

    :raises KeepError: it cannot be kept.
    """

    def keep_account(self, account: Account) -> None:
        """Replace the kept account."""

    def keep_failures(self, failures: int) -> None:
        """Replace the kept count of failures."""


class Verdict(Enum):
    """What became of an attempt."""

    RIGHT = "right"
    WRONG = "wrong"
    WAIT = "wait"  # not looked at: too many have failed
    BUSY = "busy"  # not looked at: another one takes too long


class Attempt(Struct, frozen=True, kw_only=True):
    """The end of an attempt; wait_s is how long the next one has to wait."""

    verdict: Verdict
    wait_s: float = 0.0
    generation: int = 0  # of the account that a right one was right for


class Change(Struct, frozen=True, kw_only=True):
    """What a person has typed into User Settings; None where it was not asked for."""

    user: str
    password: str
    password_again: str
    current_password: str | None


class Door:
    """One account, one attempt at a time. Its methods may be called by any thread."""

    def __init__(
        self,
        label: Label,
        account: Account,
        failures: int,
        keeper: Keeper,
        now_s: Callable[[], float],
        random: Callable[[int], bytes],
        tell: Callable[[str, str], None],
    ) -> None:
        """Begin with what was kept.

        The wait for kept failures begins anew: who restarts the page gains nothing.
        """
        self._label = label
        self._account = account
        self._backoff = Backoff(failures=min(failures, backoff.MOST_COUNTED), failed_s=now_s())
        self._keeper = keeper
        self._now_s = now_s
        self._hasher = Hasher(random)
        self._tell = tell
        self._lock = threading.Lock()

    @property
    def account(self) -> Account:
        """Return the account as it is kept."""
        return self._account

    @property
    def recovery_key(self) -> str:
        """Return the label's key, to be shown to those who have just proven who they are."""
        return self._label.recovery_key

    def sign_in(self, user: str, password: str, address: str) -> Attempt:
        """Judge a user name and a password."""

        def prove() -> bool:
            is_password = self._is_password(password)  # whatever the name: equally long
            return is_same(normal_user(user), self._account.user) and is_password

        return self._attempt(prove, "a login", address)

    def prove_password(self, password: str, address: str) -> Attempt:
        """Judge the password of somebody who is signed in."""
        return self._attempt(lambda: self._is_password(password), "a current password", address)

    def recover(self, key: str, address: str) -> Attempt:
        """Judge a recovery key; blanks around it do not count.

        The right one never waits: nobody guesses 30 characters, and it is the owner's way in while
        somebody keeps the login waiting for everybody.
        """
        is_right = is_same(key.strip(), self._label.recovery_key)
        return self._attempt(lambda: is_right, "a recovery key", address, may_wait=not is_right)

    def change(self, change: Change, address: str) -> tuple[Attempt, list[str]]:
        """Set user name and password anew; return what is wrong instead, in plain sentences.

        An empty new password keeps the one that was proven, where it may be kept.

        :raises KeepError: it cannot be kept; nothing has changed.
        """
        before = self._account
        user = normal_user(change.user)
        new = normal(change.password)
        keeps = change.current_password is not None and not before.must_change
        keeps = keeps and not new and not change.password_again
        errors = user_errors(user)
        if not keeps:
            errors += password_errors(new, normal(change.password_again), user, self._label)
        if errors:
            return Attempt(verdict=Verdict.RIGHT), errors
        current = change.current_password
        if current is not None:
            attempt = self.prove_password(current, address)
            if attempt.verdict is not Verdict.RIGHT:
                return attempt, []
        with self._turn() as is_mine:
            if not is_mine:
                return Attempt(verdict=Verdict.BUSY), []
            if self._account is not before:  # what was proven holds no more
                return Attempt(verdict=Verdict.WRONG), []
            if not keeps and self._is_password(new):
                return Attempt(verdict=Verdict.RIGHT), [
                    "The new password is the old one; expected another one."
                ]
            account = Account(
                user=user,
                password_hash=before.password_hash if keeps else self._hasher.hash(new),
                generation=before.generation + 1,
            )
            self._keeper.keep_account(account)
            self._account = account
        self._tell("info", f"user name and password were set by {address}")
        return Attempt(verdict=Verdict.RIGHT, generation=account.generation), []

    def _is_password(self, password: str) -> bool:
        password = normal(password)
        if len(password) > MOST_PASSWORD:
            return False
        if self._account.must_change:
            return is_same(password, self._label.web_password)
        return self._hasher.is_right(password, self._account.password_hash)

    def _attempt(
        self, prove: Callable[[], bool], what: str, address: str, may_wait: bool = True
    ) -> Attempt:
        """Judge one secret after the other: a crowd that comes at once waits as well."""
        with self._turn() as is_mine:
            if not is_mine:
                return Attempt(verdict=Verdict.BUSY)
            left_s = backoff.wait_s(self._backoff, self._now_s())
            if may_wait and left_s > 0:
                return Attempt(verdict=Verdict.WAIT, wait_s=left_s)
            is_right = prove()
            generation = self._account.generation
            now_s = self._now_s()
            after = Backoff() if is_right else backoff.failed(self._backoff, now_s)
            if after.failures != self._backoff.failures:
                self._keep_failures(after.failures)
            self._backoff = after
            left_s = backoff.wait_s(after, now_s)
        # One line an attempt that was judged: the wait bounds them.
        if is_right:
            self._tell("info", f"{what} from {address} was right")
            return Attempt(verdict=Verdict.RIGHT, generation=generation)
        self._tell("warning", f"{what} from {address} was wrong; {after.failures} in a row")
        return Attempt(verdict=Verdict.WRONG, wait_s=left_s)

    def _keep_failures(self, failures: int) -> None:
        try:
            self._keeper.keep_failures(failures)
        except KeepError as error:
            self._tell("warning", f"failed logins are counted until the next restart only: {error}")

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Hold the lock, unless it takes too long to get it."""
        is_mine = self._lock.acquire(timeout=BUSY_S)
        try:
            yield is_mine
        finally:
            if is_mine:
                self._lock.release()
