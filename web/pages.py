"""The pages: login, recovery, user settings, status. Forms work without JavaScript."""

import math
from typing import Any

from flask import Flask, g, make_response, redirect, render_template, request

from view.front import EFFECTS, LIGHTS, TONES
from view.stores import ACCOUNT
from web.budgets import StorageError
from web.login_check import Attempt, Change, LoginCheck, LoginResult
from web.request_check import EXPIRED, RequestCheck

WRONG_LOGIN = "The user name or the password is wrong."
WRONG_KEY = "The recovery key is wrong; it is on the label and has 30 characters."
WRONG_PASSWORD = "The current password is wrong."
FRONT_WORDS: dict[str, Any] = {
    "LIGHTS": {name: light._asdict() for name, light in LIGHTS.items()},
    "EFFECTS": EFFECTS,
    "TONES": TONES,
}
"""The page's names of the lights and tones of the front."""

BUSY = "The wallbox is busy with another login. Please try again in a moment."


class Pages:
    """The views. Who may see each is a row of `web.rights`."""

    def __init__(self, request_check: RequestCheck, login_check: LoginCheck) -> None:
        self._request_check = request_check
        self._login_check = login_check

    def add_to(self, app: Flask) -> None:
        """Register the routes."""
        app.add_url_rule("/", "status", self.status, methods=["GET"])
        app.add_url_rule("/login", "login", self.login, methods=["GET", "POST"])
        app.add_url_rule("/logout", "logout", self.logout, methods=["POST"])
        app.add_url_rule("/recover", "recover", self.recover, methods=["GET", "POST"])
        app.add_url_rule("/user", "user", self.user, methods=["GET", "POST"])

    def status(self) -> Any:
        """Show the live page."""
        return render_template("status.html", words=FRONT_WORDS)

    def login(self) -> Any:
        """Sign in by user name and password."""
        if request.method != "POST":
            if g.login:
                return redirect("/", 303)
            return render_template("login.html", errors=[ACCOUNT] if self._is_lost else [])
        form = {"username": request.form.get("username", "")}
        if g.is_expired:
            return _again("login.html", form, [EXPIRED], 403)
        attempt = self._login_check.sign_in(
            form["username"], request.form.get("password", ""), self._request_check.client()
        )
        if attempt.result is not LoginResult.RIGHT:
            wrong = ACCOUNT if self._is_lost else WRONG_LOGIN
            return _refused("login.html", form, attempt, wrong)
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
        form = {"recovery_key": ""}  # a secret like a password: not shown again
        if g.is_expired:
            return _again("recover.html", form, [EXPIRED], 403)
        attempt = self._login_check.recover(
            request.form.get("recovery_key", ""), self._request_check.client()
        )
        if attempt.result is not LoginResult.RIGHT:
            return _refused("recover.html", form, attempt, WRONG_KEY)
        self._request_check.sign_in(attempt.change_count, recovered=True)
        return redirect("/user", 303)

    def user(self) -> Any:
        """Change user name and password, or show the recovery key."""
        if request.method != "POST":
            return render_template("user.html", is_saved="saved" in request.args)
        if request.form.get("show") == "recovery_key":
            return self._show_key()
        typed = request.form
        form = {"new_username": typed.get("new_username", "")}
        change = Change(
            user=form["new_username"],
            password=typed.get("new_password", ""),
            password_again=typed.get("new_password_again", ""),
            current_password=None if g.login.recovered else typed.get("current_password", ""),
        )
        was_forced = g.login.recovered or g.account.must_change
        try:
            attempt, errors = self._login_check.change(change, self._request_check.client())
        except StorageError as error:
            return _again("user.html", form, [f"Nothing was changed: {error}."], 500)
        if errors:
            return _again("user.html", form, errors, 400)
        if attempt.result is not LoginResult.RIGHT:
            return _refused("user.html", form, attempt, WRONG_PASSWORD)
        self._request_check.sign_in(attempt.change_count)
        return redirect("/" if was_forced else "/user?saved", 303)

    def _show_key(self) -> Any:
        password = request.form.get("current_password", "")
        attempt = self._login_check.prove_password(password, self._request_check.client())
        if attempt.result is not LoginResult.RIGHT:
            return _refused("user.html", {}, attempt, WRONG_PASSWORD)
        return render_template("user.html", recovery_key=self._login_check.recovery_key)


def _refused(template: str, form: dict[str, str], attempt: Attempt, wrong: str) -> Any:
    """Show a form again after a failed attempt."""
    if attempt.result is LoginResult.BUSY:
        response = _again(template, form, [BUSY], 503)
        response.headers["Retry-After"] = "1"
        return response
    left_s = math.ceil(attempt.wait_s)
    errors = [wrong] if attempt.result is LoginResult.WRONG else []
    if left_s:
        errors.append(f"Too many attempts have failed. Please try again in {left_s} s.")
    response = _again(template, form, errors, 403 if attempt.result is LoginResult.WRONG else 429)
    if left_s:
        response.headers["Retry-After"] = str(left_s)
    return response


def _again(template: str, form: dict[str, str], errors: list[str], code: int) -> Any:
    """Show a form again with its input, except secrets."""
    return make_response(render_template(template, form=form, errors=errors), code)
