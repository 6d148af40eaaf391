"""Provisioning: make the label of a new box from random numbers (LAB-1). Pure.

No value is derived from another: a person who knows one value, the program or the label of another
box cannot compute the others. Exceptions are the user's name, and what the manual derives from the
serial number.
"""

from itertools import pairwise
from typing import Protocol

from msgs.card import CardColor, CardRole, is_random, is_uid
from msgs.label import (
    LABEL_CHARACTERS,
    RECOVERY_KEY_CHARACTERS,
    SERIAL_DIGITS,
    WLAN_PASSWORD_CHARACTERS,
    Label,
    LabelCard,
)

WEB_USER = "admin"  # WEB-1

# RFID-1: one master (white), three user cards.
SUPPLIED = (
    (CardRole.MASTER, CardColor.WHITE),
    (CardRole.USER, CardColor.RED),
    (CardRole.USER, CardColor.GREEN),
    (CardRole.USER, CardColor.BLUE),
)

MAC_BYTES = 6
LOCALLY_ADMINISTERED = 0x02  # IEEE 802, first byte: no maker's number
GROUP = 0x01  # IEEE 802, first byte: an address of several devices


class Randomness(Protocol):
    """As `bus.random` returns it; on a real clock the operating system's."""

    def randrange(self, stop: int, /) -> int:
        """Return a whole number from 0 to one below the stop."""


def provision(randomness: Randomness) -> Label:
    """Return the label of a new box."""
    serial = _serial(randomness)
    lan_mac = wlan_mac = _mac(randomness)
    while wlan_mac == lan_mac:
        wlan_mac = _mac(randomness)
    uids: list[str] = []
    while len(uids) < len(SUPPLIED):
        uid = f"{randomness.randrange(1 << 32):08X}"
        if is_uid(uid) and not is_random(uid) and uid not in uids:
            uids.append(uid)
    return Label(
        serial=serial,
        web_user=WEB_USER,
        web_password=serial,
        recovery_key=_key(randomness, RECOVERY_KEY_CHARACTERS),
        wlan_ssid=serial,
        wlan_password=_key(randomness, WLAN_PASSWORD_CHARACTERS),
        lan_mac=lan_mac,
        wlan_mac=wlan_mac,
        rfid=tuple(
            LabelCard(uid=uid, role=role, color=color)
            for uid, (role, color) in zip(uids, SUPPLIED, strict=True)
        ),
    )


def is_serial(text: str) -> bool:
    """Return whether digits may be a serial number, which is also the first password.

    Assumed: none begins with 0, which is lost if it is read as a number; and the steps from digit
    to digit are not all the same, as in 11111111, 12345678 or 86420864, which are guessed first.
    """
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(text)}
    return text[0] != "0" and len(steps) > 1


def _serial(randomness: Randomness) -> str:
    while True:
        serial = f"{randomness.randrange(10**SERIAL_DIGITS):0{SERIAL_DIGITS}d}"
        if is_serial(serial):
            return serial


def _key(randomness: Randomness, length: int) -> str:
    count = len(LABEL_CHARACTERS)
    return "".join(LABEL_CHARACTERS[randomness.randrange(count)] for _ in range(length))


def _mac(randomness: Randomness) -> str:
    """Return a locally administered MAC address of one device: there is no maker's number."""
    first, *others = (randomness.randrange(256) for _ in range(MAC_BYTES))
    return ":".join(f"{byte:02X}" for byte in ((first | LOCALLY_ADMINISTERED) & ~GROUP, *others))
