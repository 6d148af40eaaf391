"""Write docs/requirements.md again: `make requirements`, then commit the difference."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.requirements.page import PAGE, page  # noqa: E402 - the root has to come first

PAGE.write_text(page(), encoding="utf-8")
