"""The status of an answer, as HTTP."""

from msgs.requests import Status

STATUS: dict[Status, int] = {
    Status.OK: 200,
    Status.BAD_ARGUMENTS: 400,
    Status.REFUSED: 409,
    Status.NOT_READY: 409,
    Status.ERROR: 502,
    Status.TIMEOUT: 504,
}
"""HTTP status by the status of an answer."""
