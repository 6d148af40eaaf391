"""The routes of the metrics: their text for programs, and the token for the owner."""

from typing import Any

from flask import Flask, Response, g, render_template, request
from werkzeug.exceptions import ServiceUnavailable

from web.attempt_answer import again, refused
from web.box import Box, SilentError
from web.budgets import StorageError
from web.login_check import LoginCheck, LoginResult
from web.metrics.exposition import CONTENT_TYPE
from web.metrics.table import text_of
from web.metrics_token import TokenCheck
from web.request_check import RequestCheck
from web.user_page import WRONG_PASSWORD, ago

PATH = "/configuration/metrics/token"
TEMPLATE = "metrics_token.html"
ENDED = "The token is ended. A program that still has it reads nothing any more."


class MetricsViews:
    """The views. Who may see each is a row of `web.rights`."""

    def __init__(
        self, request_check: RequestCheck, login_check: LoginCheck, tokens: TokenCheck, box: Box
    ) -> None:
        self._request_check = request_check
        self._login_check = login_check
        self._tokens = tokens
        self._box = box

    def add_to(self, app: Flask) -> None:
        """Register the views."""
        app.endpoint("metrics")(self.metrics)
        app.endpoint("metrics_token")(self.token)

    def metrics(self) -> Any:
        """Return all values in the text format of Prometheus."""
        try:
            snapshot = self._box.metrics()
        except SilentError as error:
            raise ServiceUnavailable(str(error), retry_after=1) from error
        return Response(text_of(snapshot), content_type=CONTENT_TYPE)

    def token(self) -> Any:
        """Show whether there is a token; make one, or end it."""
        if request.method != "POST":
            return render_template(TEMPLATE, **self._shown())
        if request.form.get("act") == "end":
            return self._end()
        password = request.form.get("current_password", "")
        attempt = self._login_check.prove_password(password, self._request_check.client())
        if attempt.result is not LoginResult.RIGHT:
            return refused(TEMPLATE, attempt, WRONG_PASSWORD, **self._shown())
        try:
            number = self._tokens.make(attempt.change_count)
        except StorageError as error:
            return again(TEMPLATE, 500, errors=[error.words], **self._shown())
        return render_template(TEMPLATE, number=number, **self._shown())

    def _end(self) -> Any:
        try:
            self._tokens.end()
        except StorageError as error:
            return again(TEMPLATE, 500, errors=[error.words], **self._shown())
        return render_template(TEMPLATE, done=ENDED, **self._shown())

    def _shown(self) -> dict[str, Any]:
        token = self._tokens.shown(g.account.change_count)
        return {
            "token": token,
            "used": "" if token is None or token.used_s is None else ago(token.used_s),
            "is_on": self._box.serves_metrics(),
            "target": request.host,
        }
