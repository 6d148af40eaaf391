"""Answers to failed requests: a page for persons, JSON for programs."""

import ipaddress
from http import HTTPStatus

from flask import Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

# The key of the WSGI environment with this machine's address of the connection; "": not known.
LOCAL_ADDRESS = "wallbox.local_address"


class MisdirectedRequest(HTTPException):
    """Raised when a request names another host than this one (421)."""

    code = HTTPStatus.MISDIRECTED_REQUEST
    description = (
        "This is not a name of the wallbox. Use its IP address; a further name can be added in the "
        "settings (web.names)."
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
        is_foreign = isinstance(error, MisdirectedRequest)
        url = own_url() if is_foreign else ""
        page = render_template("error.html", code=code, title=title, reason=reason, url=url)
        response = Response(page)
    response.status_code = code
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after", "www-authenticate"):
            response.headers[name] = value
    return response


def own_url() -> str:
    """Return the address of this box as this client has reached it; "": only itself can.

    From the machine of the box itself, or by a proxy on it, nothing can be said.
    """
    address = request.environ.get(LOCAL_ADDRESS, "")
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if is_local(ip):
        return ""
    ip = getattr(ip, "ipv4_mapped", None) or ip
    port = request.environ.get("SERVER_PORT", "80")
    host = f"[{ip}]" if ip.version == 6 else str(ip)
    return f"http://{host}/" if port == "80" else f"http://{host}:{port}/"


def is_local(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether an address reaches this machine from itself alone."""
    return ip.is_loopback or ip.is_unspecified


def current_path() -> str:
    """Return the path of the request on one line, for the log."""
    return ascii(request.path[:200])
