"""Who has how many failed attempts left: each known device, each login, and all others together.

OWASP, "Device Cookies": a browser that has signed in once keeps a random number. Its failures are
counted by themselves, so persons who guess from elsewhere cannot make it wait. Nobody else has such
a number, so guessing is no faster than with one count: MOST_DEVICES counts at most, each of a
browser that knew the password.
"""

import hashlib
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from web import backoff
from web.backoff import MOST_COUNTED, Backoff

DEVICE_BYTES = 32
MOST_DEVICES = 16  # assumed; the one that signed in the longest time ago is dropped
MOST_LOGINS = 32  # those that exist at the same time, see web.browser_logins


class StorageError(Exception):
    """Raised when something cannot be stored; says why, for the log."""

    def __init__(self, detail: str, words: str = "") -> None:
        """Take the error for the log, and what it means for a person."""
        super().__init__(detail)
        self.words = words


class Client(Struct, frozen=True, kw_only=True):
    """Who makes an attempt: the address is for the log alone."""

    address: str
    device: str = ""  # the number that the browser keeps; "": none
    login: str = ""  # what names its login; "": not signed in


class KnownDevice(Struct, frozen=True, kw_only=True):
    """A browser that has signed in, as it is stored."""

    id_hash: str
    failures: int = 0


class BudgetStore(Protocol):
    """Stores counts and devices: on the disk before it returns. Any thread may call it.

    :raises StorageError: it cannot be stored.
    """

    def keep_failures(self, failures: int) -> None:
        """Replace the stored count of failures of all unknown devices."""

    def keep_devices(self, devices: tuple[KnownDevice, ...]) -> None:
        """Replace the stored devices."""


class Budgets:
    """The counts. Not for several threads at once."""

    def __init__(
        self,
        failures: int,
        devices: tuple[KnownDevice, ...],
        keeper: BudgetStore,
        now_s: Callable[[], float],
        log: Callable[[str, str], None],
    ) -> None:
        """Begin with what was stored.

        The wait for stored failures begins again, so a restart of the page does not shorten it.
        """
        self._keeper = keeper
        self._now_s = now_s
        self._log = log
        self._shared = _counted(failures, now_s())
        # The device that signed in last is the last one.
        self._devices = {each.id_hash: _counted(each.failures, now_s()) for each in devices}
        self._logins: dict[str, Backoff] = {}

    def wait_s(self, client: Client) -> float:
        """Return how long the client's next attempt has to wait [s]; 0: no wait."""
        return backoff.wait_s(self._of(client), self._now_s())

    def failed(self, client: Client) -> int:
        """Count one more failure; return the count."""
        after = backoff.failed(self._of(client), self._now_s())
        self._set(client, after)
        return after.failures

    def passed(self, client: Client) -> None:
        """Begin the client's count again."""
        self._set(client, Backoff())

    def know(self, client: Client, number: str) -> None:
        """Add a device by its number, in place of the one that the client was."""
        self._devices.pop(_hash(client.device), None)
        while len(self._devices) >= MOST_DEVICES:
            del self._devices[next(iter(self._devices))]
        self._devices[_hash(number)] = Backoff()
        self._keep_devices()

    def _of(self, client: Client) -> Backoff:
        if client.login:
            return self._logins.get(client.login, Backoff())
        return self._devices.get(_hash(client.device), self._shared)

    def _set(self, client: Client, after: Backoff) -> None:
        is_counted = after.failures != self._of(client).failures
        if client.login:
            self._logins.pop(client.login, None)
            while len(self._logins) >= MOST_LOGINS:
                del self._logins[next(iter(self._logins))]
            if after.failures:
                self._logins[client.login] = after
        elif (key := _hash(client.device)) in self._devices:
            self._devices[key] = after
            if is_counted:
                self._keep_devices()
        else:
            self._shared = after
            if is_counted:
                self._keep_failures()

    def _keep_failures(self) -> None:
        try:
            self._keeper.keep_failures(self._shared.failures)
        except StorageError as error:
            self._log("warning", f"failed logins are counted until the next restart only: {error}")

    def _keep_devices(self) -> None:
        rows = tuple(
            KnownDevice(id_hash=key, failures=each.failures) for key, each in self._devices.items()
        )
        try:
            self._keeper.keep_devices(rows)
        except StorageError as error:
            self._log("warning", f"the known devices are kept until the next restart only: {error}")


def _counted(failures: int, now_s: float) -> Backoff:
    return Backoff(failures=min(failures, MOST_COUNTED), failed_s=now_s)


def _hash(number: str) -> str:
    return hashlib.sha256(number.encode(errors="replace")).hexdigest()
