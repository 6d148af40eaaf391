"""How long to wait after failed attempts: for everybody, longer each time, never for good.

Addresses do not count: on a local network they cost nothing. At one attempt a minute ten
characters stand for longer than anybody tries.
"""

from msgspec import Struct

FREE = 5  # attempts that may fail before anybody waits; ours
MOST_WAIT_S = 60.0  # ours
FORGIVEN_S = 3600.0  # so long after the last failure all are forgotten; slower than waiting
MOST_COUNTED = FREE + 6  # the longest wait is reached: nothing more to count, or to write


class Backoff(Struct, frozen=True, kw_only=True):
    """The failures since the last success, and when the last one was [monotonic s]."""

    failures: int = 0
    failed_s: float = 0.0


def wait_s(backoff: Backoff, now_s: float) -> float:
    """Return how long the next attempt has to wait yet [s]; 0: none."""
    if backoff.failures < FREE:
        return 0.0
    whole_s = min(MOST_WAIT_S, 2.0 ** (backoff.failures - FREE))
    return max(0.0, backoff.failed_s + whole_s - now_s)


def failed(backoff: Backoff, now_s: float) -> Backoff:
    """Return the count after one more failure."""
    is_forgiven = now_s - backoff.failed_s > FORGIVEN_S
    before = 0 if is_forgiven else backoff.failures
    return Backoff(failures=min(before + 1, MOST_COUNTED), failed_s=now_s)
