"""A soak: a number of visits, in boxes one after the other or in parallel."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

from verifier.box import BoxRun, run_box
from verifier.report import SoakResult

VISITS_A_BOX = 20  # then another box: house, vehicle and seed


def soak(
    visits: int, seed: int, jobs: int = 1, on_run: Callable[[BoxRun], None] = lambda run: None
) -> SoakResult:
    """Run a number of visits, in as many boxes as needed, with seeds from `seed` upwards."""
    began = time.perf_counter()
    sizes = [VISITS_A_BOX] * (visits // VISITS_A_BOX)
    if visits % VISITS_A_BOX:
        sizes.append(visits % VISITS_A_BOX)
    runs: list[BoxRun] = []
    for run in _run_all(range(seed, seed + len(sizes)), sizes, jobs):
        runs.append(run)
        on_run(run)
    return SoakResult(seed=seed, runs=tuple(runs), real_s=time.perf_counter() - began)


def _run_all(seeds: Iterable[int], sizes: Iterable[int], jobs: int) -> Iterator[BoxRun]:
    if jobs == 1:
        yield from map(run_box, seeds, sizes)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(run_box, seeds, sizes)
