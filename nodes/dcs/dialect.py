"""What a dialect of OCPP translates: frames to neutral messages and back. Pure."""

from enum import StrEnum
from typing import Any, Protocol

from msgspec import Struct

from nodes.dcs.box_asks import Answered, Asked


class FrameFault(StrEnum):
    """Why a request of the service cannot be carried out as it was sent, neutral of the version."""

    UNKNOWN_ACTION = "unknown_action"  # no message of this version
    NOT_OFFERED = "not_offered"  # a message of this version that this box does not have
    FORMAT = "format"  # the payload does not have the form of the message
    TYPE = "type"  # a field has the wrong type
    OCCURRENCE = "occurrence"  # a field is missing
    VALUE = "value"  # a field has an impossible value
    TOO_LONG = "too_long"  # the frame is longer than this box reads
    INTERNAL = "internal"  # this box has failed


class ServiceRequest(Struct, frozen=True, kw_only=True):
    """The service asks: `asked` is one of the operations of `nodes.dcs.events`."""

    message_id: str
    asked: Any


class ServiceAnswer(Struct, frozen=True, kw_only=True):
    """The service has answered the call that is open."""

    message_id: str
    answered: Answered


class ServiceFailure(Struct, frozen=True, kw_only=True):
    """The service has answered with an error, or with what is no answer to the call."""

    message_id: str
    text: str
    is_final: bool = False  # it never takes such a message: it does not have the action


class WrongRequest(Struct, frozen=True, kw_only=True):
    """The service asks for what cannot be carried out as it was sent."""

    message_id: str
    fault: FrameFault
    text: str
    action: str = ""


class Unreadable(Struct, frozen=True, kw_only=True):
    """A frame that is no message; it is not answered."""

    text: str  # why, for the log


Message = ServiceRequest | ServiceAnswer | ServiceFailure | WrongRequest | Unreadable
"""A frame of the service, translated."""


class UnsendableError(Exception):
    """Raised when a message has no valid form in this dialect: a bug, or an absurd value."""


class Dialect(Protocol):
    """One version of OCPP."""

    subprotocol: str

    def decode(self, text: str, call_id: str, call: Asked | None) -> Message:
        """Translate a frame of the service; it may contain anything.

        :param call_id: of the call that is open; "" if there is none.
        """

    def decode_head(self, head: str, length: int) -> Message:
        """Translate a frame of which only the head was read, since it is too long.

        :param length: of all of it, in characters.
        """

    def call(self, message_id: str, asked: Asked) -> str:
        """Return the frame of a call of this box.

        :raises UnsendableError: it has no valid form.
        """

    def answer(self, request: ServiceRequest, reply: Any) -> str:
        """Return the frame of an answer to the service.

        :raises UnsendableError: it has no valid form.
        """

    def refuse(self, message_id: str, fault: FrameFault, text: str) -> str:
        """Return the frame of an error that answers a request of the service."""
