"""What web stores: the account, the failures, the logins. Any thread may call it."""

import threading
from pathlib import Path

from msgspec import Struct, field

from bus.disk_words import not_changed
from bus.generations import examine, read_and_repair, read_valid_or_raise, write_generations
from bus.store import StoreError, Warn
from msgs.label import LABEL_FILE, Label
from msgs.stored import Stored
from web.account import Account, factory_account
from web.backoff import MOST_COUNTED
from web.browser_logins import KeptLogin
from web.budgets import KnownDevice, StorageError
from web.metrics_token import MetricsToken

ACCOUNT_FILE = "web-account.json"
FAILURES_FILE = "web-failures.json"
LOGINS_FILE = "web-sessions.json"
DEVICES_FILE = "web-devices.json"
TOKEN_FILE = "web-metrics.json"


class Failures(Struct, frozen=True, kw_only=True):
    """How many attempts have failed since the last right one."""

    count: int = 0


class KnownDevices(Struct, frozen=True, kw_only=True):
    """The browsers that have signed in, the last one at the end."""

    devices: tuple[KnownDevice, ...] = ()


class SignedIn(Struct, frozen=True, kw_only=True):
    """All logins."""

    logins: tuple[KeptLogin, ...] = field(default=(), name="sessions")


examine(Account, Failures, KnownDevices, SignedIn, MetricsToken, Label)


def read_label(state_dir: Path) -> Label:
    """Return the label of this box.

    :raises StoreError: there is none, or it cannot be read.
    """
    path = state_dir / LABEL_FILE
    label = read_valid_or_raise(path, Label)
    if label is None:
        raise StoreError(f"{path} is missing; system writes it: expected web to need system")
    return label


class WebStore:
    """Five files in two generations.

    See `web.login_check`, `web.budgets`, `web.browser_logins`, `web.metrics_token`.
    """

    def __init__(self, state_dir: Path, warn: Warn) -> None:
        self._dir = state_dir
        self._warn = warn
        self._lock = threading.Lock()

    def account(self, label: Label) -> Account:
        """Return the stored account, or that of the label if there never was one.

        If it cannot be read no password is valid, also after the next start: the label's password
        is known to too many. The recovery key stays valid.

        :raises StoreError: see `bus.generations.read_and_repair`.
        """
        found = read_and_repair(self._dir / ACCOUNT_FILE, Account, self._warn)
        if found.value is None and found.stored is Stored.LOST:
            self._warn("the account is lost; only the recovery key opens the page")
            return Account(user=label.web_user, password_hash="")  # `is_lost`
        return found.value or factory_account(label)

    def failures(self) -> int:
        """Return the stored count of failures; the most, with the longest wait, if it is lost.

        :raises StoreError: see `bus.generations.read_and_repair`.
        """
        found = read_and_repair(self._dir / FAILURES_FILE, Failures, self._warn)
        if found.value is not None:
            return found.value.count
        return MOST_COUNTED if found.stored is Stored.LOST else 0

    def devices(self) -> tuple[KnownDevice, ...]:
        """Return the stored devices; none if they are lost: then they wait as all others do.

        :raises StoreError: see `bus.generations.read_and_repair`.
        """
        kept = read_and_repair(self._dir / DEVICES_FILE, KnownDevices, self._warn).value
        return kept.devices if kept else ()

    def logins(self) -> tuple[KeptLogin, ...]:
        """Return the stored logins.

        :raises StoreError: see `bus.generations.read_and_repair`.
        """
        kept = read_and_repair(self._dir / LOGINS_FILE, SignedIn, self._warn).value
        return kept.logins if kept else ()

    def token(self) -> MetricsToken:
        """Return the stored token of the metrics; without a hash if there is none, or it is lost.

        :raises StoreError: see `bus.generations.read_and_repair`.
        """
        kept = read_and_repair(self._dir / TOKEN_FILE, MetricsToken, self._warn).value
        return kept or MetricsToken()

    def keep_account(self, account: Account) -> None:
        """See `web.login_check.CredentialStore.keep_account`."""
        self._write(ACCOUNT_FILE, account)

    def keep_failures(self, failures: int) -> None:
        """See `web.budgets.BudgetStore.keep_failures`."""
        self._write(FAILURES_FILE, Failures(count=failures))

    def keep_devices(self, devices: tuple[KnownDevice, ...]) -> None:
        """See `web.budgets.BudgetStore.keep_devices`."""
        self._write(DEVICES_FILE, KnownDevices(devices=devices))

    def keep_logins(self, logins: tuple[KeptLogin, ...]) -> None:
        """See `web.browser_logins.LoginStore.keep_logins`."""
        self._write(LOGINS_FILE, SignedIn(logins=logins))

    def keep_token(self, token: MetricsToken) -> None:
        """See `web.metrics_token.TokenStore.keep_token`."""
        self._write(TOKEN_FILE, token)

    def _write(self, name: str, value: Struct) -> None:
        with self._lock:
            try:
                # A password or a login that ended must not come back: always write both.
                write_generations(self._dir / name, value, lowers=True)
            except StoreError as error:
                raise StorageError(str(error), not_changed(error.plain)) from error
