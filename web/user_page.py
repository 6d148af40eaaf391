"""The page User Settings: user name, password, recovery key, and the devices that may only read."""

from typing import Any

from flask import Flask, g, redirect, render_template, request

from web.account import normal, viewer_name_problem
from web.attempt_answer import again, marked, refused
from web.browser_logins import MOST_VIEWERS
from web.budgets import StorageError
from web.login_check import Change, LoginCheck, LoginResult
from web.request_check import RequestCheck

TEMPLATE = "user.html"
WRONG_PASSWORD = "The current password is wrong."
NOT_PROVEN = "The login is some minutes old: type the current password as well."
TOO_MANY_VIEWERS = (
    f"{MOST_VIEWERS} devices may read already, and there is no place for one more. "
    "End the login of one of them first."
)


class UserPage:
    """The views. Who may see each is a row of `web.rights`."""

    def __init__(self, request_check: RequestCheck, login_check: LoginCheck) -> None:
        self._request_check = request_check
        self._login_check = login_check

    def add_to(self, app: Flask) -> None:
        """Register the views."""
        app.endpoint("user")(self.user)
        app.endpoint("viewers")(self.add_viewer)
        app.endpoint("end_viewer")(self.end_viewer)

    def user(self) -> Any:
        """Change user name and password, or show the recovery key."""
        if request.method != "POST":
            saved = "saved" in request.args
            return render_template(TEMPLATE, is_saved=saved, **self._viewers())
        if request.form.get("show") == "recovery_key":
            return self._show_key()
        typed, is_proven = request.form, self._request_check.is_proven()
        current = None if is_proven else ""
        if not g.login.recovered:
            current = typed.get("current_password", current)
        form = {"new_username": typed.get("new_username", "")}
        change = Change(
            user=form["new_username"],
            password=typed.get("new_password", ""),
            password_again=typed.get("new_password_again", ""),
            current_password=current,
            change_count=g.account.change_count,
        )
        was_forced = g.login.recovered or g.account.must_change
        if was_forced and not is_proven and "current_password" not in typed:
            problems = {"current_password": NOT_PROVEN}
            return self._again(400, form=form, problems=problems, errors=marked(problems))
        try:
            attempt, problems = self._login_check.change(change, self._request_check.client())
        except StorageError as error:
            return self._again(500, form=form, errors=[error.words])
        if problems:
            return self._again(400, form=form, problems=problems, errors=marked(problems))
        if attempt.result is not LoginResult.RIGHT:
            return refused(TEMPLATE, attempt, WRONG_PASSWORD, form=form, **self._viewers())
        self._request_check.sign_in(attempt.change_count)
        return redirect("/" if was_forced else "/user?saved", 303)

    def _show_key(self) -> Any:
        password = request.form.get("current_password", "")
        attempt = self._login_check.prove_password(password, self._request_check.client())
        if attempt.result is not LoginResult.RIGHT:
            return refused(TEMPLATE, attempt, WRONG_PASSWORD, "key_errors", **self._viewers())
        key = self._login_check.recovery_key
        return render_template(TEMPLATE, recovery_key=key, **self._viewers())

    def add_viewer(self) -> Any:
        """Let this device stay signed in, to read only."""
        name = normal(request.form.get("viewer_name", "")).strip()
        form = {"viewer_name": name}
        if problem := viewer_name_problem(name):
            problems = {"viewer_name": problem}
            return self._again(400, form=form, problems=problems, viewer_errors=marked(problems))
        password = request.form.get("current_password", "")
        attempt = self._login_check.prove_password(password, self._request_check.client())
        if attempt.result is not LoginResult.RIGHT:
            return refused(
                TEMPLATE, attempt, WRONG_PASSWORD, "viewer_errors", form=form, **self._viewers()
            )
        if not self._request_check.become_viewer(name):
            return self._again(409, form=form, viewer_errors=[TOO_MANY_VIEWERS])
        return redirect("/", 303)

    def end_viewer(self) -> Any:
        """End the login of a device that may only read."""
        self._request_check.end_viewer(request.form.get("login", ""))
        return redirect("/user#viewers", 303)

    def _again(self, code: int, **values: Any) -> Any:
        return again(TEMPLATE, code, **values, **self._viewers())

    def _viewers(self) -> dict[str, Any]:
        return {
            "viewers": [
                {
                    "name": each.name,
                    "login": each.login,
                    "age": ago(each.age_s),
                    "idle": ago(each.idle_s),
                }
                for each in self._request_check.viewers()
            ]
        }


def ago(seconds: float) -> str:
    """Return how long ago something was, for a person."""
    for unit, unit_s in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        count = int(seconds // unit_s)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
