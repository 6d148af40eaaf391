"""What local controllers have asked for, and which interface does not answer, for a person."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from msgs.settings import Settings, SmartHomeSection
from msgs.smart_home import SmartHomeOrder, SmartHomeStatus
from tests.view.charge import charging
from tests.view.snapshot import said
from view.smart_home import smart_home_words

pytestmark = pytest.mark.req("APP-2", "WEB-2")

DIP = "DIP switch DSW1.3 is off"
IN_USE = "TCP port 502 is in use by another program"
ORDER = SmartHomeOrder(sender="192.168.2.50", words="limit 10 A", utc_ns=1)
BOTH = SmartHomeStatus(has_udp=True, has_modbus=True, limit_a=10.0, last=ORDER)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (BOTH, "at most 10 A; last order of 192.168.2.50: limit 10 A"),
        (SmartHomeStatus(has_modbus=True), "no order yet"),
        (SmartHomeStatus(), "no order yet"),
        # of what is switched off nothing is said
        (SmartHomeStatus(has_modbus=True, udp=DIP), "no order yet"),
        (SmartHomeStatus(has_udp=True, modbus=IN_USE), "no order yet"),
        # an interface that does not answer: alone, and beside one that does
        (SmartHomeStatus(has_udp=True, udp=DIP), f"UDP does not answer: {DIP}"),
        (SmartHomeStatus(has_modbus=True, modbus=IN_USE), f"Modbus does not answer: {IN_USE}"),
        (
            changed(BOTH, modbus=IN_USE),
            f"Modbus does not answer: {IN_USE}; at most 10 A; "
            "last order of 192.168.2.50: limit 10 A",
        ),
        (changed(BOTH, udp=DIP, modbus=DIP), f"UDP and Modbus do not answer: {DIP}"),
    ],
)
def test_what_counts_and_which_interface_does_not_answer(
    status: SmartHomeStatus, words: str
) -> None:
    settings = Settings(smart_home=SmartHomeSection(enabled=True))
    snapshot = replace(
        charging(), settings=said("settings", settings), smart_home=said("smart_home", status)
    )
    assert smart_home_words(snapshot) == words
