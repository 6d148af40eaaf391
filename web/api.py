"""The interface for programs: live values once or as a stream, curve, simulation panel."""

from typing import Any

import msgspec
from flask import Flask, Response, g, request
from msgspec import Struct
from werkzeug.exceptions import NotFound, ServiceUnavailable

from msgs.methods import ACTS
from web.box import Box, ServerConfig, SilentError
from web.curve import LimitSpan
from web.json_body import arguments_of, response_to
from web.panel import panel_of
from web.request_check import RequestCheck
from web.streams import Streams

RETRY_AFTER_S = 10  # assumed: after too many streams


class CurveAnswer(Struct, frozen=True, kw_only=True):
    """Answer of /api/v1/curve."""

    session_id: str
    points: tuple[tuple[float, float], ...]  # seconds since the start, W
    spans: tuple[LimitSpan, ...]  # of the limits


class Api:
    """The views."""

    def __init__(
        self, box: Box, site: ServerConfig, request_check: RequestCheck, streams: Streams
    ) -> None:
        self._box = box
        self._site = site
        self._request_check = request_check
        self._streams = streams

    def add_to(self, app: Flask) -> None:
        """Register the views."""
        app.endpoint("live")(self.live)
        app.endpoint("live_once")(self.live_once)
        app.endpoint("curve")(self.curve)
        app.endpoint("panel")(self.panel)
        app.endpoint("act")(self.act)

    def live(self) -> Any:
        """Open a stream of live values."""
        if request.method == "HEAD":
            return Response(mimetype="text/event-stream")
        first = self._live()
        number: str = g.number
        gone = request.environ.get("waitress.client_disconnected", lambda: False)
        stream = self._streams.open(
            request.remote_addr or "?",
            first,
            lambda: self._request_check.is_signed_in(number),
            gone,
        )
        if stream is None:
            return _no_place()
        # direct: the server itself closes the stream, also if it is never read
        response = Response(stream, mimetype="text/event-stream", direct_passthrough=True)
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def live_once(self) -> Any:
        """Return the live values."""
        return Response(self._live(), mimetype="application/json")

    def curve(self) -> Any:
        """Return the power of the running session over its time."""
        curve = self._box.curve()
        answer = CurveAnswer(session_id=curve.session_id, points=curve.points, spans=curve.spans)
        return Response(msgspec.json.encode(answer), mimetype="application/json")

    def panel(self) -> Any:
        """Return what does not change: the cards of the label, the faults, the scenes."""
        self._need_simulation()
        panel = panel_of(self._site.label)
        return Response(msgspec.json.encode(panel), mimetype="application/json")

    def act(self, name: str) -> Any:
        """Send an act to the simulated world."""
        self._need_simulation()
        act = ACTS.get(name)
        if act is None:
            raise NotFound
        arguments = arguments_of(name, act.arguments)
        return response_to(self._box.ask(act, arguments))

    def _live(self) -> bytes:
        try:
            return self._box.live()
        except SilentError as error:
            raise ServiceUnavailable(str(error), retry_after=1) from error

    def _need_simulation(self) -> None:
        if not self._site.is_simulation:
            raise NotFound


def _no_place() -> Response:
    """Answer that there are too many streams; without a length, so the connection is closed."""
    words = msgspec.json.encode(
        {"reason": "Too many live pages are open. Close one of them, or wait a moment."}
    )
    response = Response(iter([words]), 503, mimetype="application/json")
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
