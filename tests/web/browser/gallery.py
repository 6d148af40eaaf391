"""The pictures of every page and every state: who opens them, in which sizes, and their index."""

import html
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, StorageState

from tests.closing import close_all
from tests.web.browser.page_states import PAGE_STATES, PageState, Visitor, linked
from tests.web.browser.states import STATES, State
from tests.web.browser.virtual_site import Login, VirtualSite
from tests.web.browser.visit import DESKTOP, PHONE, open_browser

Scheme = Literal["light", "dark"]

SIZES: dict[str, tuple[int, int]] = {"phone": PHONE, "desktop": DESKTOP}
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
PATIENCE_MS = 30_000
LIVE = "#live:not([data-waiting])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture, and what was wrong while it was taken."""

    file: str
    size: str
    scheme: Scheme
    complaints: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """All pictures of one state or page."""

    name: str
    says: str
    pictures: tuple[Picture, ...]


class Studio:
    """A browser and the owner's login, for one process."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.browser: Browser = self._stack.enter_context(open_browser())
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        site = VirtualSite()
        try:
            self.login: Login = site.sign_in(folder)
        finally:
            site.close()
            close_all()

    def close(self) -> None:
        self._stack.close()


def shot(page: Page, path: Path, scheme: Scheme) -> None:
    """Take the whole page in a scheme; without motion every light that blinks is lit."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.screenshot(path=path, full_page=True)


def overflow(page: Page) -> str:
    """Return by how much the page is wider than the screen; "" if it is not."""
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return f"wider than the screen by {wide} px" if wide > 0 else ""


def open_page(
    browser: Browser,
    url: str,
    size: tuple[int, int],
    state: StorageState | None = None,
    scripts: bool = True,
) -> tuple[Page, list[str]]:
    """Return a new page, and the list that takes what the browser complains of."""
    context = browser.new_context(
        base_url=url,
        viewport={"width": size[0], "height": size[1]},
        reduced_motion="reduce",
        storage_state=state,
        java_script_enabled=scripts,
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on(
        "console",
        lambda message: (
            complaints.append(f"{message.type}: {message.text}")
            if message.type in ("error", "warning")
            else None
        ),
    )
    return page, complaints


@contextmanager
def standing(state: State, login: Login) -> Iterator[VirtualSite]:
    """Give a box that has been brought into a state, and end it."""
    site = VirtualSite(*state.settings, authorization=state.authorization, login=login)
    try:
        state.reach(site)
        if state.is_passing:
            site.slow_down()
        yield site
    finally:
        site.close()
        close_all()


def take_state(studio: Studio, folder: Path, state: State) -> Row:
    """Bring a box into a state, and take its live page."""
    taken: list[Picture] = []
    with standing(state, studio.login) as site:
        opened = {
            size: open_live(studio.browser, site, state, pixels) for size, pixels in SIZES.items()
        }
        state.then(site, [page for page, _ in opened.values()])
        for size, (page, complaints) in opened.items():
            for scheme in SCHEMES:
                file = f"{state.name}-{size}-{scheme}.png"
                shot(page, folder / file, scheme)
                taken.append(picture(page, complaints, file, size, scheme, state.complaints))
            page.context.close()
    return Row(name=state.name, says=state.says, pictures=tuple(taken))


def open_live(
    browser: Browser, site: VirtualSite, state: State, size: tuple[int, int]
) -> tuple[Page, list[str]]:
    """Return the live page of a state with its first values, and what the browser complains of."""
    page, complaints = open_page(browser, site.url, size, site.storage_state(), state.scripts)
    page.goto("/")
    if state.scripts:
        page.locator(LIVE).wait_for()
    return page, complaints


def picture(
    page: Page,
    complaints: list[str],
    file: str,
    size: str,
    scheme: Scheme,
    expected: tuple[str, ...] = (),
) -> Picture:
    wrong = [each for each in complaints if not any(part in each for part in expected)]
    wide = overflow(page) if size == "phone" else ""
    found = (*wrong, wide) if wide else tuple(wrong)
    return Picture(file=file, size=size, scheme=scheme, complaints=found)


def take_pages(studio: Studio, folder: Path) -> list[Row]:
    """Take every page of a box that nothing is plugged into."""
    rows = []
    for state in PAGE_STATES:
        login = studio.login if state.visitor is not Visitor.NEWCOMER else None
        site = VirtualSite(login=login)
        try:
            rows.append(take_page(studio, folder, state, site))
        finally:
            site.close()
            close_all()
    site = VirtualSite(login=studio.login)
    try:
        page, _ = open_page(studio.browser, site.url, DESKTOP, site.storage_state())
        for path in linked(page)[1:]:
            name = f"page{path.replace('/', '-')}"
            state = PageState(name=name, says=path, path=path)
            rows.append(take_page(studio, folder, state, site))
        page.context.close()
    finally:
        site.close()
        close_all()
    return rows


def take_page(studio: Studio, folder: Path, state: PageState, site: VirtualSite) -> Row:
    """Open a page as its visitor, do what its row says, and take it."""
    taken: list[Picture] = []
    kept = site.storage_state() if state.visitor is Visitor.OWNER else None
    for size, pixels in SIZES.items():
        page, complaints = open_page(studio.browser, site.url, pixels, kept, state.scripts)
        page.goto(state.path)
        state.do(page)
        for scheme in SCHEMES:
            file = f"{state.name}-{size}-{scheme}.png"
            shot(page, folder / file, scheme)
            taken.append(picture(page, complaints, file, size, scheme, state.complaints))
        page.context.close()
    return Row(name=state.name, says=state.says, pictures=tuple(taken))


_studio: Studio | None = None


def _open_studio() -> None:
    global _studio
    os.nice(5)
    _studio = Studio()


def _take_state(folder: Path, state_name: str) -> Row:
    assert _studio is not None
    return take_state(_studio, folder, next(one for one in STATES if one.name == state_name))


def _take_pages(folder: Path) -> list[Row]:
    assert _studio is not None
    return take_pages(_studio, folder)


def take_states(folder: Path, states: Iterable[State] = STATES, workers: int = 2) -> list[Row]:
    """Take states into a folder, some at a time."""
    with ProcessPoolExecutor(workers, initializer=_open_studio) as pool:
        return list(pool.map(partial(_take_state, folder), [state.name for state in states]))


def take_all(folder: Path, workers: int = 2) -> list[Row]:
    """Take all pages and states into a folder, some at a time."""
    with ProcessPoolExecutor(workers, initializer=_open_studio) as pool:
        pages = pool.submit(_take_pages, folder)
        rows = list(pool.map(partial(_take_state, folder), [state.name for state in STATES]))
        return [*pages.result(), *rows]


INDEX = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Pages and states</title>
<style>body{{font:15px/1.4 system-ui;margin:2rem;background:#eee}}img{{width:100%;display:block}}
td,th{{vertical-align:top;padding:.4rem;text-align:left}}table{{width:100%;table-layout:fixed}}
.wrong{{color:#b00}}figure{{margin:0;max-height:40rem;overflow:auto;border:1px solid #999}}</style>
<h1>Pages and states</h1><table><tr><th>what<th>phone, light<th>phone, dark
<th>desktop, light<th>desktop, dark</tr>
{rows}</table></html>
"""


def index(rows: Iterable[Row]) -> str:
    """Return the page that shows all pictures."""
    return INDEX.format(rows="\n".join(_row(each) for each in rows))


def _row(row: Row) -> str:
    wrong = sorted({text for each in row.pictures for text in each.complaints})
    words = "".join(f'<p class="wrong">{html.escape(text)}' for text in wrong)
    cells = "".join(
        f'<td><figure><a href="{each.file}"><img loading="lazy" src="{each.file}" '
        f'alt="{html.escape(row.name)}"></a></figure>'
        for each in row.pictures
    )
    return f'<tr id="{row.name}"><td><b>{row.name}</b><br>{html.escape(row.says)}{words}{cells}'


def clear(folder: Path) -> None:
    """Empty a folder of pictures."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
