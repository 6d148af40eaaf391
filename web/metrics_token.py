"""The token by which a program reads the metrics: a random number, stored as its hash.

It ends when another one is made, when the owner ends it, and with a change of the account, as the
login of a device that may only read does. It has 256 bits, which nobody can guess. So the right one
never waits, and wrong ones have a count of their own: a Prometheus that still has an ended token
does not make the owner's login wait.
"""

import hashlib
import threading
from collections.abc import Callable
from enum import Enum
from typing import Protocol

from msgspec import Struct

from msgs.units import Nanoseconds
from web import backoff
from web.account import is_same
from web.backoff import Backoff
from web.budgets import StorageError

TOKEN_BYTES = 32


class MetricsToken(Struct, frozen=True, kw_only=True):
    """The token as it is stored. Without a hash there is none."""

    token_hash: str = ""
    change_count: int = 0  # of the account that made it
    made_utc_ns: Nanoseconds = 0


class TokenStore(Protocol):
    """Stores the token: on the disk before it returns. Any thread may call it.

    :raises StorageError: it cannot be stored.
    """

    def keep_token(self, token: MetricsToken) -> None:
        """Replace the stored token."""


class TokenResult(Enum):
    """The result of an attempt with a token."""

    RIGHT = "right"
    WRONG = "wrong"
    WAIT = "wait"  # not right, and too many before it were not


class ShownToken(Struct, frozen=True, kw_only=True):
    """The token as the owner sees it, without its number."""

    made_utc_ns: Nanoseconds
    used_s: float | None  # how long ago; None: not since the page started


class TokenCheck:
    """The token. Its methods may be called by any thread."""

    def __init__(
        self,
        kept: MetricsToken,
        keeper: TokenStore,
        now_s: Callable[[], float],
        utc_ns: Callable[[], int],
        random: Callable[[int], bytes],
        log: Callable[[str, str], None],
    ) -> None:
        """Begin with what was stored."""
        self._token = kept
        self._keeper = keeper
        self._now_s = now_s
        self._utc_ns = utc_ns
        self._random = random
        self._log = log
        self._lock = threading.Lock()
        self._wrong = Backoff()
        self._used_s: float | None = None

    def make(self, change_count: int) -> str:
        """Return a new token, in place of the one before; it is not shown again.

        :param change_count: of the account whose owner asks for it.
        :raises StorageError: it cannot be stored; the one before stays.
        """
        number = self._random(TOKEN_BYTES).hex()
        token = MetricsToken(
            token_hash=_hash(number), change_count=change_count, made_utc_ns=self._utc_ns()
        )
        self._replace(token)
        self._log("info", "a token for the metrics was made")
        return number

    def end(self) -> None:
        """End the token.

        :raises StorageError: it cannot be stored; the token stays.
        """
        self._replace(MetricsToken())
        self._log("info", "the token for the metrics was ended")

    def shown(self, change_count: int) -> ShownToken | None:
        """Return the token for the owner; None if there is none that is valid."""
        with self._lock:
            token = self._token
            if not token.token_hash or token.change_count != change_count:
                return None
            used_s = None if self._used_s is None else self._now_s() - self._used_s
            return ShownToken(made_utc_ns=token.made_utc_ns, used_s=used_s)

    def attempt(self, number: str, change_count: int, address: str) -> TokenResult:
        """Check the token of a request from an address, which is for the log."""
        with self._lock:
            is_right = is_same(_hash(number), self._token.token_hash)
            if is_right and self._token.change_count == change_count:
                self._wrong, self._used_s = Backoff(), self._now_s()
                return TokenResult.RIGHT
            if backoff.wait_s(self._wrong, self._now_s()) > 0:
                return TokenResult.WAIT
            self._wrong = backoff.failed(self._wrong, self._now_s())
            failures = self._wrong.failures
        self._log("warning", f"a metrics token from {address} was wrong; {failures} in a row")
        return TokenResult.WRONG

    def wait_s(self) -> float:
        """Return how long the next wrong token is not looked at [s]; 0: no wait."""
        return backoff.wait_s(self._wrong, self._now_s())

    def _replace(self, token: MetricsToken) -> None:
        with self._lock:
            try:
                self._keeper.keep_token(token)
            except StorageError as error:
                self._log("error", f"the token for the metrics could not be stored: {error}")
                raise
            self._token, self._used_s = token, None


def _hash(number: str) -> str:
    return hashlib.sha256(number.encode(errors="replace")).hexdigest()
