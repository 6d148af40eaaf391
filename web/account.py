"""User name and password: rules, storage, proof.

A password is stored only as its argon2id hash. Texts are compared in the normal form C of Unicode
(RFC 8265), so that input from different machines compares equal. No input is cut.
"""

import contextlib
import ctypes
import hmac
import re
import unicodedata
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from msgspec import Struct, field

from msgs.label import Label
from msgs.visible import is_name

LEAST_PASSWORD = 10  # assumed; characters
MOST_PASSWORD = 128  # assumed; characters
MOST_USER = 32  # assumed; characters
MOST_VIEWER_NAME = 32  # assumed; characters
MOST_TYPED_KEY = 200  # assumed; characters: a key of 30 with much between them
MOST_COMPOSED = 4  # typed characters that make one in the normal form

# OWASP's minimum for argon2id; one hash at a time, so that many attempts fit into 512 MB.
TIME_COST = 2
MEMORY_KIB = 19_456
PARALLELISM = 1
SALT_BYTES = 16

# mallopt(3). glibc maps a block of this size or more by itself, and unmaps it when it is freed.
# Without the call its limit grows to the largest block that was freed, which is that of a hash:
# then each thread that has hashed once keeps 19 MiB.
M_MMAP_THRESHOLD = -3  # <malloc.h>
MAPPED_BYTES = 1 << 20  # assumed: above all buffers of the server, far below a hash
_c_library = ctypes.CDLL(None)

# Between the groups of a key: white space, and what keyboards and texts have as a dash.
_BETWEEN = re.compile(r"[\s\-_.\u00ad\u2010-\u2015\u2212]+")


class Account(Struct, frozen=True, kw_only=True):
    """The one account of a box, as it is stored.

    While must_change is true, the label's password signs in, only to choose another one. No
    password matches an empty hash; then only the recovery key signs in.
    """

    user: str
    password_hash: str
    must_change: bool = False
    # Logins with another count are over. It is called generation in the file.
    change_count: int = field(default=0, name="generation")

    @property
    def is_lost(self) -> bool:
        """Return whether no password is right, since the stored account cannot be read."""
        return not self.must_change and not self.password_hash


class Hasher:
    """Argon2id with its own salt of `random(bytes)`. About 0.1 s and 19 MiB each time.

    The memory of a hash goes back to the system, whichever thread has made it.
    """

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._random = random

    def hash(self, password: str) -> str:
        """Return the hash of a password."""
        return _argon2().hash(password, salt=self._random(SALT_BYTES))

    def is_right(self, password: str, password_hash: str) -> bool:
        """Return whether a password matches a hash."""
        try:
            return _argon2().verify(password_hash, password)
        except (Argon2Error, InvalidHashError, UnicodeEncodeError):
            return False


def _argon2() -> PasswordHasher:
    """Return what hashes. It is made for each hash: a page that nobody signs in to needs none."""
    with contextlib.suppress(AttributeError):  # a C library without it maps large blocks itself
        _c_library.mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES)
    return PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM)


def factory_account(label: Label) -> Account:
    """Return the account of a new box."""
    return Account(user=label.web_user, password_hash="", must_change=True)


def normal(text: str) -> str:
    """Return the normal form of a text, for comparison.

    A text longer than any valid one is returned as it is, and is wrong: to normalise many accents
    takes a time that grows with the square of the length and blocks all threads.
    """
    if len(text) > MOST_COMPOSED * MOST_PASSWORD:
        return text
    return unicodedata.normalize("NFC", text)


def normal_user(text: str) -> str:
    """Return the normal form of a user name, without blanks around it."""
    return normal(text).strip()


def typed_key(key: str) -> str:
    """Return a recovery key without what persons add to it: blanks, dashes, small letters.

    With capital letters alone a key of 30 characters is one of 10^44, which nobody can guess.
    """
    if len(key) > MOST_TYPED_KEY:
        return ""
    return _BETWEEN.sub("", key).upper()


def is_same(one: str, other: str) -> bool:
    """Compare two secrets in a time that does not depend on where they differ."""
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))


def user_problem(user: str) -> str:
    """Return what is wrong with a new user name; "": nothing."""
    return _name_problem(user, "The new user name", MOST_USER)


def viewer_name_problem(name: str) -> str:
    """Return what is wrong with the name of a device that may only read; "": nothing."""
    return _name_problem(name, "The name of the device", MOST_VIEWER_NAME)


def _name_problem(name: str, what: str, most: int) -> str:
    if not name:
        return f"{what} is empty; expected 1 to {most} characters."
    if len(name) > most:
        return f"{what} has {len(name)} characters; expected {most} at most."
    if not is_name(name):
        return f"{what} contains a character that cannot be seen; expected plain text."
    return ""


def password_problem(new: str, user: str, label: Label) -> str:
    """Return what is wrong with a new password beside how easily it is guessed; "": nothing."""
    if not new:
        return f"The new password is empty; expected {LEAST_PASSWORD} characters or more."
    if len(new) < LEAST_PASSWORD:
        return f"The new password has {len(new)} characters; expected {LEAST_PASSWORD} or more."
    if len(new) > MOST_PASSWORD:
        return f"The new password has {len(new)} characters; expected {MOST_PASSWORD} at most."
    if _has_controls(new):
        return "The new password contains a character that cannot be typed; expected plain text."
    plain = new.strip().casefold()
    if plain == user.casefold():
        return "The new password is the user name; expected another one."
    if plain in {each.casefold() for each in printed(label)}:
        return "The new password is printed on the label; expected another one."
    return ""


def printed(label: Label) -> tuple[str, ...]:
    """Return the texts of the label that are no password; MAC addresses also without colons."""
    macs = (label.lan_mac, label.wlan_mac)
    return (
        label.serial,
        label.web_user,
        label.web_password,
        label.wlan_ssid,
        label.wlan_password,
        label.recovery_key,
        *macs,
        *(mac.replace(":", "") for mac in macs),
        *(card.uid for card in label.rfid),
    )


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(character) in ("Cc", "Cs") for character in text)
