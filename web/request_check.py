"""The checks of every request: host, login, origin, token. And the headers of the answers.

Who may use a route is a row of `web.rights`.
"""

import hashlib
import hmac
from math import ceil
from typing import Any

from flask import Flask, Response, g, redirect, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import (
    Forbidden,
    MethodNotAllowed,
    TooManyRequests,
    Unauthorized,
)

from web.account import is_same
from web.box import Box, ServerConfig
from web.browser_logins import VIEWER_LONGEST_S, BrowserLogins, ViewerLogin, login_name
from web.budgets import Client
from web.errors import MisdirectedRequest
from web.headers import SECURITY_HEADERS, UNCACHED
from web.hosts import is_known, is_same_site, is_shown
from web.login_check import LoginCheck
from web.metrics_token import TokenCheck, TokenResult
from web.rights import SAFE, LoginKind, Right, may, right_of
from web.utf8 import require_utf8_body, require_utf8_head

FORMS_WITHOUT_LOGIN = frozenset({"login", "recover"})
# What a page about a name that is not known is made of. It has no secrets.
ANY_NAME = frozenset({"static", "favicon"})
UNPROLONGED = frozenset({"live", "live_once", "curve"})  # requests of a page by itself

LOGIN_COOKIE = "wallbox_session"  # the name that browsers know
VISITOR_COOKIE = "wallbox_visitor"
VISITOR_BYTES = 16
VIEWER_COOKIE = "wallbox_viewer"
DEVICE_COOKIE = "wallbox_device"
DEVICE_COOKIE_S = 365 * 24 * 3600  # assumed

EXPIRED = "This page was open for too long. Please try again."
FOREIGN = "The request was made by a page of another site."
BEHIND_PROXY = (
    "The browser knows this page as {origin}, but the wallbox was asked as {host}: a reverse proxy "
    "is in between. Open the page by the wallbox's own address once, and set web.origin to "
    "{origin}; or let the proxy keep the name (nginx: proxy_set_header Host $http_host) and add it "
    "to web.names."
)
NO_METRICS = "The metrics are switched off. The owner can switch them on: Configuration, Metrics."
NEEDS_TOKEN = "Send the token of the metrics, as Authorization: Bearer."
WRONG_TOKEN = "The token of the metrics is wrong, or has been ended."
READ_ONLY = "This device may only read. Log in as the owner to change anything."


class RequestCheck:
    """The checks before and the headers after each request."""

    def __init__(
        self,
        box: Box,
        site: ServerConfig,
        login_check: LoginCheck,
        logins: BrowserLogins,
        tokens: TokenCheck,
    ) -> None:
        self._box = box
        self._site = site
        self._login_check = login_check
        self._logins = logins
        self._tokens = tokens
        self._secret = box.random(32)  # of this process: for browsers without a login
        self._login_cookie = f"{LOGIN_COOKIE}_{site.port}"
        self._visitor_cookie = f"{VISITOR_COOKIE}_{site.port}"
        self._viewer_cookie = f"{VIEWER_COOKIE}_{site.port}"
        self._device_cookie = f"{DEVICE_COOKIE}_{site.port}"

    def guard(self, app: Flask) -> None:
        """Add the checks and headers to an app."""
        app.before_request(self._before)
        app.after_request(self._after)
        app.context_processor(self._context)

    # --- for the pages -------------------------------------------------------------------------

    def sign_in(self, change_count: int, recovered: bool = False) -> None:
        """Give this browser a new login with its response; end the previous one.

        It is invalid if the account has changed since the password was proven.
        """
        if g.number and not g.login.viewer:
            self._logins.close(g.number)
        g.set_login = self._logins.open(change_count, recovered)
        if not recovered:
            g.set_device = self._login_check.know_device(self.client(), change_count)

    def is_proven(self) -> bool:
        """Return whether this browser may choose its password without the one before.

        Only if it has to choose one. To ask again for the label's password that it has just sent
        would keep out nobody: who has the browser, or its cookie, can have that as well.
        """
        return self._login() is LoginKind.FORCED and self._logins.is_proof(g.login)

    def client(self) -> Client:
        """Return who makes this request, for the check of a secret."""
        return Client(
            address=request.remote_addr or "?",
            device=request.cookies.get(self._device_cookie, ""),
            login=login_name(g.number) if self.is_owner() else "",
        )

    def sign_out(self) -> None:
        """End this browser's login; a device that may also read by itself goes on to do so."""
        self._logins.close(g.number)
        if g.login.viewer:
            g.set_viewer = ""
        else:
            g.set_login = ""

    def become_viewer(self, name: str) -> bool:
        """Let this browser stay signed in to read, in place of the owner's login.

        Return False if too many devices may read.
        """
        number = self._logins.open_viewer(g.account.change_count, name)
        if number is None:
            return False
        self.sign_out()
        g.set_viewer = number
        return True

    def viewers(self) -> tuple[ViewerLogin, ...]:
        """Return the devices that may only read."""
        return self._logins.viewers(g.account.change_count)

    def end_viewer(self, login: str) -> None:
        """End the login of a device that may only read."""
        self._logins.end_viewer(login)

    def is_signed_in(self, number: str) -> bool:
        """Return whether a login is valid; it is not extended."""
        change_count = self._login_check.account.change_count
        return self._logins.find(number, change_count, is_used=False) is not None

    # --- before --------------------------------------------------------------------------------

    def _before(self) -> Any:
        g.account = self._login_check.account  # the same for the whole request
        g.number, g.login = "", None
        g.visitor = request.cookies.get(self._visitor_cookie, "")
        g.set_visitor = False
        g.set_login = None
        g.set_viewer = None
        g.set_device = ""
        g.is_expired = False
        require_utf8_head(request)
        host = request.environ.get("HTTP_HOST", "")
        known = self._box.known_names()
        if not is_known(host, known):
            if request.endpoint in ANY_NAME:
                return None
            raise MisdirectedRequest
        self._find_login()
        if (refusal := self._refusal()) is not None:
            return refusal
        if isinstance(request.routing_exception, MethodNotAllowed):
            raise request.routing_exception
        if request.method not in SAFE or is_interface(request.path):
            origin = request.headers.get("Origin")
            if not is_same_site(host, origin, request.headers.get("Sec-Fetch-Site"), known):
                raise Forbidden(self._why_foreign(host, origin))
        if request.method not in SAFE:
            require_utf8_body(request)
        if request.method not in SAFE and not self._has_token():
            if request.endpoint not in FORMS_WITHOUT_LOGIN:
                raise Forbidden(EXPIRED)
            g.is_expired = True
        return None

    def _find_login(self) -> None:
        """Find the owner's login, else that of a device that may only read."""
        for cookie in (self._login_cookie, self._viewer_cookie):
            number = request.cookies.get(cookie, "")
            if not number:
                continue
            # The page of a tablet on the wall makes no other requests.
            is_used = request.endpoint not in UNPROLONGED or cookie == self._viewer_cookie
            login = self._logins.find(number, g.account.change_count, is_used)
            if login is not None and bool(login.viewer) == (cookie == self._viewer_cookie):
                g.login, g.number = login, number
                return

    def _refusal(self) -> Any:
        """Return the answer to a request that its login has no right to; None if it has."""
        login, is_program = self._login(), is_interface(request.path)
        is_safe = request.method in SAFE or request.endpoint is None
        right = right_of(request.endpoint)
        if right is Right.METRICS and self._box.serves_metrics():
            self._require_token()
            login = LoginKind.METRICS
        elif right is Right.METRICS and (_bearer() or login is LoginKind.OWNER):
            raise Forbidden(NO_METRICS)
        if may(login, right, is_safe):
            return None
        match login:
            case LoginKind.NONE:
                if is_program:
                    raise Unauthorized("Sign in first.")
                return redirect("/login", 303)
            case LoginKind.FORCED:
                if is_program:
                    raise Forbidden("Choose a new password first, under User Settings.")
                return redirect("/user", 303)
            case _:
                raise Forbidden(READ_ONLY)

    def _require_token(self) -> None:
        """Check the token of a program, whatever else it is signed in as."""
        token = _bearer()
        bearer = WWWAuthenticate("bearer", {"realm": "metrics"})
        if not token:
            raise Unauthorized(NEEDS_TOKEN, www_authenticate=bearer)
        address = request.remote_addr or "?"
        match self._tokens.attempt(token, g.account.change_count, address):
            case TokenResult.RIGHT:
                return
            case TokenResult.WRONG:
                raise Unauthorized(WRONG_TOKEN, www_authenticate=bearer)
            case TokenResult.WAIT:
                raise TooManyRequests(WRONG_TOKEN, retry_after=ceil(self._tokens.wait_s()) or 1)

    def is_owner(self) -> bool:
        """Return whether this request is of the owner, who may have to choose a password first."""
        return self._login() in (LoginKind.FORCED, LoginKind.OWNER)

    def _login(self) -> LoginKind:
        if g.login is None:
            return LoginKind.NONE
        if g.login.viewer:
            return LoginKind.VIEWER
        if g.login.recovered or g.account.must_change:
            return LoginKind.FORCED
        return LoginKind.OWNER

    def _why_foreign(self, host: str, origin: str | None) -> str:
        """Return why a request counts as one of a foreign page.

        Only a page of this box knows the token. If a request with it names another origin than its
        host, a reverse proxy has changed the host on the way.
        """
        if request.method in SAFE or not self._has_token() or not is_shown(origin):
            return FOREIGN
        return BEHIND_PROXY.format(origin=origin, host=host)

    def _has_token(self) -> bool:
        sent = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token") or ""
        if g.login is not None and is_same(sent, _token(g.number.encode(), "session")):
            return True
        return (
            request.endpoint in FORMS_WITHOUT_LOGIN
            and bool(g.visitor)
            and is_same(sent, _token(self._secret, g.visitor))
        )

    # --- for the templates ---------------------------------------------------------------------

    def _context(self) -> dict[str, Any]:
        return {
            "csrf_token": self._csrf_token(),
            "is_simulation": self._site.is_simulation,
            "user": g.account.user if self.is_owner() else "",
            "forced": self._login() is LoginKind.FORCED,
            "viewer": g.login.viewer if g.login is not None else "",
            "may_act": self._login() is LoginKind.OWNER,
            "proven": self.is_proven(),
        }

    def _csrf_token(self) -> str:
        if g.login is not None:
            return _token(g.number.encode(), "session")
        if not g.visitor:
            g.visitor = self._box.random(VISITOR_BYTES).hex()
            g.set_visitor = True
        return _token(self._secret, g.visitor)

    # --- after ---------------------------------------------------------------------------------

    def _after(self, response: Response) -> Response:
        if g.set_visitor:
            self._set_cookie(response, self._visitor_cookie, g.visitor)
        if g.set_login:
            self._set_cookie(response, self._login_cookie, g.set_login)
        elif g.set_login == "":
            response.delete_cookie(self._login_cookie, httponly=True, samesite="Strict")
        if g.set_viewer:
            self._set_cookie(response, self._viewer_cookie, g.set_viewer, int(VIEWER_LONGEST_S))
        elif g.set_viewer == "":
            response.delete_cookie(self._viewer_cookie, httponly=True, samesite="Strict")
        if g.set_device:
            self._set_cookie(response, self._device_cookie, g.set_device, DEVICE_COOKIE_S)
        response.headers.update(SECURITY_HEADERS)
        response.headers.setdefault("Cache-Control", UNCACHED)
        return response

    def _is_https(self) -> bool:
        """Return whether the browser uses https, which only a trusted reverse proxy offers."""
        origin = self._box.known_names().origin
        return origin.startswith("https:") and request.headers.get("Origin", "").lower() == origin

    def _set_cookie(
        self, response: Response, name: str, value: str, max_age_s: int | None = None
    ) -> None:
        """Set a cookie, which ends with the browser unless an age is given [s]."""
        response.set_cookie(
            name,
            value,
            max_age=max_age_s,
            httponly=True,
            samesite="Strict",
            secure=self._is_https(),  # the manual uses plain http (WEB-15)
            path="/",
        )


def is_interface(path: str) -> bool:
    """Return whether a path is for programs, which expect JSON."""
    return path.startswith("/api/") or path in ("/live", "/metrics")


def _bearer() -> str:
    """Return the token of this request's header; "": it has none."""
    sent = request.authorization
    return (sent.token or "") if sent is not None and sent.type == "bearer" else ""


def _token(key: bytes, text: str) -> str:
    return hmac.new(key, b"csrf " + text.encode(errors="replace"), hashlib.sha256).hexdigest()
