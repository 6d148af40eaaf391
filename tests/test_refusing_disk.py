"""A whole box whose state directory is read-only when it starts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from msgs.card import CardColor
from tests.box import Box
from tests.disk import read_only, state_directory


@pytest.fixture
def directory() -> Iterator[Path]:
    with state_directory() as directory:
        yield directory


@pytest.mark.req("RFID-6", "STA-1", "ERR-8007")
def test_without_a_card_a_read_only_box_charges_and_says_that_it_records_nothing(
    directory: Path,
) -> None:
    box = Box(directory, authorization="factory.authorization.required=false")
    box.stop()
    with read_only(directory):
        box.restart_all()
        box.act("plug")
        box.act("ready")
        box.wait(lambda: box.is_drawing)
        assert box.state == "Charging"
        assert "read-only" in box.said("session/status")["unrecorded"]
        box.act("pull")
        box.advance(3.0)
    box.advance(10.0)
    assert box.said("session/status")["unrecorded"] == ""


@pytest.mark.req("RFID-6", "STA-1")
def test_with_a_card_required_a_read_only_box_starts_refuses_cards_and_says_why(
    directory: Path,
) -> None:
    box = Box(directory, authorization="factory.authorization.required=true")
    card = box.card(CardColor.RED)
    box.stop()
    with read_only(directory):
        box.restart_all()
        box.advance(3.0)
        assert box.state == "UnrecoverableError"
        assert "sessions cannot be stored" in box.reason
        box.act("plug")
        box.act("ready")
        box.advance(3.0)
        box.act("tap", {"uid": card})
        box.advance(5.0)
        rfid = box.said("rfid/status")
        assert (rfid["accepted"], rfid["detail"]) == (
            False,
            "The box cannot store sessions: no card authorises until it can.",
        )
        assert not box.is_soon(lambda: box.is_drawing, 60.0)
    box.advance(10.0)
    assert box.state == "ReadyForCharging"
    box.act("tap", {"uid": card})
    box.wait(lambda: box.is_drawing)
