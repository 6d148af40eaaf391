"""Messages of dcs: the link to the charging service, and the charge mode that it asks for."""

from enum import StrEnum

from msgspec import Struct

from msgs.units import Text


class Link(StrEnum):
    """State of the link, in the words of the page (DCS-1)."""

    UNREACHABLE = "Unreachable"
    REACHABLE = "Reachable"
    ONLINE = "Online"


class ChargeMode(StrEnum):
    """How a session is charged (DCS-3)."""

    FAST = "fast"
    INTELLIGENT = "intelligent"


class DcsStatus(Struct, frozen=True, kw_only=True):
    """The charging service as this box sees it. Sent every second and on change.

    Silence means that the service is not offered: its indicator is off (DCS-8).
    """

    link: Link
    synchronised: bool
    mode: ChargeMode
    signing_in: bool = False
    waits_for_plan: bool = False  # the service asks for intelligent charging, its plan is awaited
    can_confirm: bool = False  # a press of the touch key confirms the synchronisation (DCS-2)
    can_switch: bool = False  # a press of the touch key switches the charge mode (DCS-5)
    detail: Text = ""
