"""The page's table "Overview" (WEB-3), and the name of the card that has authorised. Pure."""

from msgspec import Struct

from msgs.card import CardColor, short_name
from msgs.dcs import Link
from view.charge import card_name
from web.page_snapshot import LiveAddress, PageSnapshot

TYPE = "Wallbox Connect"  # assumed: the box's "Type" (WEB-3)


class Overview(Struct, frozen=True, kw_only=True):
    """The table of the same name (WEB-3); the state is in `Live`."""

    type: str
    serial: str
    addresses: tuple[LiveAddress, ...]
    mac: str  # of the interface in use
    dcs_link: Link  # Unreachable while dcs is silent
    synchronised: bool
    dcs_detail: str  # what the link or the plan waits for; "": nothing


def overview(snapshot: PageSnapshot) -> Overview:
    """Return the table."""
    used = next((each.interface for each in snapshot.addresses if each.in_use), "")
    dcs = snapshot.dcs.fresh
    return Overview(
        type=TYPE,
        serial=snapshot.label.serial,
        addresses=snapshot.addresses,
        mac=snapshot.label.wlan_mac if used.startswith("WLAN") else snapshot.label.lan_mac,
        dcs_link=dcs.link if dcs else Link.UNREACHABLE,
        synchronised=dcs is not None and dcs.synchronised,
        dcs_detail=dcs.detail if dcs else "",
    )


def address_words(snapshot: PageSnapshot) -> str:
    """Return all addresses, one a line; the one in use is marked."""
    return "\n".join(
        f"{each.ip} ({each.interface}, in use)"
        if each.in_use
        else f"[{each.ip}] ({each.interface})"
        for each in snapshot.addresses
    )


def token_name(snapshot: PageSnapshot) -> str:
    """Return the name of the card that has authorised, or its colour, or the end of its UID."""
    session = snapshot.session.fresh
    token = session.token if session else ""
    if not token:
        return ""
    if name := card_name(snapshot):
        return name
    color = next((card.color for card in snapshot.label.rfid if card.uid == token), CardColor.NONE)
    return short_name(token) if color is CardColor.NONE else f"{color.capitalize()} card"
