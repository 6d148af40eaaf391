"""The configuration label of one box (LAB-1): what is printed on it, made at its provisioning.

Stored in a file that only the box's own user can read; never published. Read it with
`bus.generations.read_valid_or_raise`, which leaves an unreadable label where it is.
"""

import hashlib
import hmac
from typing import Annotated

from msgspec import Meta, Struct

from msgs.card import CardColor, CardRole, Uid
from msgs.patterns import matching

LABEL_FILE = "label.json"  # in the state directory; written by system alone, once

SERIAL_DIGITS = 8  # assumed: no source
RECOVERY_KEY_CHARACTERS = 30  # LAB-1
ID_CHARACTERS = 6  # assumed: two boxes of a house have the same one once in 16 million
WLAN_PASSWORD_CHARACTERS = 12  # WEB-10
HOTSPOT_IP = "192.168.2.1"  # NET-3

LABEL_CHARACTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz"
"""Characters of the keys on the label: without 0, O, o, 1, l and I, which look alike."""

_Serial = Annotated[
    str,
    matching(rf"^[1-9][0-9]{{{SERIAL_DIGITS - 1}}}\Z", f"{SERIAL_DIGITS} digits, the first not 0"),
]
_RecoveryKey = Annotated[
    str,
    matching(
        rf"^[A-Za-z0-9]{{{RECOVERY_KEY_CHARACTERS}}}\Z",
        f"{RECOVERY_KEY_CHARACTERS} letters and digits",
    ),
]
_WlanPassword = Annotated[
    str,
    matching(
        rf"^[A-Za-z0-9]{{{WLAN_PASSWORD_CHARACTERS}}}\Z",
        f"{WLAN_PASSWORD_CHARACTERS} letters and digits",
    ),
]
_Word = Annotated[str, Meta(min_length=1, max_length=32)]
_Mac = Annotated[
    str, matching(r"^[0-9A-F]{2}(:[0-9A-F]{2}){5}\Z", "a MAC address, as 02:00:5E:10:00:01")
]


class LabelCard(Struct, frozen=True, kw_only=True):
    """One of the four supplied cards."""

    uid: Uid
    role: CardRole
    color: CardColor


class Label(Struct, frozen=True, kw_only=True):
    """The text on the label. All values but the user and the IP differ from box to box."""

    serial: _Serial
    web_user: _Word  # "admin" (WEB-1)
    web_password: _Word  # the serial number, until the first login (WEB-1)
    recovery_key: _RecoveryKey
    wlan_ssid: _Word  # the serial number (WEB-10)
    wlan_password: _WlanPassword
    lan_mac: _Mac  # as 02:00:5E:10:00:01
    wlan_mac: _Mac
    rfid: Annotated[tuple[LabelCard, ...], Meta(min_length=4, max_length=4)]  # the master first
    hotspot_ip: str = HOTSPOT_IP


def network_id(label: Label) -> str:
    """Return what distinguishes a box from others for programs in the home network.

    It stays, but says nothing of the serial number, which is the password of a new box: it is the
    begin of a hash, whose key is the recovery key.
    """
    key, text = label.recovery_key.encode(), f"network {label.serial}".encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()[:ID_CHARACTERS]
