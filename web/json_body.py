"""JSON that is sent to the interface for programs, and the answer of the node behind it."""

from typing import Any, TypeVar

import msgspec
from flask import Response, jsonify, request
from msgspec import Struct
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from msgs.patterns import plain
from msgs.requests import Answer, Status
from web.panel import STATUS

A = TypeVar("A", bound=Struct)


def arguments_of(name: str, kind: type[A]) -> A:
    """Return the body of the request as arguments.

    :raises UnsupportedMediaType: it is no JSON.
    :raises BadRequest: it does not fit; says what was expected.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Expected JSON (Content-Type: application/json).")
    try:
        return msgspec.json.decode(request.get_data() or b"{}", type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        fields = ", ".join(kind.__struct_fields__) or "nothing"
        raise BadRequest(f"{name}: {plain(error)}; expected {fields}.") from error


def response_to(answer: Answer[Any]) -> Response:
    """Return the answer of a node as HTTP: its reason and its problems by key, unless it is OK."""
    if answer.status is Status.OK:
        return jsonify(ok=True)
    response = jsonify(reason=answer.reason, problems=answer.problems)
    response.status_code = STATUS[answer.status]
    return response
