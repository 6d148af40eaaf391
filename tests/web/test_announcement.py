"""What is announced of the page, and when. Over the network: test_announcer_zeroconf.py."""

import re

import pytest
from msgspec.structs import replace

from msgs.label import network_id
from msgs.settings import Settings, WebSection
from msgs.topics import SETTINGS
from nodes.web import announcing
from nodes.web.announcement import (
    AGAIN_S,
    Announcement,
    Announcing,
    begin,
    end,
    host_of,
    wanted,
)
from tests.builders import box_label
from tests.web.conftest import LABEL, RunningNode, until
from web.hosts import is_known, known_names
from web.page_snapshot import LiveAddress

LAN, WLAN = "192.168.2.20", "192.168.2.21"


def announcement(*addresses: str) -> Announcement:
    made = wanted(LABEL, "0.0.0.0", 8080, is_on=True, addresses=addresses or (LAN,))
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("bound", "is_on", "addresses", "announced"),
    [
        ("0.0.0.0", True, (LAN, WLAN), (LAN, WLAN)),
        ("::", True, (LAN,), (LAN,)),
        (LAN, True, (LAN, WLAN), (LAN,)),
        # not reached from other machines
        ("127.0.0.1", True, (LAN,), None),
        ("127.0.0.2", True, (LAN,), None),
        ("::1", True, (LAN,), None),
        # no cable, or its address has gone
        ("0.0.0.0", True, (), None),
        (LAN, True, (WLAN,), None),
        # switched off, or the settings are not known
        ("0.0.0.0", False, (LAN,), None),
    ],
)
def test_the_page_is_announced_while_others_can_open_it(
    bound: str, is_on: bool, addresses: tuple[str, ...], announced: tuple[str, ...] | None
) -> None:
    made = wanted(LABEL, bound, 8080, is_on, addresses)
    assert (made.addresses if made else None) == announced


def test_the_name_says_nothing_of_the_label_and_differs_from_box_to_box() -> None:
    made = announcement()
    words = " ".join((made.title, made.host, *(f"{key}={value}" for key, value in made.texts)))
    for secret in (LABEL.serial, LABEL.recovery_key, LABEL.lan_mac, LABEL.wlan_password):
        assert secret not in words
    assert re.fullmatch(r"wallbox-[0-9a-f]{6}", made.host)
    assert dict(made.texts)["path"] == "/"
    # The same serial number with another recovery key: nobody can find the number by trying.
    assert network_id(LABEL) != network_id(replace(LABEL, recovery_key="A" * 30))
    other = box_label("04A1B2C3D4E580", "04A1B2C3D4E581", "04A1B2C3D4E582", "04A1B2C3D4E583")
    assert network_id(replace(other, serial="10000001")) != network_id(LABEL)
    assert network_id(LABEL) == network_id(replace(LABEL, web_password="other"))  # it stays


def test_the_page_accepts_the_name_that_is_announced() -> None:
    known = known_names((host_of(LABEL),), (), "")
    assert is_known(f"{announcement().host}.local:8080", known)
    assert is_known(f"{announcement().host}.local.", known)


def test_an_announcement_is_given_once_until_something_changes() -> None:
    first, second = announcement(), announcement(LAN, WLAN)
    state, is_due = begin(Announcing(), first, 0.0)
    assert is_due
    assert begin(state, second, 1.0) == (state, False)  # one at a time
    state = end(state, "", 2.0)
    assert begin(state, first, 100.0) == (state, False)
    state, is_due = begin(state, second, 101.0)
    assert (is_due, state.given) == (True, second)
    state, is_due = begin(end(state, "", 102.0), None, 103.0)
    assert (is_due, state.given) == (True, None)
    assert not begin(end(state, "", 104.0), None, 105.0)[1]


def test_an_announcement_that_was_not_possible_is_tried_again_later() -> None:
    state, _ = begin(Announcing(), announcement(), 0.0)
    state = end(state, "no route", 1.0)
    assert not begin(state, announcement(), AGAIN_S)[1]
    assert begin(state, announcement(), 1.0 + AGAIN_S)[1]
    assert begin(state, announcement(WLAN), 2.0)[1]  # another one at once


@pytest.fixture
def cables(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the addresses of the machine, for a test to change."""
    found = [LAN]

    def addresses() -> tuple[LiveAddress, ...]:
        return tuple(LiveAddress(ip=each, interface="LAN", in_use=True) for each in found)

    monkeypatch.setattr(announcing, "addresses", addresses)
    monkeypatch.setattr(announcing, "LOOK_EVERY_S", 0.02)
    return found


class OpenNode(RunningNode):
    """A node whose page is at all addresses of the machine."""

    HOST = "0.0.0.0"


def test_the_node_follows_the_settings_the_cables_and_its_own_stop(
    tmp_path_factory: pytest.TempPathFactory, cables: list[str]
) -> None:
    node = OpenNode(tmp_path_factory.mktemp("open"))
    try:
        assert node.announcer.announced is None  # before the settings are known
        system = node.other("system", lambda bus: bus.publish(SETTINGS, Settings()))
        until(lambda: node.announcer.announced is not None)
        announced = node.announcer.announced
        assert announced is not None
        assert (announced.port, announced.addresses) == (node.port, (LAN,))
        name = f"{announced.host}.local:{node.port}"
        assert node.ask("/login", headers={"Host": name}).status == 200
        cables.append(WLAN)
        until(lambda: _addresses(node) == (LAN, WLAN))
        cables.clear()
        until(lambda: node.announcer.announced is None)
        cables.append(WLAN)
        until(lambda: _addresses(node) == (WLAN,))
        off = Settings(web=WebSection(announced=False))
        system.post(lambda: system.publish(SETTINGS, off))
        until(lambda: node.announcer.announced is None)
        system.post(lambda: system.publish(SETTINGS, Settings()))
        until(lambda: node.announcer.announced is not None)
        node.stop()
        assert node.announcer.announced is None
    finally:
        node.close()


def _addresses(node: RunningNode) -> tuple[str, ...]:
    announced = node.announcer.announced
    return announced.addresses if announced else ()


def test_a_page_on_loopback_is_never_announced(node: RunningNode, cables: list[str]) -> None:
    node.other("system", lambda bus: bus.publish(SETTINGS, Settings(web=WebSection(metrics=True))))
    token = {"Authorization": "Bearer wrong"}
    until(lambda: node.ask("/metrics", headers=token).status == 401)  # the settings are heard
    assert node.announcer.announced is None
