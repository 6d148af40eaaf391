"""Take a picture of every page and every state: build/screenshots/index.html shows them all.

`python tests/web/browser/screenshots.py [NAME...]`: of these states only. Without names those of
the README are taken as well: docs/pictures/*.png.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # started as a file: the tests are a package there

from tests.web.browser.gallery import (  # noqa: E402
    Row,
    Scheme,
    Studio,
    clear,
    index,
    open_live,
    open_page,
    standing,
    take_all,
    take_states,
)
from tests.web.browser.states import named  # noqa: E402
from tests.web.browser.visit import PHONE  # noqa: E402

FOLDER = ROOT / "build" / "screenshots"
PICTURES = ROOT / "docs" / "pictures"
SCREEN = (1100, 800)  # two columns, and no larger than a README shows it
TALL = (1100, 1230)  # as far as the curve

README: tuple[tuple[str, str, tuple[int, int], Scheme], ...] = (
    ("idle-desktop-light", "idle", SCREEN, "light"),
    ("charging-desktop-dark", "charging-house", TALL, "dark"),
    ("charging-phone-dark", "charging-house", PHONE, "dark"),
    ("fault-phone-light", "fault-8005-rcm_dc", PHONE, "light"),
)
"""The pictures of the README: file, state, screen and scheme."""


def take_readme(folder: Path) -> list[Path]:
    """Take what is seen of some states without scrolling, and the login."""
    studio, taken = Studio(), []
    for file, name, size, scheme in README:
        state = named(name)
        with standing(state, studio.login) as site:
            page, _ = open_live(studio.browser, site, state, size)
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            taken.append(folder / f"{file}.png")
            page.screenshot(path=taken[-1])
            if name == "idle":
                login, _ = open_page(studio.browser, site.url, PHONE)
                login.goto("/login")
                taken.append(folder / "login-phone-light.png")
                login.screenshot(path=taken[-1])
                login.context.close()
            page.context.close()
    studio.close()
    return taken


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
    for picture in take_readme(PICTURES):
        print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size / 1024:.0f} KB")
    sys.exit(show(take_all(FOLDER)) > 0)
