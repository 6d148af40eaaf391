"""The answer to a form that was not taken: shown again, with what was wrong and where."""

import math
from collections.abc import Mapping
from typing import Any

from flask import make_response, render_template

from web.login_check import Attempt, LoginResult

BUSY = "The wallbox is busy with another login. Please try again in a moment."


def again(template: str, code: int, **values: Any) -> Any:
    """Show a page with its form again. Secrets are never among the values."""
    return make_response(render_template(template, **values), code)


def refused(
    template: str, attempt: Attempt, wrong: str, above: str = "errors", **values: Any
) -> Any:
    """Show a form again after an attempt that was not right.

    :param wrong: what to say of a secret that was checked.
    :param above: the template's name for what is said above this form.
    """
    wait_s = math.ceil(attempt.wait_s)
    match attempt.result:
        case LoginResult.BUSY:
            code, wait_s, errors = 503, 1, [BUSY]
        case LoginResult.WRONG:
            code, errors = 403, [wrong]
        case _:
            code, errors = 429, []
    if attempt.result is not LoginResult.BUSY and wait_s:
        errors.append(f"Too many attempts have failed. Please try again in {wait_s} s.")
    response = again(template, code, **values, **{above: errors, f"{above}_wait_s": wait_s})
    if wait_s:
        response.headers["Retry-After"] = str(wait_s)
    return response


def marked(problems: Mapping[str, str]) -> list[str]:
    """Return what to say above a form with problems at its fields."""
    if not problems:
        return []
    where = "the marked field" if len(problems) == 1 else "the marked fields"
    return [f"Nothing was changed. Please correct {where}."]
