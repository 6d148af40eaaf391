"""The interface for a person's acts on the charge (APP-1), and the list of the last sessions."""

from typing import Any

import msgspec
from flask import Flask, Response
from werkzeug.exceptions import NotFound

from msgs.card import CardColor
from msgs.label import Label
from msgs.method import Method
from msgs.methods import (
    END_SESSION,
    LIST_CARDS,
    LIST_SESSIONS,
    SET_ENERGY_LIMIT,
    SET_WISH,
    START_SESSION,
)
from msgs.requests import NoArguments, Status
from msgs.session import SessionRecord, SessionsArguments
from view.sessions import ShownSession, recent_words, sessions_table, shown_sessions
from web.box import Box, SilentError
from web.json_body import arguments_of, response_to

SHOWN = 10  # assumed: sessions on the page
PART = 100  # sessions that one request gives
MOST_PARTS = 100  # assumed: of the file, all sessions that session keeps

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
    recent: str  # what was charged in the last days; "": nothing, or more than one request gives


class ChargeApi:
    """The views."""

    def __init__(self, box: Box, label: Label) -> None:
        self._box = box
        self._label = label

    def add_to(self, app: Flask) -> None:
        """Register the views."""
        app.endpoint("charge_act")(self.act)
        app.endpoint("sessions")(self.sessions)
        app.endpoint("sessions_file")(self.sessions_file)

    def act(self, name: str) -> Any:
        """Ask session for something; it answers once that is stored."""
        method = CHARGE_METHODS.get(name)
        if method is None:
            raise NotFound
        return response_to(self._box.ask(method, arguments_of(name, method.arguments)))

    def sessions(self) -> Any:
        """Return the last sessions, with the names of their cards."""
        answer = self._box.ask(LIST_SESSIONS, SessionsArguments(limit=PART))
        if answer.status is not Status.OK or answer.result is None:
            return response_to(answer)
        shown = SessionsAnswer(
            sessions=shown_sessions(answer.result, self._names())[:SHOWN],
            recent=self._recent(answer.result),
        )
        return Response(msgspec.json.encode(shown), mimetype="application/json")

    def sessions_file(self) -> Any:
        """Return all sessions as a file for other programs."""
        records: list[SessionRecord] = []
        for _ in range(MOST_PARTS):
            before = records[-1].session_id if records else ""
            answer = self._box.ask(LIST_SESSIONS, SessionsArguments(limit=PART, before=before))
            if answer.status is not Status.OK or answer.result is None:
                return response_to(answer)
            records += answer.result
            if len(answer.result) < PART:
                break
        response = Response(sessions_table(tuple(records), self._names()), mimetype="text/csv")
        response.headers["Content-Disposition"] = (
            f'attachment; filename="wallbox-{self._label.serial}-sessions.csv"'
        )
        return response

    def _recent(self, records: tuple[SessionRecord, ...]) -> str:
        if len(records) == PART:  # older ones of these days may be missing
            return ""
        try:
            return recent_words(records, self._box.snapshot().utc_ns)
        except SilentError:
            return ""

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
