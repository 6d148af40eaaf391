"""User name and password: what may be chosen, how it is kept, how it is proven.

A password is kept as its argon2id hash alone. Texts are compared in the normal form C of Unicode
(RFC 8265), so that a key typed on another machine is the same key. Nothing is ever cropped.
"""

import hmac
import unicodedata
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from msgspec import Struct

from msgs.label import Label

LEAST_PASSWORD = 10  # characters; ours
MOST_PASSWORD = 128  # characters; ours
MOST_USER = 32  # characters; ours
MOST_COMPOSED = 4  # characters as typed that make one in the normal form

# OWASP's least for argon2id; one hash at a time, so that a flood cannot eat a Pi of 512 MB.
TIME_COST = 2
MEMORY_KIB = 19_456
PARALLELISM = 1
SALT_BYTES = 16


class Account(Struct, frozen=True, kw_only=True):
    """The one account of a box, as it is kept.

    While must_change holds, the label's password signs in, and only to choose another one. An
    empty hash is proven by no password: the recovery key is left.
    """

    user: str
    password_hash: str
    must_change: bool = False
    generation: int = 0  # counts the changes; sessions of another one are over


class Hasher:
    """Argon2id with its own salt of `random(bytes)`. About 0.1 s and 19 MiB each time."""

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._random = random
        self._argon2 = PasswordHasher(
            time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM
        )

    def hash(self, password: str) -> str:
        """Return what is kept of a password."""
        return self._argon2.hash(password, salt=self._random(SALT_BYTES))

    def is_right(self, password: str, password_hash: str) -> bool:
        """Return whether a password is the one behind a hash."""
        try:
            return self._argon2.verify(password_hash, password)
        except (Argon2Error, InvalidHashError, UnicodeEncodeError):
            return False


def factory_account(label: Label) -> Account:
    """Return the account of a box that nobody has signed in to yet."""
    return Account(user=label.web_user, password_hash="", must_change=True)


def normal(text: str) -> str:
    """Return a text as it is compared.

    What is too long for all that may be chosen stays as it is, and is wrong: the time that a text
    of many accents takes grows with the square of its length, and all threads stand still.
    """
    if len(text) > MOST_COMPOSED * MOST_PASSWORD:
        return text
    return unicodedata.normalize("NFC", text)


def normal_user(text: str) -> str:
    """Return a user name as it is compared: blanks around it do not count."""
    return normal(text).strip()


def is_same(one: str, other: str) -> bool:
    """Compare two secrets in a time that tells nothing of where they differ."""
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))


def user_errors(user: str) -> list[str]:
    """Return what is wrong with a new user name, in plain sentences."""
    if not user:
        return ["The new user name is empty; expected 1 to 32 characters."]
    if len(user) > MOST_USER:
        return [f"The new user name has {len(user)} characters; expected {MOST_USER} at most."]
    if _has_controls(user):
        return ["The new user name holds a character that cannot be typed; expected plain text."]
    return []


def password_errors(new: str, again: str, user: str, label: Label) -> list[str]:
    """Return what is wrong with a new password, in plain sentences."""
    if not new:
        return [f"The new password is empty; expected {LEAST_PASSWORD} characters or more."]
    errors = []
    if new != again:
        errors.append("The two new passwords differ; expected the same one twice.")
    if len(new) < LEAST_PASSWORD:
        errors.append(
            f"The new password has {len(new)} characters; expected {LEAST_PASSWORD} or more."
        )
    if len(new) > MOST_PASSWORD:
        errors.append(
            f"The new password has {len(new)} characters; expected {MOST_PASSWORD} at most."
        )
    if _has_controls(new):
        errors.append(
            "The new password holds a character that cannot be typed; expected plain text."
        )
    plain = new.strip().casefold()
    if plain == user.casefold():
        errors.append("The new password is the user name; expected another one.")
    printed = (label.serial, label.web_password, label.wlan_password, label.recovery_key)
    if plain in {each.casefold() for each in printed}:
        errors.append("The new password stands on the label; expected another one.")
    return errors


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(character) in ("Cc", "Cs") for character in text)
