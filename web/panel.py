"""What comes back to the page from a request, as HTTP."""

from msgs.requests import Status

STATUS: dict[Status, int] = {
    Status.OK: 200,
    Status.BAD_ARGUMENTS: 400,
    Status.REFUSED: 409,
    Status.NOT_READY: 409,
    Status.ERROR: 502,
    Status.TIMEOUT: 504,
}
"""The status of an answer as an HTTP status."""
