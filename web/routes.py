"""The routes: by which path, and how, each endpoint is asked. Who may is a row of `web.rights`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from flask import Flask

from web import metrics_page, safety_record_page
from web.forms import wizard
from web.forms.rows import Menu

GET = ("GET",)  # werkzeug adds HEAD
POST = ("POST",)
FORM = ("GET", "POST")


class Route(NamedTuple):
    """One path of an endpoint."""

    path: str
    endpoint: str
    methods: tuple[str, ...]
    defaults: Mapping[str, Any] = MappingProxyType({})  # arguments of the view beside the path's


ROUTES = (
    # pages
    Route("/", "status", GET),
    Route("/login", "login", FORM),
    Route("/logout", "logout", POST),
    Route("/recover", "recover", FORM),
    Route("/user", "user", FORM),
    Route("/user/viewers", "viewers", POST),
    Route("/user/viewers/end", "end_viewer", POST),
    Route("/help", "help", GET),
    Route("/help/<key>", "help_page", GET),
    Route("/licences", "licences", GET),
    Route("/licences/<key>", "licence", GET),
    *(Route(f"/{menu.value}", "menu", GET, {"menu": menu}) for menu in Menu),
    *(Route(f"/{menu.value}/<name>", "settings", FORM, {"menu": menu}) for menu in Menu),
    Route(wizard.PATH, "wizard", FORM),
    Route(f"{wizard.PATH}/<name>", "wizard_step", FORM),
    Route(safety_record_page.PATH, "safety_record", GET),
    Route(f"{safety_record_page.PATH}/<name>.csv", "safety_record_file", GET),
    Route(metrics_page.PATH, "metrics_token", FORM),
    # interface for programs
    Route("/live", "live", GET),
    Route("/api/v1/live", "live_once", GET),
    Route("/api/v1/curve", "curve", GET),
    Route("/api/v1/panel", "panel", GET),
    Route("/api/v1/panel/<name>", "act", POST),
    Route("/api/v1/charge/<name>", "charge_act", POST),
    Route("/api/v1/sessions", "sessions", GET),
    Route("/api/v1/sessions.csv", "sessions_file", GET),
    Route("/metrics", "metrics", GET),
    # no secrets
    Route("/static/<path:name>", "static", GET),
    Route("/favicon.ico", "favicon", GET),
    Route("/health", "health", GET),
)


def add_routes(app: Flask) -> None:
    """Add all routes to an app; each view is given to its endpoint later."""
    for route in ROUTES:
        app.add_url_rule(
            route.path,
            route.endpoint,
            methods=route.methods,
            defaults=dict(route.defaults) or None,
        )
