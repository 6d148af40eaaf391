"""Write docs/faults.md again: `make faults`, then commit the difference."""

import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[2])

from tests.closing import close_all  # noqa: E402 - the root has to come first
from tests.faults.cases import Case  # noqa: E402
from tests.faults.inject import inject  # noqa: E402
from tests.faults.page import PAGE, line, page, places  # noqa: E402


def _line(place: tuple[Case, str]) -> str:
    with tempfile.TemporaryDirectory(prefix="wallbox-faults-") as state_dir:
        try:
            return line(*place, inject(*place, Path(state_dir)))
        finally:
            close_all()


if __name__ == "__main__":
    with ProcessPoolExecutor() as pool:
        PAGE.write_text(page(pool.map(_line, places())))
