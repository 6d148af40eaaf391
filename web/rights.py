"""Who may use each route: one row for each endpoint, and no other endpoint is served.

A viewer is a login that may only read, as of a tablet on the wall.
"""

from collections.abc import Iterable
from enum import Enum


class Right(Enum):
    """Who may use an endpoint. A viewer never sends (POST) to a row of READ: that needs an owner.

    FORCED is for the owner alone as well, who may use no other row while a new password must be
    chosen.
    """

    OPEN = "open"  # anyone, without a login
    LOGIN = "login"  # any login, also with POST: it concerns this login alone
    FORCED = "forced"
    READ = "read"  # a viewer may look (GET); the owner may also send
    OWNER = "owner"
    METRICS = "metrics"  # a program with the token of the metrics, and no login


class LoginKind(Enum):
    """What a request is signed in as."""

    NONE = "none"
    FORCED = "forced"  # the owner, who must choose a new password first
    VIEWER = "viewer"
    OWNER = "owner"
    METRICS = "metrics"  # a program, by its token: no login, and for METRICS alone


SAFE = frozenset({"GET", "HEAD"})
"""The HTTP methods that change nothing."""

RIGHTS: dict[str, Right] = {
    # pages
    "login": Right.OPEN,
    "recover": Right.OPEN,
    "logout": Right.LOGIN,
    "user": Right.FORCED,
    "viewers": Right.OWNER,
    "end_viewer": Right.OWNER,
    "status": Right.READ,
    "menu": Right.OWNER,
    "settings": Right.OWNER,  # every page of web.forms.pages
    "safety_record": Right.OWNER,
    "safety_record_file": Right.OWNER,
    "wizard": Right.OWNER,
    "wizard_step": Right.OWNER,
    "help": Right.READ,
    "help_page": Right.READ,
    "licences": Right.READ,
    "licence": Right.READ,
    # interface for programs
    "live": Right.READ,
    "live_once": Right.READ,
    "curve": Right.READ,
    "charge_act": Right.OWNER,
    "metrics": Right.METRICS,
    "metrics_token": Right.OWNER,
    "sessions": Right.READ,
    "sessions_file": Right.OWNER,
    "panel": Right.OWNER,
    "act": Right.OWNER,
    # no secrets
    "static": Right.OPEN,
    "favicon": Right.OPEN,
    "health": Right.OPEN,
}
"""The right of each endpoint by its name."""


class RightsError(Exception):
    """Raised when the routes of the app and the rows of RIGHTS differ; names the endpoints."""


def require_rows(endpoints: Iterable[str], rights: dict[str, Right] | None = None) -> None:
    """Compare the endpoints of an app with the table.

    :raises RightsError: an endpoint has no row, or a row has no endpoint.
    """
    rows = set(RIGHTS if rights is None else rights)
    names = set(endpoints)
    if missing := sorted(names - rows):
        raise RightsError(f"endpoints without a right: {missing}; expected a row in web/rights.py")
    if unused := sorted(rows - names):
        raise RightsError(f"rights without an endpoint: {unused}; expected a route and a view each")


def may(login: LoginKind, right: Right, is_safe: bool) -> bool:
    """Return whether a login may use an endpoint of this right; `is_safe`: by GET or HEAD."""
    match right:
        case Right.OPEN:
            return True
        case Right.LOGIN:
            return login not in (LoginKind.NONE, LoginKind.METRICS)
        case Right.FORCED:
            return login in (LoginKind.FORCED, LoginKind.OWNER)
        case Right.READ:
            return login is LoginKind.OWNER or (login is LoginKind.VIEWER and is_safe)
        case Right.OWNER:
            return login is LoginKind.OWNER
        case Right.METRICS:
            return login is LoginKind.METRICS and is_safe


def right_of(endpoint: str | None) -> Right:
    """Return the right of an endpoint. A path without one is for those who may read."""
    return Right.READ if endpoint is None else RIGHTS.get(endpoint, Right.OWNER)
