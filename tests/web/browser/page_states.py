"""The pages beside the live page: who sees each, and what was typed before the picture is taken.

Pages of the owner that a link leads to are found by themselves (`linked`); here are those that no
link leads to, and what a page shows after an input.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from playwright.sync_api import Page

from tests.web.browser.visit import PASSWORD, log_in


class Visitor(Enum):
    """Who opens a page."""

    NOBODY = auto()
    NEWCOMER = auto()  # of a new box, before the first login
    OWNER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """One page as a visitor sees it."""

    name: str
    says: str
    path: str
    visitor: Visitor = Visitor.OWNER
    do: Callable[[Page], None] = lambda page: None
    scripts: bool = True
    complaints: tuple[str, ...] = ()  # parts of what the browser notes of it


def wrong_login(page: Page) -> None:
    log_in(page, "admin", "not this one")


def many_wrong_logins(page: Page) -> None:
    for _ in range(7):
        wrong_login(page)


def wrong_key(page: Page) -> None:
    page.get_by_label("Recovery Key:").fill("0000-1111-2222")
    page.get_by_role("button", name="Continue").click()


def easy_password(page: Page) -> None:
    page.get_by_label("Current Password").first.fill(PASSWORD)
    page.get_by_label("New Password", exact=True).fill("password")
    page.get_by_label("New Password (again)").fill("passwort")
    page.get_by_role("button", name="Save User Settings").click()


LICENCE = "/licences/"
PATHS = "links => links.map((each) => each.pathname)"
REFUSED = ("status of 4",)

PAGE_STATES: tuple[PageState, ...] = (
    PageState(name="login", says="the first page", path="/login", visitor=Visitor.NOBODY),
    PageState(
        name="login-no-javascript",
        says="without JavaScript",
        path="/login",
        visitor=Visitor.NOBODY,
        scripts=False,
    ),
    PageState(
        name="login-wrong",
        says="a wrong password",
        path="/login",
        visitor=Visitor.NOBODY,
        do=wrong_login,
        complaints=REFUSED,
    ),
    PageState(
        name="login-wait",
        says="after too many wrong passwords",
        path="/login",
        visitor=Visitor.NOBODY,
        do=many_wrong_logins,
        complaints=REFUSED,
    ),
    PageState(name="recover", says="the recovery key", path="/recover", visitor=Visitor.NOBODY),
    PageState(
        name="recover-wrong",
        says="a wrong key",
        path="/recover",
        visitor=Visitor.NOBODY,
        do=wrong_key,
        complaints=REFUSED,
    ),
    PageState(
        name="user-wrong", says="an easy password", path="/user", do=easy_password,
        complaints=REFUSED,
    ),
    PageState(
        name="not-found", says="an unknown page", path="/no-such-page", complaints=REFUSED
    ),
)  # fmt: skip


def linked(page: Page) -> list[str]:
    """Return every page that a link leads to from the live page, without its query.

    Of the texts of licences, which are all alike, the first one.
    """
    found, waiting = ["/"], ["/"]
    while waiting:
        page.goto(waiting.pop(0))
        for path in page.eval_on_selector_all(
            "a[href]", "links => links.map(each => each.pathname)"
        ):
            is_page = not path.startswith(("/api/", "/static/"))
            if path.startswith(LICENCE) and any(each.startswith(LICENCE) for each in found):
                continue
            if is_page and path not in found:
                found.append(path)
                waiting.append(path)
    return found
