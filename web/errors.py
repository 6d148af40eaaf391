"""Answers to failed requests: a page for persons, JSON for programs."""

from http import HTTPStatus

from flask import Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException


class MisdirectedRequest(HTTPException):
    """Raised when a request names another host than this one (421)."""

    code = HTTPStatus.MISDIRECTED_REQUEST
    description = (
        "This is not a name of the wallbox. Use its IP address, or a name that it was given."
    )


WORDS = {
    404: ("Not found", "There is no such page."),
    405: ("Not possible", "This page does not accept such a request."),
    413: ("Too large", "Too much was sent: 64 KiB at most are read."),
    500: ("Failed", "The wallbox could not answer. The error is in its log."),
}
"""Title and sentence of errors without an explanation of their own."""

TITLES = {
    400: "Not understood",
    401: "Sign in first",
    403: "Not allowed",
    421: "Unknown name",
    429: "Please wait",
    503: "Please wait",
}


def answer(error: HTTPException, is_interface: bool) -> Response:
    """Return the answer to a request that has failed."""
    code = error.code or 500
    title, reason = WORDS.get(code, (TITLES.get(code, "The request failed"), error.description))
    if is_interface:
        response = jsonify(reason=reason)
    else:
        page = render_template("error.html", code=code, title=title, reason=reason)
        response = Response(page)
    response.status_code = code
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def current_path() -> str:
    """Return the path of the request on one line, for the log."""
    return ascii(request.path[:200])
