"""Take a picture of every page and every state: build/screenshots/index.html shows them all.

`python tests/web/browser/screenshots.py [NAME...]`: of these states only.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # started as a file: the tests are a package there

from tests.web.browser.gallery import Row, clear, index, take_all, take_states  # noqa: E402
from tests.web.browser.states import named  # noqa: E402

FOLDER = ROOT / "build" / "screenshots"


def show(rows: list[Row]) -> int:
    """Write the index; print what was wrong, and return how much."""
    (FOLDER / "index.html").write_text(index(rows))
    wrong = [(each.file, text) for row in rows for each in row.pictures for text in each.complaints]
    for file, text in wrong:
        print(f"{file}: {text}")
    count = sum(len(row.pictures) for row in rows)
    print(f"{count} pictures of {len(rows)} pages and states: {FOLDER / 'index.html'}")
    return len(wrong)


if __name__ == "__main__":
    clear(FOLDER)
    if sys.argv[1:]:
        sys.exit(show(take_states(FOLDER, [named(name) for name in sys.argv[1:]])) > 0)
    sys.exit(show(take_all(FOLDER)) > 0)
