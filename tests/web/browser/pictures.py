"""Take the pictures of the README: docs/pictures/*.webp, as a person sees a state at first."""

import base64
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # started as a file: the tests are a package there

from playwright.sync_api import Page  # noqa: E402

from tests.web.browser.gallery import Scheme, Studio, clear, open_live, standing  # noqa: E402
from tests.web.browser.states import named  # noqa: E402
from tests.web.browser.visit import PHONE  # noqa: E402

FOLDER = ROOT / "docs" / "pictures"
TALL = (1100, 1230)  # two columns, as far as the curve, and no larger than a README shows it
QUALITY = 85
MOST_KB = 150

PICTURES: tuple[tuple[str, str, tuple[int, int], Scheme], ...] = (
    ("charging-desktop-dark", "charging-house", TALL, "dark"),
    ("idle-phone-light", "idle", PHONE, "light"),
    ("charging-phone-dark", "charging-house", PHONE, "dark"),
    ("fault-phone-light", "fault-8005-rcm_dc", PHONE, "light"),
)
"""File, state, screen and scheme."""


def take(page: Page, path: Path) -> int:
    """Take what is seen without scrolling; return its size [kB]."""
    session = page.context.new_cdp_session(page)
    wanted = {"format": "webp", "quality": QUALITY}
    path.write_bytes(base64.b64decode(session.send("Page.captureScreenshot", wanted)["data"]))
    return path.stat().st_size // 1024


def take_all() -> dict[str, int]:
    """Take all pictures, and return their sizes [kB]."""
    clear(FOLDER)
    studio, sizes = Studio(), {}
    for name, state_name, size, scheme in PICTURES:
        state = named(state_name)
        with standing(state, studio.login) as site:
            page, _ = open_live(studio.browser, site, state, size)
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            sizes[name] = take(page, FOLDER / f"{name}.webp")
            page.context.close()
    studio.close()
    return sizes


if __name__ == "__main__":
    sizes = take_all()
    for name, size in sizes.items():
        print(f"{name}: {size} kB")
    too_large = [name for name, size in sizes.items() if size > MOST_KB]
    sys.exit(f"larger than {MOST_KB} kB: {too_large}" if too_large else 0)
