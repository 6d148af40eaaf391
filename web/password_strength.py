"""How easily a password is guessed, as zxcvbn judges it, in a process of its own.

zxcvbn has 13 MB of words in memory, so it is loaded for the moment of a change alone. This file is
also the program of that process: it reads one question as JSON and prints the answer.
"""

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

# zxcvbn: 3 is "safely unguessable: moderate protection from offline slow-hash scenario", 10^8
# guesses and more. The page lets through one guess a minute, but a stored hash can be stolen.
LEAST_SCORE = 3  # assumed; of 0 to 4
MOST_JUDGED = 72  # characters that zxcvbn takes; what follows makes a password no easier to guess
JUDGED_S = 10.0  # assumed: the longest wait for the judgement

# What a person who guesses tries first, beside what is in the lists of zxcvbn.
OBVIOUS = ("wallbox", "wallbox connect", "bmw", "charger", "ladestation")

KNOWN = (
    "It is made of the user name, of what is printed on the label, or of the name of the device."
)
ADVICE = "Expected for example four words that have nothing to do with each other."
NOT_JUDGED = "The new password could not be judged at the moment. Please try again."

Weakness = Callable[[str, Iterable[str]], str]
"""Returns why a password is too easy to guess, or ""; the texts are known to those who guess."""


def weakness(password: str, texts: Iterable[str]) -> str:
    """Return why a password is too easy to guess, as text; "": it is not."""
    import subprocess  # costs memory, and is seldom needed

    question = json.dumps([password[:MOST_JUDGED], [*OBVIOUS, *(each for each in texts if each)]])
    try:
        done = subprocess.run(
            [sys.executable, "-I", __file__],
            input=question,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=JUDGED_S,
        )
        score, warning, is_known = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return NOT_JUDGED
    if score >= LEAST_SCORE:
        return ""
    why = [KNOWN] if is_known else [warning] if warning else []
    return " ".join(["The new password is too easy to guess.", *why, ADVICE])


def _answer(question: str) -> str:
    """Return score, zxcvbn's warning, and whether one of the texts is in the password."""
    from zxcvbn import zxcvbn

    password, texts = json.loads(question)
    found = zxcvbn(password, user_inputs=texts)
    has_text = any(_has_text(match) for match in found["sequence"])
    return json.dumps([found["score"], found["feedback"]["warning"], has_text])


def _has_text(match: dict[str, Any]) -> bool:
    repeated = match.get("base_matches", ())
    return match.get("dictionary_name") == "user_inputs" or any(map(_has_text, repeated))


if __name__ == "__main__":
    print(_answer(sys.stdin.read()))  # noqa: T201 - it is the answer of this process
