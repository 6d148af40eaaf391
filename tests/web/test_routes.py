"""Who may use each route, and how: every route, each kind of visitor, each verb, each way to ask.

A route that has no row in ROUTES fails the first test, and so does a row without a route. The table
is written by hand beside `web.rights`, so that a wrong row there is seen here.
"""

from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from msgs.methods import GET_SETTINGS
from tests.web.conftest import LABEL, PASSWORD, Desk
from tests.web.graph_desk import GraphDesk

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "EVIL")
SAFE = ("GET", "HEAD")
FOREIGN_HOST = "wallbox.evil.example"


class Who(Enum):
    """Who asks."""

    NOBODY = auto()
    FORCED = auto()  # has signed in with the label's password
    RECOVERED = auto()  # has signed in with the recovery key
    ENDED = auto()  # has a login that is over
    VIEWER = auto()  # may only read, as a tablet on the wall
    OWNER = auto()
    PROGRAM = auto()  # has the token of the metrics, and no login


class Way(Enum):
    """How it is asked."""

    PLAIN = auto()  # by a page of the box, with its token
    NO_TOKEN = auto()
    WRONG_TOKEN = auto()  # of another login
    FOREIGN_PAGE = auto()  # by a page of another site, with the token
    FOREIGN_FETCH = auto()  # as a browser marks what another site loads
    FOREIGN_NAME = auto()  # a foreign name that leads here


class May(Enum):
    """Who may do something."""

    NOBODY = frozenset[Who]()
    ALL = frozenset(Who)
    LOGIN = frozenset({Who.FORCED, Who.RECOVERED, Who.VIEWER, Who.OWNER})
    FORCED = frozenset({Who.FORCED, Who.RECOVERED, Who.OWNER})
    READ = frozenset({Who.VIEWER, Who.OWNER})
    OWNER = frozenset({Who.OWNER})
    PROGRAM = frozenset({Who.PROGRAM})


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row: who may look (GET, HEAD) and act (POST), and what the owner gets."""

    path: str
    look: May = May.NOBODY
    act: May = May.NOBODY
    shows: int = 200  # to the owner's GET
    does: int = 0  # to the owner's POST of nothing but a token
    needs_token: bool = True
    any_name: bool = False  # also under a foreign name


def page(path: str, look: May, act: May = May.NOBODY, does: int = 0, **more: Any) -> Route:
    return Route(path=path, look=look, act=act, does=does, **more)


def act(path: str, act: May, does: int) -> Route:
    return Route(path=path, act=act, does=does)


ROUTES: dict[str, Route] = {
    "/": page("/", May.READ),
    "/login": page("/login", May.ALL, May.ALL, does=403, shows=303, needs_token=False),
    "/recover": page("/recover", May.ALL, May.ALL, does=403, needs_token=False),
    "/logout": act("/logout", May.LOGIN, does=303),
    "/user": page("/user", May.FORCED, May.FORCED, does=400),
    "/user/viewers": act("/user/viewers", May.OWNER, does=400),
    "/user/viewers/end": act("/user/viewers/end", May.OWNER, does=303),
    "/configuration": page("/configuration", May.OWNER),
    "/configuration/<name>": page("/configuration/solar", May.OWNER, May.OWNER, does=400),
    "/system": page("/system", May.OWNER),
    "/system/<name>": page("/system/restart", May.OWNER, May.OWNER, does=200),
    "/safety-record": page("/safety-record", May.OWNER),
    "/safety-record/<name>.csv": page("/safety-record/days.csv", May.OWNER),
    "/wizard": page("/wizard", May.OWNER, May.OWNER, does=303),
    "/wizard/<name>": page("/wizard/solar", May.OWNER, May.OWNER, does=400),
    "/help": page("/help", May.READ),
    "/help/<key>": page("/help/faults", May.READ),
    "/licences": page("/licences", May.READ),
    "/licences/<key>": page("/licences/flask", May.READ),
    "/live": page("/live", May.READ),
    "/api/v1/live": page("/api/v1/live", May.READ),
    "/api/v1/curve": page("/api/v1/curve", May.READ),
    "/api/v1/panel": page("/api/v1/panel", May.OWNER),
    "/api/v1/panel/<name>": act("/api/v1/panel/plug", May.OWNER, does=415),
    "/api/v1/charge/<name>": act("/api/v1/charge/wish", May.OWNER, does=415),
    "/api/v1/sessions": page("/api/v1/sessions", May.READ),
    "/api/v1/sessions.csv": page("/api/v1/sessions.csv", May.OWNER),
    "/metrics": page("/metrics", May.PROGRAM),
    "/configuration/metrics/token": page(
        "/configuration/metrics/token", May.OWNER, May.OWNER, does=403
    ),
    "/health": page("/health", May.ALL),
    "/favicon.ico": page("/favicon.ico", May.ALL, any_name=True),
    "/static/<path:name>": page("/static/css/base.css", May.ALL, any_name=True),
}
"""Every route of the app by its rule."""

UNKNOWN = ("/nowhere", "/api/v1/nowhere", "/user/", "/api/v1/panel/", "/%00")


def test_every_route_has_a_row_and_every_row_a_route(simulated: Desk) -> None:
    assert {rule.rule for rule in simulated.app.url_map.iter_rules()} == set(ROUTES)


def is_for_programs(path: str) -> bool:
    return path.startswith("/api/") or path in ("/live", "/metrics")


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer has to be."""

    status: int
    location: str | None = None


def refusal(path: str, who: Who, is_possible: bool = False) -> Expected:
    """Return the answer to somebody who has no right to a path."""
    if path == "/metrics" and is_possible:
        return Expected(401)  # no login reads the metrics
    if who is Who.VIEWER:
        return Expected(403)
    if who in (Who.FORCED, Who.RECOVERED):
        return Expected(403) if is_for_programs(path) else Expected(303, "/user")
    return Expected(401) if is_for_programs(path) else Expected(303, "/login")


def expected(route: Route, who: Who, way: Way, verb: str) -> Expected:
    """Return the answer to one request, by the rules in their order."""
    path, is_safe = route.path, verb in SAFE
    may = route.look if is_safe else route.act
    is_known = verb in SAFE or verb == "POST"
    is_possible = is_known and may is not May.NOBODY
    if way is Way.FOREIGN_NAME:
        return Expected(200 if route.any_name and is_safe else 421)
    if is_possible and who not in may.value:
        return refusal(path, who, is_possible)
    if not is_possible and who not in May.READ.value:
        return refusal(path, who)
    if not is_possible:
        return Expected(405)
    is_foreign = way in (Way.FOREIGN_PAGE, Way.FOREIGN_FETCH)
    if is_foreign and (not is_safe or is_for_programs(path)):
        return Expected(403)
    if is_safe:
        return Expected(
            200 if who in (Who.NOBODY, Who.ENDED, Who.VIEWER, Who.PROGRAM) else route.shows
        )
    if way in (Way.NO_TOKEN, Way.WRONG_TOKEN):
        return Expected(403)
    return Expected(route.does)


class Visitors:
    """Two boxes, one of them new, and everybody who may come to them."""

    def __init__(self, folder: Path) -> None:
        self.new, self.owned = Desk(folder / "new", panel=True), GraphDesk(folder / "owned")
        self.owned.owner()
        for desk in (self.new, self.owned):
            desk.box.has_metrics = True
        self._metrics = self.owned.tokens.make(self.owned.login_check.account.change_count)
        self._cookies: dict[Who, tuple[dict[str, str], str]] = {}
        self._others: dict[Who, str] = {}  # tokens of other logins of theirs

    def desk(self, who: Who) -> Desk:
        return self.new if who is Who.FORCED else self.owned

    def come(self, who: Who) -> tuple[FlaskClient, str, str]:
        """Return the browser of a visitor, its token, and one of another browser."""
        if who not in self._cookies:
            self._cookies[who] = self._enter(who)
        cookies, token = self._cookies[who]
        if who not in self._others:
            self._others[who] = self._enter(who)[1]
        client = self.desk(who).app.test_client()
        for name, value in cookies.items():
            client.set_cookie(name, value)
        return client, token, self._others[who]

    def forget(self, who: Who) -> None:
        """Have a visitor sign in again, the next time."""
        self._cookies.pop(who, None)

    def _enter(self, who: Who) -> tuple[dict[str, str], str]:
        browser = self.desk(who).browser()
        path = "/user"
        match who:
            case Who.NOBODY | Who.PROGRAM:
                path = "/login"
            case Who.FORCED:
                assert browser.login().location == "/"
            case Who.RECOVERED:
                answer = browser.send("/recover", {"recovery_key": LABEL.recovery_key})
                assert answer.location == "/user"
            case Who.OWNER | Who.ENDED:
                browser = self.desk(who).owner()
            case Who.VIEWER:
                browser, path = self.desk(who).owner(), "/"
                form = {"viewer_name": "tablet", "current_password": PASSWORD}
                token = browser.token("/user")
                answer = browser.client.post("/user/viewers", data={"csrf_token": token, **form})
                assert answer.location == "/"
        token = browser.token(path)
        cookies = {each.key: each.value for each in (browser.client._cookies or {}).values()}
        if who is Who.ENDED:
            browser.client.post("/logout", data={"csrf_token": token})
        return cookies, token

    def ask(self, path: str, who: Who, way: Way, verb: str) -> TestResponse:
        """Make one request."""
        client, token, other = self.come(who)
        headers = {"Host": "localhost"}
        if who is Who.PROGRAM:
            headers["Authorization"] = f"Bearer {self._metrics}"
        match way:
            case Way.WRONG_TOKEN:
                token = other
            case Way.NO_TOKEN:
                token = ""
            case Way.FOREIGN_PAGE:
                headers["Origin"] = "http://evil.example"
            case Way.FOREIGN_FETCH:
                headers["Sec-Fetch-Site"] = "cross-site"
            case Way.FOREIGN_NAME:
                headers["Host"] = FOREIGN_HOST
            case _:
                pass
        form = {"csrf_token": token} if token and verb not in SAFE else None
        answer = client.open(path, method=verb, headers=headers, data=form, buffered=False)
        answer.close()
        if path == "/logout" and answer.status_code == 303:
            self.forget(who)
        return answer


@pytest.fixture
def visitors(tmp_path: Path) -> Visitors:
    return Visitors(tmp_path)


@pytest.mark.parametrize("rule", ROUTES)
def test_route_answers_each_visitor_as_its_row_says(visitors: Visitors, rule: str) -> None:
    route = ROUTES[rule]
    for who in Who:
        asked = visitors.desk(who).box.asked
        for way in Way:
            for verb in VERBS:
                for desk in (visitors.new, visitors.owned):
                    desk.box.time_s += 61.0 if verb == "POST" else 0.0  # no login has to wait
                del asked[:]
                answer = visitors.ask(route.path, who, way, verb)
                wanted = expected(route, who, way, verb)
                said = Expected(answer.status_code, answer.location if wanted.location else None)
                assert said == wanted, (rule, who, way, verb)
                assert "Content-Security-Policy" in answer.headers
                if wanted.status >= 400 or wanted.location:
                    changes = [method for method, _ in asked if method != GET_SETTINGS.name]
                    assert changes == [], (rule, who, way, verb)
    assert visitors.owned.streams.count == 0


@pytest.mark.parametrize("path", UNKNOWN)
def test_path_of_no_route_is_shown_to_be_unknown_only_to_who_is_in(
    visitors: Visitors, path: str
) -> None:
    for who in Who:
        for verb in VERBS:
            answer = visitors.ask(path, who, Way.PLAIN, verb)
            wanted = Expected(404) if who in May.READ.value else refusal(path, who)
            said = Expected(answer.status_code, answer.location if wanted.location else None)
            assert said == wanted, (path, who, verb)
            assert "Content-Security-Policy" in answer.headers
