"""A soak: so many sessions, in boxes one after the other or side by side."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

from verifier.box import Life, live
from verifier.report import Result

SESSIONS_A_BOX = 20  # then a new house, a new vehicle, and a seed of its own


def soak(
    sessions: int, seed: int, jobs: int = 1, on_life: Callable[[Life], None] = lambda life: None
) -> Result:
    """Live at least so many sessions, in as many boxes as it takes, seeded from `seed` upwards.

    A box whose life is ended early by a latched fault is followed by another.
    """
    began = time.perf_counter()
    lives: list[Life] = []
    missing = sessions
    while missing > 0:
        sizes = [SESSIONS_A_BOX] * (missing // SESSIONS_A_BOX)
        if missing % SESSIONS_A_BOX:
            sizes.append(missing % SESSIONS_A_BOX)
        first = seed + len(lives)
        for life in _live_all(range(first, first + len(sizes)), sizes, jobs):
            lives.append(life)
            on_life(life)
        missing = sessions - sum(life.sessions for life in lives)
    return Result(seed=seed, lives=tuple(lives), real_s=time.perf_counter() - began)


def _live_all(seeds: Iterable[int], sizes: Iterable[int], jobs: int) -> Iterator[Life]:
    if jobs == 1:
        yield from map(live, seeds, sizes)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(live, seeds, sizes)
