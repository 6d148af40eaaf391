"""Requests whose text is no UTF-8: refused as a whole, wherever the bytes are.

werkzeug replaces such bytes, or takes a form with them as empty: the input would not be what was
typed.
"""

from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from flask import Request
from werkzeug.exceptions import BadRequest

NOT_UTF8 = "The request contains bytes that are no text (UTF-8): in its {where}."


def require_utf8_head(request: Request) -> None:
    """Check path, query, headers and cookies.

    :raises BadRequest: one of them is not UTF-8.
    """
    environ = request.environ
    _require("path", [environ.get("PATH_INFO", "").encode("latin-1")])
    _require("query", [unquote_to_bytes(environ.get("QUERY_STRING", "").encode("latin-1"))])
    headers = [
        value.encode("latin-1")
        for name, value in environ.items()
        if isinstance(value, str) and name.startswith(("HTTP_", "CONTENT_"))
    ]
    _require("headers", headers)


def require_utf8_body(request: Request) -> None:
    """Check a body of any kind but `application/octet-stream`.

    :raises BadRequest: it is not UTF-8.
    :raises RequestEntityTooLarge: it is too long.
    """
    if request.mimetype == "application/octet-stream":
        return
    body = request.get_data(cache=True)
    is_quoted = request.mimetype == "application/x-www-form-urlencoded"
    _require("body", [unquote_to_bytes(body) if is_quoted else body])


def _require(where: str, texts: Iterable[bytes]) -> None:
    for text in texts:
        try:
            text.decode()
        except UnicodeDecodeError as error:
            raise BadRequest(NOT_UTF8.format(where=where)) from error
