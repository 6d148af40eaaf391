"""Write docs/load_policies.md again: `make policies`, then commit the difference. 10 minutes."""

import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[2])

from tests.houses.named import NAMED_DAYS, NamedDay, best, play  # noqa: E402 - the root comes first
from tests.houses.page import PAGE, named_line, page, year_lines  # noqa: E402
from tests.houses.year import days, total  # noqa: E402
from tests.houses.year import play as play_day  # noqa: E402


def _named_line(day: NamedDay) -> str:
    with tempfile.TemporaryDirectory(prefix="wallbox-houses-") as folder:
        return named_line(day, play(day, Path(folder)), best(day))


if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        named = pool.map(_named_line, NAMED_DAYS)
        sums = total(pool.map(play_day, days(), chunksize=5))
        PAGE.write_text(page([*year_lines(sums), *named]))
