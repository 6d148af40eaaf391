"""What the portal keeps: boxes with their keys, charges, cards, prices."""

from typing import Annotated

from msgspec import Meta, Struct

HOURS = 24
MOST_BOXES = 32  # assumed
MOST_CHARGES = 200  # assumed: the oldest ended ones are dropped
MOST_CARDS = 100  # assumed

# Price of energy in each hour of a day [EUR/kWh], of local time: a household's tariff that follows
# the day-ahead market, cheap at night and at noon (assumed).
USUAL_PRICES = (
    0.24, 0.23, 0.21, 0.21, 0.22, 0.25, 0.30, 0.34, 0.33, 0.29, 0.26, 0.23,
    0.22, 0.22, 0.24, 0.27, 0.31, 0.37, 0.40, 0.39, 0.36, 0.32, 0.29, 0.26,
)  # fmt: skip

Price = Annotated[float, Meta(ge=-10.0, le=10.0)]  # [EUR/kWh]; assumed
Prices = Annotated[tuple[Price, ...], Meta(min_length=HOURS, max_length=HOURS)]
# OCPP 1.6, section 7.28; only what can be seen, as of the identity of a box.
Token = Annotated[str, Meta(pattern=r"^[ -~]{1,20}\Z")]


class DepartureWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a driver wants of each charge, and what the vehicle can do."""

    energy_kwh: Annotated[float, Meta(gt=0, le=200)] = 20.0  # assumed: no battery is larger
    departure: Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")] = "07:00"
    phases: Annotated[int, Meta(ge=1, le=3)] = 3
    most_a: Annotated[int, Meta(ge=6, le=32)] = 32  # of each phase


class BoxRecord(Struct, frozen=True, kw_only=True):
    """A box that is paired, or is being paired."""

    identity: str
    key: str = ""  # hex digits; "": not paired
    next_key: str = ""  # that was sent, and may have been stored by the box
    model: str = ""
    firmware: str = ""
    wish: DepartureWish | None = None


class ChargeRecord(Struct, frozen=True, kw_only=True):
    """A transaction of a box."""

    transaction: int
    identity: str
    token: str
    begun: str  # as the box has said it
    meter_start_wh: int
    energy_wh: float = 0.0
    ended: str = ""  # as the box has said it; "": it runs
    reason: str = ""
    departure_utc_s: int = 0  # 0: there is no wish
    mode: str = ""  # that a person has chosen at the box; "": nobody has


class CardRecord(Struct, frozen=True, kw_only=True):
    """A card that was presented to a box, or added on the page."""

    token: str
    is_accepted: bool = True


class PortalRecords(Struct, frozen=True, kw_only=True):
    """All of it."""

    boxes: tuple[BoxRecord, ...] = ()
    charges: tuple[ChargeRecord, ...] = ()  # the oldest first
    cards: tuple[CardRecord, ...] = ()
    prices: Prices = USUAL_PRICES
    accepts_new_cards: bool = True  # assumed: a service to try things on refuses nobody
    last_transaction: int = 0
