"""What the page asks for: each message has its name in `do`."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from portal.records import DepartureWish, Prices, Token
from portal.service import ChargingService

Identity = Annotated[str, Meta(min_length=1, max_length=64)]


class _Order(Struct, frozen=True, kw_only=True, tag_field="do", forbid_unknown_fields=True):
    """One message of the page."""


class Activate(_Order, frozen=True, tag="activate"):
    """Offer a box the pairing."""

    box: Identity


class Forget(_Order, frozen=True, tag="forget"):
    """Forget a box."""

    box: Identity


class StartCharge(_Order, frozen=True, tag="start"):
    """Start a charge with a card."""

    box: Identity
    card: Token


class StopCharge(_Order, frozen=True, tag="stop"):
    """End the charge."""

    box: Identity


class SetWish(_Order, frozen=True, tag="wish"):
    """Set the departure wish; None: there is none."""

    box: Identity
    wish: DepartureWish | None


class SetPrices(_Order, frozen=True, tag="prices"):
    """Set the prices of a day."""

    prices: Prices


class SetCard(_Order, frozen=True, tag="card"):
    """Accept or block a card."""

    card: Token
    is_accepted: bool


class SetNewCards(_Order, frozen=True, tag="new_cards"):
    """Accept cards that are presented the first time, or refuse them."""

    is_accepted: bool


PageOrder = (
    Activate | Forget | StartCharge | StopCharge | SetWish | SetPrices | SetCard | SetNewCards
)
NO_CARD = "The number of a card has 1 to 20 plain characters."
_DECODER: msgspec.json.Decoder[PageOrder] = msgspec.json.Decoder(PageOrder)


def carry_out(service: ChargingService, text: str | bytes) -> str:
    """Carry out an order of the page; return what is wrong with it, "" if nothing is."""
    try:
        order = _DECODER.decode(text)
    except msgspec.DecodeError as error:
        return NO_CARD if "`$.card`" in str(error) else str(error)
    match order:
        case SetPrices(prices=prices):
            service.keep(prices=prices)
            service.follow_plans()
        case SetCard(card=card, is_accepted=is_accepted):
            service.keep_card(card, is_accepted=is_accepted)
        case SetNewCards(is_accepted=is_accepted):
            service.keep(accepts_new_cards=is_accepted)
        case Activate() | Forget() | StartCharge() | StopCharge() | SetWish():
            box = service.boxes.get(order.box)
            if box is None:
                return f"There is no box {order.box}."
            match order:
                case Activate():
                    service.do(service.activate(box))
                case Forget():
                    service.do(service.forget(box))
                case StartCharge(card=card):
                    service.do(service.start(box, card))
                case StopCharge():
                    service.do(service.stop(box))
                case SetWish(wish=wish):
                    service.set_wish(box, wish)
    return ""
