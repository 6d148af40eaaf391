"""The commands of the UDP interface, as orders and questions. Pure.

Source: KEBA's UDP guides for P30 (V2.01) and P20 (V3.00); "page" is one of the former. A command is
ASCII, one a datagram; words are separated by blanks.
"""

import re
from collections.abc import Callable

from msgspec import Struct

from msgs.card import TAG_DIGITS
from nodes.smart_home.control import (
    LEAST_FAILSAFE_S,
    LEAST_MA,
    MOST_DELAY_S,
    MOST_ENERGY_DWH,
    MOST_FAILSAFE_S,
    MOST_MA,
)
from nodes.smart_home.orders import (
    CancelTimer,
    Enable,
    LimitEnergy,
    Order,
    SetCurrent,
    SetCurrentLater,
    SetFailsafe,
    StartOrder,
    StopOrder,
)

MOST_BYTES = 512  # page 14, of an answer; a command is shorter
FIRST_SESSION, LAST_SESSION = 100, 130  # of the reports of sessions
CLASS_DIGITS = 20  # page 25
MOST_SECONDS = 65_535  # page 30, of `display`
MOST_PULSES, LEAST_PULSES = 150, 10  # page 24, of `output`

_WORD = re.compile(r"[a-z0-9]+")
_NUMBER = re.compile(r"[0-9]{1,10}")
_HEX = re.compile(r"[0-9A-Fa-f]+")


class Info(Struct, frozen=True, kw_only=True):
    """`i`: the firmware."""


class Report(Struct, frozen=True, kw_only=True):
    """`report N`: 1 to 3, and 100 to 130 for sessions."""

    number: int


class SetRelay(Struct, frozen=True, kw_only=True):
    """`output N`: the relay X2, which this board does not have; the answer confirms receipt."""

    value: int


class UnlockSocket(Struct, frozen=True, kw_only=True):
    """`unlock`: of a socket; the cable of this box is fixed."""


class Nothing(Struct, frozen=True, kw_only=True):
    """What is not answered."""


class Unknown(Struct, frozen=True, kw_only=True):
    """A wrong command; what was expected."""

    expected: str


Command = Info | Report | SetRelay | UnlockSocket | Nothing | Unknown | Order
NOTHING = Nothing()


def parse(content: bytes) -> Command:
    """Return the command of a datagram.

    What cannot be a command, as the answer of another box, is never answered: two boxes would
    answer each other for ever.
    """
    if len(content) > MOST_BYTES or not content.isascii():
        return NOTHING
    words = content.decode("ascii").strip(" \t\r\n\0").split(" ")
    words = [word for word in words if word]
    if not words or not _WORD.fullmatch(words[0]):
        return NOTHING
    name, arguments = words[0], words[1:]
    reader = _READERS.get(name)
    if reader is None:
        return Unknown(expected="one of " + ", ".join(sorted(_READERS)))
    least, most, read = reader
    if not least <= len(arguments) <= most:
        count = f"{least}" if least == most else f"{least} to {most}"
        return Unknown(expected=f"{name} with {count} arguments")
    return read(arguments)


def _number(word: str) -> int | None:
    return int(word) if _NUMBER.fullmatch(word) else None


def _is_current(current_ma: int | None) -> bool:
    return current_ma is not None and (current_ma == 0 or LEAST_MA <= current_ma <= MOST_MA)


_CURRENTS = f"a current of 0 or {LEAST_MA} to {MOST_MA} mA"


def _info(_: list[str]) -> Command:
    return Info()


def _report(words: list[str]) -> Command:
    number = _number(words[0])
    if number is None or not (1 <= number <= 3 or FIRST_SESSION <= number <= LAST_SESSION):
        return Unknown(expected=f"report 1 to 3 or {FIRST_SESSION} to {LAST_SESSION}")
    return Report(number=number)


def _curr(words: list[str]) -> Command:
    current_ma = _number(words[0])
    if current_ma is None or not _is_current(current_ma):
        return Unknown(expected=_CURRENTS)
    return SetCurrent(current_ma=current_ma)


def _currtime(words: list[str]) -> Command:
    current_ma, delay_s = _number(words[0]), _number(words[1])
    if current_ma is None or not _is_current(current_ma):
        return Unknown(expected=_CURRENTS)
    if delay_s is None or delay_s > MOST_DELAY_S:
        return Unknown(expected=f"a time of 0 to {MOST_DELAY_S} s")
    if current_ma == 0 and delay_s == 0:
        return CancelTimer()
    return SetCurrentLater(current_ma=current_ma, delay_s=delay_s)


def _ena(words: list[str]) -> Command:
    if words[0] not in ("0", "1"):
        return Unknown(expected="ena 0 or ena 1")
    return Enable(is_on=words[0] == "1")


def _setenergy(words: list[str]) -> Command:
    energy_dwh = _number(words[0])
    if energy_dwh is None or energy_dwh > MOST_ENERGY_DWH:
        return Unknown(expected=f"an energy of 0 to {MOST_ENERGY_DWH} in 0.1 Wh")
    return LimitEnergy(energy_dwh=energy_dwh)


def _failsafe(words: list[str]) -> Command:
    timeout_s, current_ma = _number(words[0]), _number(words[1])
    if timeout_s is None or not (
        timeout_s == 0 or LEAST_FAILSAFE_S <= timeout_s <= MOST_FAILSAFE_S
    ):
        return Unknown(expected=f"a time of 0 or {LEAST_FAILSAFE_S} to {MOST_FAILSAFE_S} s")
    if current_ma is None or not _is_current(current_ma):
        return Unknown(expected=_CURRENTS)
    if words[2] not in ("0", "1"):
        return Unknown(expected="0 or 1 for how long it counts")
    return SetFailsafe(timeout_s=timeout_s, current_ma=current_ma, is_lasting=words[2] == "1")


def _output(words: list[str]) -> Command:
    """Take a value of the relay: 2 to 9 are not answered, what is no number opens it (page 24)."""
    value = _number(words[0])
    if value is None:
        return SetRelay(value=0)
    if 1 < value < LEAST_PULSES:
        return NOTHING
    if value > MOST_PULSES:
        return Unknown(expected=f"0, 1 or {LEAST_PULSES} to {MOST_PULSES}")
    return SetRelay(value=value)


def _tag(word: str) -> str | None:
    """Return the tag of a card; a shorter one has zeros behind it."""
    if not _HEX.fullmatch(word) or len(word) > TAG_DIGITS:
        return None
    return word.upper().ljust(TAG_DIGITS, "0")


def _start(words: list[str]) -> Command:
    if not words:
        return StartOrder()
    tag = _tag(words[0])
    if tag is None:
        return Unknown(expected=f"a card of up to {TAG_DIGITS} hexadecimal digits")
    if len(words) > 1 and not (_HEX.fullmatch(words[1]) and len(words[1]) <= CLASS_DIGITS):
        return Unknown(expected=f"a class of up to {CLASS_DIGITS} hexadecimal digits")
    return StartOrder(tag=tag)


def _stop(words: list[str]) -> Command:
    if not words:
        return StopOrder()
    tag = _tag(words[0])
    if tag is None:
        return Unknown(expected=f"a card of up to {TAG_DIGITS} hexadecimal digits")
    return StopOrder(tag=tag)


def _unlock(_: list[str]) -> Command:
    return UnlockSocket()


def _not_here(what: str) -> Callable[[list[str]], Command]:
    return lambda _: Unknown(expected=f"another command: {what}")


_READERS: dict[str, tuple[int, int, Callable[[list[str]], Command]]] = {
    "i": (0, 0, _info),
    "report": (1, 1, _report),
    "curr": (1, 1, _curr),
    "currtime": (2, 2, _currtime),
    "ena": (1, 1, _ena),
    "setenergy": (1, 1, _setenergy),
    "failsafe": (3, 3, _failsafe),
    "output": (1, 1, _output),
    "start": (0, 2, _start),
    "stop": (0, 1, _stop),
    "unlock": (0, 0, _unlock),
    # Refused rather than confirmed without effect (assumed).
    "display": (0, 30, _not_here("the wallbox has no display")),
    "setdatetime": (0, 1, _not_here("the clock is set by time servers, or on the page")),
    "x2": (0, 1, _not_here("the wallbox cannot switch phases")),
    "x2src": (0, 1, _not_here("the wallbox cannot switch phases")),
}
"""By the first word: fewest and most arguments, and what reads them."""
