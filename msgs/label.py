"""The configuration label of one box (LAB-1): what is printed on it, made at its provisioning.

Kept in a file that only the box's own user can read; never on the bus.
"""

from typing import Annotated

from msgspec import Meta, Struct

from msgs.card import CardColor, CardRole, Uid

LABEL_FILE = "label.json"  # in the state directory; written by system alone

RECOVERY_KEY_CHARACTERS = 30
WLAN_PASSWORD_CHARACTERS = 12
HOTSPOT_IP = "192.168.2.1"  # NET-3


class LabelCard(Struct, frozen=True, kw_only=True):
    """One of the four supplied cards."""

    uid: Uid
    role: CardRole
    color: CardColor


class Label(Struct, frozen=True, kw_only=True):
    """What stands on the label. Every value is this box's own, but for the user and the IP."""

    serial: str
    web_user: str  # "admin"
    web_password: str  # the serial number, until the first login
    recovery_key: str
    wlan_ssid: str  # the serial number
    wlan_password: str
    lan_mac: str
    wlan_mac: str
    rfid: Annotated[tuple[LabelCard, ...], Meta(min_length=4, max_length=4)]  # the master first
    hotspot_ip: str = HOTSPOT_IP
