"""gzip for answers, where the client takes it. Never for a stream, which has to arrive at once.

Compression shows an observer of an encrypted connection what is repeated in an answer (BREACH).
That needs requests with the owner's cookie that another site chooses: it is SameSite=Strict.
"""

import gzip

from flask import Request, Response

LEAST_BYTES = 1024  # assumed: a shorter answer fits into one packet as it is
LEVEL = 4  # assumed: a third of a page's size; 9 takes three times as long for 3 % less
COMPRESSED = frozenset({"text/html", "application/json"})


def takes_gzip(request: Request) -> bool:
    """Return whether the client takes gzip."""
    return request.accept_encodings.quality("gzip") > 0


def compress(request: Request, response: Response) -> Response:
    """Return a page or JSON compressed, if that is worth it."""
    if (
        response.mimetype not in COMPRESSED
        or response.direct_passthrough
        or response.is_streamed
        or "Content-Encoding" in response.headers
    ):
        return response
    response.vary.add("Accept-Encoding")
    data = response.get_data()
    if len(data) >= LEAST_BYTES and takes_gzip(request):
        response.set_data(gzip.compress(data, LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
