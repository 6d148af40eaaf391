"""What the page of the portal asks for: refused in plain words before anything is done."""

from typing import Any

import msgspec
import pytest

from portal.page_orders import NO_CARD, carry_out


@pytest.mark.parametrize(
    "card", ["", "AB\N{RIGHT-TO-LEFT OVERRIDE}CD", "AB\N{ZERO WIDTH SPACE}", "A\n", "Ä", "A" * 21]
)
@pytest.mark.parametrize(
    "order", [{"do": "card", "is_accepted": True}, {"do": "start", "box": "B"}]
)
def test_the_number_of_a_card_has_only_what_can_be_seen(order: dict[str, Any], card: str) -> None:
    asked = msgspec.json.encode({**order, "card": card})
    assert carry_out(None, asked) == NO_CARD  # type: ignore[arg-type]  # nothing is asked of it
