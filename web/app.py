"""The Flask app: routes, checks of requests, errors."""

import traceback

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound

from msgs.visible import visible_json, visible_page
from web import errors
from web.api import Api
from web.box import Box, ServerConfig
from web.browser_logins import BrowserLogins
from web.charge_api import ChargeApi
from web.compression import compress, takes_gzip
from web.files import Files, static_files
from web.forms.views import Forms
from web.login_check import LoginCheck
from web.metrics_page import MetricsViews
from web.metrics_token import TokenCheck
from web.pages import Pages
from web.reading import Reading
from web.request_check import RequestCheck, is_interface
from web.rights import require_rows
from web.routes import add_routes
from web.safety_record_page import SafetyRecordPage
from web.streams import Streams
from web.user_page import UserPage

MOST_BYTES = 64 * 1024  # assumed: of any request
MOST_PARTS = 32  # assumed: of a form
A_YEAR_S = 365 * 24 * 3600


def create_app(
    box: Box,
    site: ServerConfig,
    login_check: LoginCheck,
    logins: BrowserLogins,
    streams: Streams,
    tokens: TokenCheck,
) -> Flask:
    """Return the app. It has only its own cookies, and no secret key.

    :raises RightsError: a route has no view, or no row in `web.rights`.
    """
    app = _MADE_BEFORE.pop() if _MADE_BEFORE else _app_without_views()
    files = static_files()
    app.jinja_env.globals["static_url"] = files.url
    app.jinja_env.globals["announced_name"] = site.announced_name
    request_check = RequestCheck(box, site, login_check, logins, tokens)
    request_check.guard(app)
    Pages(request_check, login_check, box).add_to(app)
    UserPage(request_check, login_check).add_to(app)
    Reading(box, site).add_to(app)
    Api(box, site, request_check, streams).add_to(app)
    ChargeApi(box, site.label).add_to(app)
    Forms(box, site).add_to(app)
    SafetyRecordPage(box, site.label).add_to(app)
    MetricsViews(request_check, login_check, tokens, box).add_to(app)
    _add_files(app, files)
    app.after_request(lambda response: compress(request, response))
    app.after_request(_visible)  # before it is compressed
    app.endpoint("health")(_health)
    require_rows(app.view_functions)

    def on_http_error(error: HTTPException) -> Response:
        return errors.answer(error, is_interface(request.path))

    def on_failure(error: Exception) -> Response:
        lines = "".join(traceback.format_exception(error))
        box.log("error", f"{request.method} {errors.current_path()} failed\n{lines}")
        return errors.answer(InternalServerError(), is_interface(request.path))

    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(Exception, on_failure)
    return app


def _visible(response: Response) -> Response:
    """Return an answer with what can be seen only: its texts may be typed, or of a network."""
    show = {"text/html": visible_page, "application/json": visible_json}.get(
        response.mimetype or ""
    )
    if show is not None and not response.is_streamed and not response.direct_passthrough:
        response.set_data(show(response.get_data(as_text=True)))
    return response


def _health() -> Response:
    return Response("ok\n", mimetype="text/plain")


def _add_files(app: Flask, files: Files) -> None:
    """Serve the static files: they have no secrets and need no login."""

    def static(name: str) -> Response:
        file = files.find(name)
        if file is None:
            raise NotFound
        is_compressed = file.compressed is not None and takes_gzip(request)
        content = file.compressed if is_compressed else file.content
        response = Response(content, mimetype=file.mimetype)
        if is_compressed:
            response.headers["Content-Encoding"] = "gzip"
        if file.compressed is not None:
            response.vary.add("Accept-Encoding")
        response.set_etag(f"{files.mark}-gzip" if is_compressed else files.mark)
        response.headers["Cache-Control"] = (
            f"public, max-age={A_YEAR_S}, immutable"
            if request.args.get("v") == files.mark
            else "no-cache"
        )
        response.make_conditional(request)
        return response

    def favicon() -> Response:
        return static("icon.svg") if files.find("icon.svg") else Response(status=204)

    app.endpoint("static")(static)
    app.endpoint("favicon")(favicon)


def _app_without_views() -> Flask:
    """Return an app that lacks only what belongs to a running box.

    :raises RightsError: see `create_app`.
    """
    app = Flask(__name__, static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_BYTES,
        MAX_FORM_PARTS=MOST_PARTS,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        TRAP_HTTP_EXCEPTIONS=False,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    add_routes(app)
    require_rows(rule.endpoint for rule in app.url_map.iter_rules())
    return app


# For the first app of a process. It is made with this module, before the process of the page is
# forked: making it would copy 1.2 MB of memory that is shared until then.
_MADE_BEFORE = [_app_without_views()]
