"""The interface for a person's acts on the charge (APP-1), and the list of the last sessions."""

from typing import Any

import msgspec
from flask import Flask, Response
from werkzeug.exceptions import NotFound

from msgs.card import CardColor
from msgs.label import Label
from msgs.methods import (
    END_SESSION,
    LIST_CARDS,
    LIST_SESSIONS,
    SET_ENERGY_LIMIT,
    SET_WISH,
    START_SESSION,
    Method,
)
from msgs.requests import NoArguments, Status
from msgs.session import SessionsArguments
from view.sessions import ShownSession, shown_sessions
from web.box import Box
from web.json_body import arguments_of, response_to

SHOWN = 10  # assumed: sessions on the page

CHARGE_METHODS: dict[str, Method[Any, Any]] = {
    "start": START_SESSION,
    "stop": END_SESSION,
    "wish": SET_WISH,  # limit, pause and delay
    "energy_limit": SET_ENERGY_LIMIT,
}
"""What the page asks of session, by the last part of the path."""


class SessionsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of /api/v1/sessions: the newest first."""

    sessions: tuple[ShownSession, ...]


class ChargeApi:
    """The views."""

    def __init__(self, box: Box, label: Label) -> None:
        self._box = box
        self._label = label

    def add_to(self, app: Flask) -> None:
        """Register the routes."""
        app.add_url_rule("/api/v1/charge/<name>", "charge_act", self.act, methods=["POST"])
        app.add_url_rule("/api/v1/sessions", "sessions", self.sessions, methods=["GET"])

    def act(self, name: str) -> Any:
        """Ask session for something; it answers once that is stored."""
        method = CHARGE_METHODS.get(name)
        if method is None:
            raise NotFound
        return response_to(self._box.ask(method, arguments_of(name, method.arguments)))

    def sessions(self) -> Any:
        """Return the last sessions, with the names of their cards."""
        answer = self._box.ask(LIST_SESSIONS, SessionsArguments(limit=SHOWN))
        if answer.status is not Status.OK or answer.result is None:
            return response_to(answer)
        shown = SessionsAnswer(sessions=shown_sessions(answer.result, self._names()))
        return Response(msgspec.json.encode(shown), mimetype="application/json")

    def _names(self) -> dict[str, str]:
        """Return the names of the cards that are known, the label's by their colour."""
        names = {
            card.uid: f"{card.color.capitalize()} card"
            for card in self._label.rfid
            if card.color is not CardColor.NONE
        }
        cards = self._box.ask(LIST_CARDS, NoArguments())
        if cards.result is not None:
            names |= {card.uid: card.name for card in cards.result.cards if card.name}
        return names
