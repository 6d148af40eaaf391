"""The login: the account, its password and recovery key, the wait after failed attempts.

Whose failures make whom wait: `web.budgets`.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Protocol

from msgspec import Struct

from msgs.label import Label
from web.account import (
    MOST_PASSWORD,
    Account,
    Hasher,
    is_same,
    normal,
    normal_user,
    password_problem,
    printed,
    typed_key,
    user_problem,
)
from web.budgets import DEVICE_BYTES, Budgets, BudgetStore, Client, KnownDevice, StorageError
from web.password_strength import Weakness, weakness

DIFFER = "The two new passwords differ; expected the same one twice."
OLD = "The new password is the old one; expected another one."
BUSY_S = 5.0  # assumed: longest wait of an attempt for the previous one


class CredentialStore(BudgetStore, Protocol):
    """Stores the account too: on the disk before it returns. Any thread may call it.

    :raises StorageError: it cannot be stored.
    """

    def keep_account(self, account: Account) -> None:
        """Replace the stored account."""


class LoginResult(Enum):
    """The result of an attempt."""

    RIGHT = "right"
    WRONG = "wrong"
    WAIT = "wait"  # not checked: too many have failed
    BUSY = "busy"  # not checked: another one takes too long


class Attempt(Struct, frozen=True, kw_only=True):
    """An attempt that has ended; wait_s is how long the next one has to wait."""

    result: LoginResult
    wait_s: float = 0.0
    change_count: int = 0  # of the account, for a right one


class Change(Struct, frozen=True, kw_only=True):
    """The input of User Settings; None: not asked for.

    Without a current password the count of the account's changes is that of the page's account.
    """

    user: str
    password: str
    password_again: str
    current_password: str | None
    change_count: int = 0


class LoginCheck:
    """One account, one attempt at a time. Its methods may be called by any thread."""

    def __init__(
        self,
        label: Label,
        account: Account,
        failures: int,
        devices: tuple[KnownDevice, ...],
        keeper: CredentialStore,
        now_s: Callable[[], float],
        random: Callable[[int], bytes],
        log: Callable[[str, str], None],
        weakness: Weakness = weakness,
    ) -> None:
        """Begin with what was stored."""
        self._label = label
        self._account = account
        self._budgets = Budgets(failures, devices, keeper, now_s, log)
        self._keeper = keeper
        self._random = random
        self._hasher = Hasher(random)
        self._log = log
        self._weakness = weakness
        self._lock = threading.Lock()

    @property
    def account(self) -> Account:
        """Return the account as it is stored."""
        return self._account

    @property
    def recovery_key(self) -> str:
        """Return the label's key, to be shown only after a proof of the password."""
        return self._label.recovery_key

    def sign_in(self, user: str, password: str, client: Client) -> Attempt:
        """Check a user name and a password."""

        def prove() -> bool:
            is_password = self._is_password(password)  # also for a wrong name: the same time
            return is_same(normal_user(user), self._account.user) and is_password

        return self._attempt(prove, "a login", client)

    def prove_password(self, password: str, client: Client) -> Attempt:
        """Check the password of the person who is signed in."""
        return self._attempt(lambda: self._is_password(password), "a current password", client)

    def recover(self, key: str, client: Client) -> Attempt:
        """Check a recovery key as a person types it, see `typed_key`.

        The right one never waits: 30 characters cannot be guessed, and it lets the owner in while
        another person's failed attempts make the login wait.
        """
        is_right = is_same(typed_key(key), typed_key(self._label.recovery_key))
        return self._attempt(lambda: is_right, "a recovery key", client, may_wait=not is_right)

    def change(self, change: Change, client: Client) -> tuple[Attempt, dict[str, str]]:
        """Change user name and password, or return what is wrong, by the page's field.

        An empty new password keeps the proven one, unless it must be changed.

        :raises StorageError: it cannot be stored; nothing has changed.
        """
        before = self._account
        user = normal_user(change.user)
        new = normal(change.password)
        keeps = change.current_password is not None and not before.must_change
        keeps = keeps and not new and not change.password_again
        problems = {"new_username": user_problem(user)}
        if not keeps:
            problems["new_password"] = password_problem(new, user, self._label)
            if new != normal(change.password_again):
                problems["new_password_again"] = DIFFER
        problems = {key: problem for key, problem in problems.items() if problem}
        if problems:
            return Attempt(result=LoginResult.RIGHT), problems
        current = change.current_password
        if current is None and before.change_count != change.change_count:
            return Attempt(result=LoginResult.WRONG), {}
        if current is not None:
            attempt = self.prove_password(current, client)
            if attempt.result is not LoginResult.RIGHT:
                return attempt, {}
        with self._turn() as is_mine:
            if not is_mine:
                return Attempt(result=LoginResult.BUSY), {}
            if self._account is not before:  # another change came first: the proof is void
                return Attempt(result=LoginResult.WRONG), {}
            if not keeps and (problem := self._problem_of(new, user)):
                return Attempt(result=LoginResult.RIGHT), {"new_password": problem}
            account = Account(
                user=user,
                password_hash=before.password_hash if keeps else self._hasher.hash(new),
                change_count=before.change_count + 1,
            )
            self._keep(account)
            self._account = account
        self._log("info", f"user name and password were set by {client.address}")
        return Attempt(result=LoginResult.RIGHT, change_count=account.change_count), {}

    def _keep(self, account: Account) -> None:
        try:
            self._keeper.keep_account(account)
        except StorageError as error:
            self._log("error", f"user name and password could not be stored: {error}")
            raise

    def know_device(self, client: Client, change_count: int) -> str:
        """Return a new number for a browser that has signed in; "" if that takes too long.

        There is none while the label's password signs in, which others may know, and none if the
        account has changed since its password was proven.
        """
        with self._turn() as is_mine:
            if not is_mine or self._account.must_change:
                return ""
            if self._account.change_count != change_count:
                return ""
            number = self._random(DEVICE_BYTES).hex()
            self._budgets.know(client, number)
            return number

    def _problem_of(self, new: str, user: str) -> str:
        """Return what is wrong with a password that keeps the rules; "": nothing."""
        if self._is_password(new):
            return OLD
        return self._weakness(new, (user, *printed(self._label)))

    def _is_password(self, password: str) -> bool:
        password = normal(password)
        if len(password) > MOST_PASSWORD:
            return False
        if self._account.must_change:
            return is_same(password, self._label.web_password)
        return self._hasher.is_right(password, self._account.password_hash)

    def _attempt(
        self, prove: Callable[[], bool], what: str, client: Client, may_wait: bool = True
    ) -> Attempt:
        """Check one secret after the other, so that parallel attempts wait as well."""
        with self._turn() as is_mine:
            if not is_mine:
                return Attempt(result=LoginResult.BUSY)
            left_s = self._budgets.wait_s(client)
            if may_wait and left_s > 0:
                return Attempt(result=LoginResult.WAIT, wait_s=left_s)
            is_right = prove()
            change_count = self._account.change_count
            failures = 0
            if is_right:
                self._budgets.passed(client)
            else:
                failures = self._budgets.failed(client)
            left_s = self._budgets.wait_s(client)
        # One line for each checked attempt: the wait limits their number.
        if is_right:
            self._log("info", f"{what} from {client.address} was right")
            return Attempt(result=LoginResult.RIGHT, change_count=change_count)
        self._log("warning", f"{what} from {client.address} was wrong; {failures} in a row")
        return Attempt(result=LoginResult.WRONG, wait_s=left_s)

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Take the lock, unless that takes too long."""
        is_mine = self._lock.acquire(timeout=BUSY_S)
        try:
            yield is_mine
        finally:
            if is_mine:
                self._lock.release()
