"""The wait after failed attempts: the same for all clients, longer each time, with a maximum.

It does not depend on the address: on a local network an attacker can change it at no cost. At one
attempt a minute a password of ten characters is safe.
"""

from msgspec import Struct

FREE = 5  # assumed: failed attempts without a wait
MOST_WAIT_S = 60.0  # assumed
RESET_S = 3600.0  # after the last failure the count is reset; longer than the waits
MOST_COUNTED = FREE + 6  # the longest wait is reached: no more to count or write


class Backoff(Struct, frozen=True, kw_only=True):
    """The failures since the last success, and when the last one was [monotonic s]."""

    failures: int = 0
    failed_s: float = 0.0


def wait_s(backoff: Backoff, now_s: float) -> float:
    """Return how long the next attempt still has to wait [s]; 0: no wait."""
    if backoff.failures < FREE:
        return 0.0
    whole_s = min(MOST_WAIT_S, 2.0 ** (backoff.failures - FREE))
    return max(0.0, backoff.failed_s + whole_s - now_s)


def failed(backoff: Backoff, now_s: float) -> Backoff:
    """Return the count after one more failure."""
    is_reset = now_s - backoff.failed_s > RESET_S
    before = 0 if is_reset else backoff.failures
    return Backoff(failures=min(before + 1, MOST_COUNTED), failed_s=now_s)
