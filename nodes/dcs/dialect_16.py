"""OCPP 1.6J: frames to neutral messages and back, checked by the official schemas.

The package `ocpp` has the schemas and the error codes; its loop of a charge point is not used: it
answers unknown and unsupported actions with each other's error, and an absurd number ends it.
OCPP-J 1.6, section 4.2 has the frames and when each code is sent.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec
from ocpp import exceptions as errors

from nodes.dcs import dialect_16_answers as answers
from nodes.dcs import dialect_16_calls as calls
from nodes.dcs import dialect_16_requests as requests
from nodes.dcs.box_asks import Asked
from nodes.dcs.dialect import (
    Dialect,
    FrameFault,
    Message,
    ServiceAnswer,
    ServiceFailure,
    ServiceRequest,
    Unreadable,
    UnsendableError,
    WrongRequest,
)
from nodes.dcs.link import MOST_FRAME
from nodes.dcs.payload_check import DECODER, first_violation, schema_of

CALL, RESULT, ERROR = 2, 3, 4  # the kinds of frames
MOST_ID = 36  # characters of a message id
MOST_DETAIL = 255  # characters of an error's description

CODES: dict[FrameFault, str] = {
    FrameFault.UNKNOWN_ACTION: errors.NotImplementedError.code,
    FrameFault.NOT_OFFERED: errors.NotSupportedError.code,
    FrameFault.FORMAT: errors.FormationViolationError.code,
    FrameFault.TYPE: errors.TypeConstraintViolationError.code,
    FrameFault.OCCURRENCE: errors.OccurenceConstraintViolationError.code,  # spelled so in 1.6
    FrameFault.VALUE: errors.PropertyConstraintViolationError.code,
    FrameFault.TOO_LONG: errors.GenericError.code,
    FrameFault.INTERNAL: errors.InternalError.code,
}

# The service does not have the action.
FINAL = (errors.NotImplementedError.code, errors.NotSupportedError.code)

_HEAD = re.compile(r'\s*\[\s*(?P<kind>[234])\s*,\s*(?P<id>"(?:[^"\\]|\\.)*")\s*,')

# By the keyword of the schema that a payload breaks; every other keyword is about a value.
_FAULTS = {
    "additionalProperties": FrameFault.FORMAT,
    "type": FrameFault.TYPE,
    "required": FrameFault.OCCURRENCE,
    "minItems": FrameFault.OCCURRENCE,
}


class Ocpp16:
    """See `nodes.dcs.dialect.Dialect`."""

    subprotocol = "ocpp1.6"

    def decode(self, text: str, call_id: str, call: Asked | None) -> Message:
        """See `Dialect.decode`."""
        try:
            frame = DECODER.decode(text)
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            return Unreadable(text=f"it is not JSON: {error}")
        match frame:
            case [2, str(message_id), str(action), dict(payload)]:
                return _request(message_id, action, payload)
            case [2, str(message_id), str(action), *_]:
                return WrongRequest(
                    message_id=message_id,
                    fault=FrameFault.FORMAT,
                    text="expected four elements, the last an object",
                    action=action[:MOST_ID],
                )
            case [2, str(message_id), *_]:
                return WrongRequest(
                    message_id=message_id, fault=FrameFault.FORMAT, text="expected an action"
                )
            case [3, str(message_id), dict(payload)]:
                if message_id != call_id or call is None:
                    return Unreadable(text="an answer to no open call")
                return _answer(message_id, payload, call)
            case [4, str(message_id), *rest]:
                words = ": ".join(each for each in rest[:2] if isinstance(each, str) and each)
                is_final = bool(rest) and rest[0] in FINAL
                text = words[:MOST_DETAIL]
                return ServiceFailure(message_id=message_id, text=text, is_final=is_final)
            case _:
                return Unreadable(text="it is no message of OCPP 1.6")

    def decode_head(self, head: str, length: int) -> Message:
        """See `Dialect.decode_head`."""
        text = f"a frame of {length} characters: expected {MOST_FRAME} at most"
        found = _HEAD.match(head)
        try:
            message_id = msgspec.json.decode(found["id"], type=str) if found else ""
        except msgspec.DecodeError:
            found = None
        if found is None:
            return Unreadable(text=text)
        if found["kind"] == str(CALL):
            return WrongRequest(message_id=message_id, fault=FrameFault.TOO_LONG, text=text)
        return ServiceFailure(message_id=message_id, text=text)

    def call(self, message_id: str, asked: Asked) -> str:
        """See `Dialect.call`."""
        action, payload = calls.ENCODERS[type(asked)](asked)
        return _checked([CALL, message_id, action, payload], action)

    def answer(self, request: ServiceRequest, reply: Any) -> str:
        """See `Dialect.answer`."""
        action, payload = answers.encode(request.asked, reply)
        return _checked([RESULT, request.message_id, payload], f"{action}Response")

    def refuse(self, message_id: str, fault: FrameFault, text: str) -> str:
        """See `Dialect.refuse`."""
        frame = [ERROR, message_id, CODES[fault], text[:MOST_DETAIL], {}]
        return msgspec.json.encode(frame).decode()


def _request(message_id: str, action: str, payload: dict[str, Any]) -> Message:
    decode: Callable[[dict[str, Any]], Any] | None = requests.DECODERS.get(action)
    if decode is None:
        is_known = action in requests.NOT_OFFERED
        return WrongRequest(
            message_id=message_id,
            fault=FrameFault.NOT_OFFERED if is_known else FrameFault.UNKNOWN_ACTION,
            text="this box does not offer it" if is_known else "no such action",
            action=action[:MOST_ID],
        )
    wrong = _violation(action, payload)
    if wrong is None:
        try:
            return ServiceRequest(message_id=message_id, asked=decode(payload))
        except (ValueError, ArithmeticError) as error:
            wrong = (FrameFault.VALUE, str(error))
    fault, text = wrong
    return WrongRequest(message_id=message_id, fault=fault, text=text, action=action)


def _answer(message_id: str, payload: dict[str, Any], call: Asked) -> Message:
    """Return the answer to a call, as far as it can be understood.

    A message of a transaction whose answer is wrong counts as refused, and would be lost. So fields
    that the version does not have are ignored, an empty one (null) counts as absent, and 5.0 is 5.
    """
    action, decode = answers.DECODERS[type(call)]
    payload = answers.plain(payload)
    wrong = _violation(f"{action}Response", payload, ignores="additionalProperties")
    if wrong is None:
        try:
            return ServiceAnswer(message_id=message_id, answered=decode(payload))
        except (ValueError, ArithmeticError) as error:
            wrong = (FrameFault.VALUE, str(error))
    return ServiceFailure(message_id=message_id, text=f"the answer is wrong: {wrong[1]}")


def _violation(schema: str, payload: Any, ignores: str = "") -> tuple[FrameFault, str] | None:
    """Return what a payload breaks of its schema; None: nothing."""
    try:
        first = first_violation(schema_of(schema), payload, ignores)
    except ArithmeticError as error:
        return FrameFault.VALUE, f"a number is beyond all bounds ({type(error).__name__})"
    if first is None:
        return None
    where = ".".join(str(each) for each in first.path)
    text = f"{where}: {first.text}" if where else first.text
    return _FAULTS.get(first.keyword, FrameFault.VALUE), text[:MOST_DETAIL]


def _checked(frame: list[Any], schema: str) -> str:
    """Return a frame as text.

    :raises UnsendableError: its payload breaks the schema.
    """
    encoded = msgspec.json.encode(frame)
    wrong = _violation(schema, DECODER.decode(encoded)[-1])
    if wrong is not None:
        raise UnsendableError(f"{schema}: {wrong[1]}")
    return encoded.decode()


def dialect() -> Dialect:
    """Return this dialect."""
    return Ocpp16()
