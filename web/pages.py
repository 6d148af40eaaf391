"""The pages: login, recovery, status. Forms work without JavaScript."""

from typing import Any

from flask import Flask, g, redirect, render_template, request

from view.stores import ACCOUNT
from web.attempt_answer import again, refused
from web.box import Box, SilentError
from web.forms import wizard
from web.front_words import FRONT_WORDS
from web.live import offers_set_up
from web.login_check import LoginCheck, LoginResult
from web.request_check import EXPIRED, RequestCheck
from web.rows import ROWS

WRONG_LOGIN = "The user name or the password is wrong."
WRONG_KEY = "The recovery key is wrong; it is on the label and has 30 characters."


class Pages:
    """The views. Who may see each is a row of `web.rights`."""

    def __init__(self, request_check: RequestCheck, login_check: LoginCheck, box: Box) -> None:
        self._request_check = request_check
        self._login_check = login_check
        self._box = box

    def add_to(self, app: Flask) -> None:
        """Register the views."""
        app.endpoint("status")(self.status)
        app.endpoint("login")(self.login)
        app.endpoint("logout")(self.logout)
        app.endpoint("recover")(self.recover)

    def status(self) -> Any:
        """Show the live page."""
        offers, first_step = self._set_up()
        return render_template(
            "status.html",
            words=FRONT_WORDS,
            rows=ROWS,
            offers_set_up=offers,
            first_step=first_step,
        )

    def _set_up(self) -> tuple[bool, str]:
        """Return whether the page begins with the offer, and which step the offer opens.

        What comes later would move all below it.
        """
        try:
            snapshot = self._box.snapshot()
        except SilentError:
            return False, wizard.PATH
        settings = snapshot.settings.message
        return offers_set_up(snapshot), (
            wizard.PATH if settings is None else wizard.where_to_go_on(settings)
        )

    def login(self) -> Any:
        """Sign in by user name and password."""
        if request.method != "POST":
            if self._request_check.is_owner():
                return redirect("/", 303)
            return render_template("login.html", errors=[ACCOUNT] if self._is_lost else [])
        form = {"username": request.form.get("username", "")}
        if g.is_expired:
            return again("login.html", 403, form=form, errors=[EXPIRED])
        attempt = self._login_check.sign_in(
            form["username"], request.form.get("password", ""), self._request_check.client()
        )
        if attempt.result is not LoginResult.RIGHT:
            wrong = ACCOUNT if self._is_lost else WRONG_LOGIN
            return refused("login.html", attempt, wrong, form=form)
        self._request_check.sign_in(attempt.change_count)
        return redirect("/", 303)

    @property
    def _is_lost(self) -> bool:
        return self._login_check.account.is_lost

    def logout(self) -> Any:
        """Sign out."""
        self._request_check.sign_out()
        return redirect("/login", 303)

    def recover(self) -> Any:
        """Sign in by the recovery key, for User Settings only."""
        if request.method != "POST":
            return render_template("recover.html")
        if g.is_expired:
            return again("recover.html", 403, errors=[EXPIRED])
        attempt = self._login_check.recover(
            request.form.get("recovery_key", ""), self._request_check.client()
        )
        if attempt.result is not LoginResult.RIGHT:
            return refused("recover.html", attempt, WRONG_KEY)
        self._request_check.sign_in(attempt.change_count, recovered=True)
        return redirect("/user", 303)
