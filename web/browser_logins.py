"""The logins: rows on the server; the browser has only a random number."""

import hashlib
import threading
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from msgs.units import Nanoseconds, Seconds
from web.budgets import MOST_LOGINS, StorageError

ID_BYTES = 32
IDLE_S = 12 * 3600.0  # assumed: without a request for a page
LONGEST_S = 7 * 24 * 3600.0  # assumed: since the login
VIEWER_IDLE_S = 60 * 24 * 3600.0  # assumed: a tablet on the wall may be off for a holiday
VIEWER_LONGEST_S = 365 * 24 * 3600.0  # assumed
MOST_VIEWERS = 8  # assumed; there is no place for one more
RECOVERY_S = 15 * 60.0  # assumed: from the recovery key to the new password
PROVEN_S = 5 * 60.0  # assumed: from the first login to the new password
KEEP_EVERY_S = 3600.0  # the shortest time between two writes of use alone: flash wears


class BrowserLogin(Struct, frozen=True, kw_only=True):
    """One browser that is signed in [monotonic s]."""

    change_count: int  # of the account it signed in to
    created_s: Seconds
    seen_s: Seconds
    recovered: bool = False  # by the recovery key: may only set a new password
    viewer: str = ""  # the name of a device that may only read; "": the owner's
    is_of_this_run: bool = False  # its password was proven to this process


class KeptLogin(Struct, frozen=True, kw_only=True):
    """The same on the disk: by the monotonic clock of its boot, and for another boot by UTC."""

    id_hash: str
    change_count: int = field(name="generation")
    created_utc_ns: Nanoseconds
    seen_utc_ns: Nanoseconds
    boot: str = ""  # of the machine; "": not known, or stored by an older version
    created_s: Seconds = 0.0
    seen_s: Seconds = 0.0
    viewer: str = ""


class ViewerLogin(Struct, frozen=True, kw_only=True):
    """A device that may only read, as the owner sees it."""

    name: str
    login: str  # what names its login
    age_s: Seconds  # since it was allowed
    idle_s: Seconds  # since it was last used


class LoginStore(Protocol):
    """Stores the rows.

    :raises StorageError: they cannot be stored.
    """

    def keep_logins(self, logins: tuple[KeptLogin, ...]) -> None:
        """Replace the stored rows."""


class BrowserLogins:
    """The table. Its methods may be called by any thread."""

    def __init__(
        self,
        kept: tuple[KeptLogin, ...],
        keeper: LoginStore,
        now_s: Callable[[], float],
        utc_ns: Callable[[], int],
        boot: str,
        random: Callable[[int], bytes],
        log: Callable[[str, str], None],
    ) -> None:
        """Begin with the stored rows; one of another boot and from the future is dropped.

        :param boot: of the machine; "": not known.
        """
        self._keeper = keeper
        self._now_s = now_s
        self._utc_ns = utc_ns
        self._boot = boot
        self._random = random
        self._log = log
        self._lock = threading.Lock()
        self._change_count = 0  # the newest of the account that is known here; it never falls
        self._kept_s = now_s()
        self._rows = {
            row.id_hash: login for row in kept if (login := self._login_of(row)) is not None
        }

    def open(self, change_count: int, recovered: bool = False) -> str:
        """Sign a browser in; return its number.

        If the account has changed since the count was read, the login is not valid, and those of
        after the change stay.
        """
        with self._lock:
            self._drop_ended(change_count)
            owners = [key for key, row in self._rows.items() if not row.viewer]
            while len(owners) >= MOST_LOGINS:
                oldest = min(owners, key=lambda key: self._rows[key].seen_s)
                owners.remove(oldest)
                del self._rows[oldest]
            return self._add(change_count, recovered=recovered)

    def open_viewer(self, change_count: int, name: str) -> str | None:
        """Sign in a device that may only read; return its number, or None if there are too many."""
        with self._lock:
            self._drop_ended(change_count)
            if sum(bool(row.viewer) for row in self._rows.values()) >= MOST_VIEWERS:
                return None
            return self._add(change_count, viewer=name)

    def viewers(self, change_count: int) -> tuple[ViewerLogin, ...]:
        """Return the devices that may only read, the newest first."""
        now_s = self._now_s()
        with self._lock:
            self._drop_ended(change_count)
            rows = [
                ViewerLogin(
                    name=row.viewer,
                    login=key,
                    age_s=now_s - row.created_s,
                    idle_s=now_s - row.seen_s,
                )
                for key, row in self._rows.items()
                if row.viewer
            ]
        return tuple(sorted(rows, key=lambda each: each.age_s))

    def end_viewer(self, login: str) -> None:
        """Sign out a device that may only read; nothing happens if it is signed out."""
        with self._lock:
            row = self._rows.get(login)
            if row is not None and row.viewer:
                del self._rows[login]
                self._keep()

    def find(self, number: str, change_count: int, is_used: bool = True) -> BrowserLogin | None:
        """Return the login of a number unless it is over; `is_used` extends it."""
        with self._lock:
            key = login_name(number)
            row = self._rows.get(key)
            if row is None:
                return None
            now_s = self._now_s()
            self._learn(change_count)
            if _is_over(row, self._change_count, now_s):
                del self._rows[key]
                return None
            if is_used:
                row = self._rows[key] = replace(row, seen_s=now_s)
                if now_s - self._kept_s >= KEEP_EVERY_S:
                    self._keep()
            return row

    def is_proof(self, login: BrowserLogin) -> bool:
        """Return whether who signed in may choose a password without a further proof.

        Whoever came by the recovery key may, and so may whoever signed in a moment ago; after that
        somebody else may be at the browser. For the caller: only where a password has to be chosen.
        """
        is_new = login.is_of_this_run and self._now_s() - login.created_s < PROVEN_S
        return login.recovered or is_new

    def close(self, number: str) -> None:
        """Sign a browser out."""
        with self._lock:
            if self._rows.pop(login_name(number), None) is not None:
                self._keep()

    def _add(self, change_count: int, recovered: bool = False, viewer: str = "") -> str:
        number = self._random(ID_BYTES).hex()
        now_s = self._now_s()
        self._rows[login_name(number)] = BrowserLogin(
            change_count=change_count,
            created_s=now_s,
            seen_s=now_s,
            recovered=recovered,
            viewer=viewer,
            is_of_this_run=True,
        )
        self._keep()
        return number

    def _login_of(self, row: KeptLogin) -> BrowserLogin | None:
        """Return a stored login by the clock of this boot; None: its age is not known.

        That of a viewer begins again then: a box whose clock is not set yet keeps its tablet.
        """
        created_s, seen_s = row.created_s, row.seen_s
        if not self._boot or row.boot != self._boot:
            now_s, utc_ns = self._now_s(), self._utc_ns()
            if not row.created_utc_ns <= row.seen_utc_ns <= utc_ns:
                if not row.viewer:
                    return None
                row = replace(row, created_utc_ns=utc_ns, seen_utc_ns=utc_ns)
            created_s = now_s - (utc_ns - row.created_utc_ns) / 1e9
            seen_s = now_s - (utc_ns - row.seen_utc_ns) / 1e9
        return BrowserLogin(
            change_count=row.change_count, created_s=created_s, seen_s=seen_s, viewer=row.viewer
        )

    def _learn(self, change_count: int) -> None:
        """Take in a change of the account; a request that began before it has an older count."""
        self._change_count = max(self._change_count, change_count)

    def _drop_ended(self, change_count: int) -> None:
        self._learn(change_count)
        count, now_s = self._change_count, self._now_s()
        for key in [key for key, row in self._rows.items() if _is_over(row, count, now_s)]:
            del self._rows[key]

    def _keep(self) -> None:
        now_s, utc_ns = self._now_s(), self._utc_ns()
        self._kept_s = now_s
        rows = tuple(
            KeptLogin(
                id_hash=key,
                change_count=row.change_count,
                created_utc_ns=utc_ns - round((now_s - row.created_s) * 1e9),
                seen_utc_ns=utc_ns - round((now_s - row.seen_s) * 1e9),
                boot=self._boot,
                created_s=row.created_s,
                seen_s=row.seen_s,
                viewer=row.viewer,
            )
            for key, row in self._rows.items()
            if not row.recovered
        )
        try:
            self._keeper.keep_logins(rows)
        except StorageError as error:
            self._log("warning", f"logins and logouts are lost with a restart: {error}")


def login_name(number: str) -> str:
    """Return what names a login on the server: nobody can sign in with it."""
    return hashlib.sha256(number.encode(errors="replace")).hexdigest()


def _is_over(row: BrowserLogin, change_count: int, now_s: float) -> bool:
    longest_s, idle_s = (VIEWER_LONGEST_S, VIEWER_IDLE_S) if row.viewer else (LONGEST_S, IDLE_S)
    if row.recovered:
        longest_s = RECOVERY_S
    return (
        row.change_count != change_count
        or now_s - row.created_s > longest_s
        or now_s - row.seen_s > idle_s
    )
