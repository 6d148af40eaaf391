"""The addresses of the machine that the page shows."""

import socket

import pytest

from nodes.web.addresses import _words, addresses


@pytest.mark.req("WEB-3")
def test_every_address_is_one_of_this_machine_and_the_one_in_use_comes_first() -> None:
    found = addresses()
    for each in found:
        with socket.socket() as probe:
            probe.bind((each.ip, 0))  # refused for an address of another machine
        assert not each.ip.startswith("127.")
    assert [each.in_use for each in found[1:]] == [False] * len(found[1:])


@pytest.mark.req("WEB-3")
@pytest.mark.parametrize(
    ("interface", "word"),
    [
        ("eth0", "LAN"),
        ("enp1s0", "LAN"),
        ("end0", "LAN"),
        ("wlan0", "WLAN / WiFi"),
        ("wlp2s0", "WLAN / WiFi"),
        ("tun0", "tun0"),
    ],
)
def test_an_interface_has_the_manuals_word(interface: str, word: str) -> None:
    assert _words(interface) == word
