"""What MQTT messages order. Pure.

An order is a message to `<base>/set/<name>`, its payload a text as a person or a controller writes
it: `16`, `10.5`, `true`, a JSON object for the failsafe. The ranges are those of UDP and Modbus.
"""

import math
import re

import msgspec
from msgspec import Struct

from msgs.card import TAG_DIGITS, tag_of
from nodes.smart_home.control import (
    LEAST_FAILSAFE_S,
    LEAST_MA,
    MOST_ENERGY_DWH,
    MOST_FAILSAFE_S,
    MOST_MA,
)
from nodes.smart_home.mqtt_link import MOST_PAYLOAD, MqttMessage
from nodes.smart_home.orders import (
    Enable,
    LimitEnergy,
    Order,
    SetCurrent,
    SetFailsafe,
    StartOrder,
    StopOrder,
)

SET = "set"  # the level below the base
CURRENT, ENABLED, ENERGY = "current_a", "enabled", "energy_limit_wh"
FAILSAFE, START, STOP = "failsafe", "start", "stop"
NAMES = (CURRENT, ENABLED, ENERGY, FAILSAFE, START, STOP)

RETAINED = "a message without the flag retain: one that the broker keeps may be old"
MOST_SHOWN = 40  # characters of a wrong payload
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?\Z")
_HEX = re.compile(rf"[0-9A-Fa-f]{{1,{TAG_DIGITS}}}\Z")
_ON, _OFF = ("true", "on", "1"), ("false", "off", "0")
_PRESSED = ("", "press", "true", "on", "1")  # as buttons and switches send


class WrongOrder(Struct, frozen=True, kw_only=True):
    """A message that orders nothing; what was expected."""

    expected: str


class FailsafeObject(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The payload of a failsafe."""

    timeout_s: int
    current_a: float
    lasting: bool = False  # over starts of the box as well


def name_of(base: str, topic: str) -> str:
    """Return the name of an order by its topic; "": it is none."""
    prefix = f"{base}/{SET}/"
    return topic.removeprefix(prefix) if topic.startswith(prefix) else ""


def parse(name: str, message: MqttMessage) -> Order | WrongOrder:
    """Return what a message orders.

    One that the broker has kept is refused: it may have been sent long ago.
    """
    if name not in NAMES:
        return WrongOrder(expected=f"one of {', '.join(NAMES)}")
    if message.is_retained:
        return WrongOrder(expected=RETAINED)
    if len(message.payload) > MOST_PAYLOAD:
        return WrongOrder(expected=f"at most {MOST_PAYLOAD} bytes")
    try:
        text = message.payload.decode("ascii").strip()
    except UnicodeDecodeError:
        return WrongOrder(expected="a text in ASCII")
    return _READERS[name](text)


def payload_words(name: str, message: MqttMessage) -> str:
    """Return the begin of a payload as it can be shown; the number of a card is not."""
    if name not in (CURRENT, ENABLED, ENERGY, FAILSAFE):
        return ""
    text = message.payload[:MOST_SHOWN].decode("ascii", "replace")
    return "".join(each if each.isprintable() else "?" for each in text)


def _milliamperes(current_a: float) -> int | None:
    """Return a current of 0 or in the range; None: it is neither."""
    if not math.isfinite(current_a):
        return None
    current_ma = round(current_a * 1000.0)
    return current_ma if current_ma == 0 or LEAST_MA <= current_ma <= MOST_MA else None


_CURRENTS = f"a current of 0 or {LEAST_MA / 1000:g} to {MOST_MA / 1000:g} A"


def _current(text: str) -> Order | WrongOrder:
    current_ma = _milliamperes(float(text)) if _NUMBER.match(text) else None
    if current_ma is None:
        return WrongOrder(expected=_CURRENTS)
    return SetCurrent(current_ma=current_ma)


def _enabled(text: str) -> Order | WrongOrder:
    word = text.lower()
    if word not in _ON and word not in _OFF:
        return WrongOrder(expected="true or false")
    return Enable(is_on=word in _ON)


def _energy(text: str) -> Order | WrongOrder:
    energy_dwh = round(float(text) * 10.0) if _NUMBER.match(text) else MOST_ENERGY_DWH + 1
    if energy_dwh > MOST_ENERGY_DWH:
        return WrongOrder(expected=f"an energy of 0 to {MOST_ENERGY_DWH / 10:.1f} Wh")
    return LimitEnergy(energy_dwh=energy_dwh)


def _failsafe(text: str) -> Order | WrongOrder:
    try:
        found = msgspec.json.decode(text, type=FailsafeObject)
    except (msgspec.DecodeError, RecursionError):
        example = '{"timeout_s": 30, "current_a": 6, "lasting": false}'
        return WrongOrder(expected=f"an object as {example}")
    timeout_s, current_ma = found.timeout_s, _milliamperes(found.current_a)
    if timeout_s != 0 and not LEAST_FAILSAFE_S <= timeout_s <= MOST_FAILSAFE_S:
        return WrongOrder(expected=f"a time of 0 or {LEAST_FAILSAFE_S} to {MOST_FAILSAFE_S} s")
    if current_ma is None:
        return WrongOrder(expected=_CURRENTS)
    return SetFailsafe(timeout_s=timeout_s, current_ma=current_ma, is_lasting=found.lasting)


def _tag(text: str) -> str | None:
    return tag_of(text) if _HEX.match(text) else None


_CARDS = f"nothing, or a card of 2 to {TAG_DIGITS} hexadecimal digits"


def _start(text: str) -> Order | WrongOrder:
    if text.lower() in _PRESSED:
        return StartOrder()
    tag = _tag(text)
    return WrongOrder(expected=_CARDS) if tag is None else StartOrder(tag=tag)


def _stop(text: str) -> Order | WrongOrder:
    if text.lower() in _PRESSED:
        return StopOrder()
    tag = _tag(text)
    return WrongOrder(expected=_CARDS) if tag is None else StopOrder(tag=tag)


_READERS = {
    CURRENT: _current,
    ENABLED: _enabled,
    ENERGY: _energy,
    FAILSAFE: _failsafe,
    START: _start,
    STOP: _stop,
}
