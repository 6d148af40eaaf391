"""Only a host in a network of the box may be tested, whatever the name says."""

import ipaddress
import socket
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.modbus_map.subnet import LOOPBACK, OutsideError, address_of, own_addresses
from nodes.modbus_map.transport import Located

NETWORKS = ("192.168.1.0/24", "10.8.0.0/31", "fd00::/64", "fe80::/64")
OWN = ("192.168.1.50", "10.8.0.0", "fd00::50", "fe80::50")


def located(*addresses: str, networks: tuple[str, ...] = NETWORKS) -> Located:
    return Located(addresses={"meter": addresses}, networks=networks, own=OWN)


@pytest.mark.req("MET-2")
@pytest.mark.parametrize(
    ("addresses", "used"),
    [
        (["192.168.1.20"], "192.168.1.20"),
        (["10.8.0.1"], "10.8.0.1"),  # the other end of a link of two
        (["fd00::20"], "fd00::20"),
        (["::ffff:192.168.1.20"], "192.168.1.20"),
        (["2001:db8::1", "192.168.1.20"], "192.168.1.20"),  # of several, the one that is near
        (["192.168.1.50", "192.168.1.20"], "192.168.1.20"),
    ],
)
def test_a_host_in_a_network_of_the_box_may_be_tested(addresses: list[str], used: str) -> None:
    assert address_of("meter", located(*addresses)) == used


@pytest.mark.req("MET-2")
@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("203.0.113.7", "is not in the box's own network, 192.168.1.0/24, 10.8.0.0/31, fd00::/64"),
        ("192.168.2.20", "is not in the box's own network"),
        ("::ffff:203.0.113.7", "is not in the box's own network"),
        ("192.168.1.0", "is not in the box's own network"),  # the network itself
        ("192.168.1.255", "is not in the box's own network"),  # all hosts of it
        ("224.0.0.1", "is not in the box's own network"),
        ("ff02::1", "is not in the box's own network"),
        ("127.0.0.1", "is the box itself"),
        ("127.8.9.10", "is the box itself"),
        ("::1", "is the box itself"),
        ("::ffff:127.0.0.1", "is the box itself"),
        ("0.0.0.0", "is the box itself"),
        ("::", "is the box itself"),
        ("192.168.1.50", "is the box itself"),
        ("::ffff:192.168.1.50", "is the box itself"),
        ("fd00::50", "is the box itself"),
    ],
)
def test_any_other_host_is_refused_with_its_address(address: str, text: str) -> None:
    with pytest.raises(OutsideError) as refused:
        address_of("meter", located(address))
    assert text in str(refused.value)


def test_a_host_that_nobody_knows_is_named() -> None:
    with pytest.raises(OutsideError, match="nowhere: no host of this name is known"):
        address_of("nowhere", located("192.168.1.20"))


def test_without_a_network_there_is_no_host() -> None:
    with pytest.raises(OutsideError, match="is not in the box's own network; it is in none"):
        address_of("meter", located("192.168.1.20", networks=()))


def test_the_loopback_may_be_tested_where_the_launch_file_says_so() -> None:
    assert address_of("meter", located("127.0.0.1", networks=LOOPBACK)) == "127.0.0.1"


@given(address=st.ip_addresses())
def test_no_address_outside_passes(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    try:
        used = ipaddress.ip_address(address_of("meter", located(str(address))))
    except OutsideError:
        return
    assert any(used in ipaddress.ip_network(network) for network in NETWORKS)
    assert str(used) not in OWN
    assert not used.is_loopback


def test_the_own_addresses_are_those_that_this_machine_can_bind() -> None:
    own = own_addresses()
    for text in own.addresses:
        address = ipaddress.ip_address(text)
        assert not address.is_loopback
        assert any(address in ipaddress.ip_network(network) for network in own.networks)
        if address.is_link_local:
            continue  # needs the interface as well
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        with closing(socket.socket(family, socket.SOCK_STREAM)) as one:
            one.bind((text, 0))
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asking:
        try:
            asking.connect(("203.0.113.1", 9))  # sends nothing
        except OSError:
            return  # this machine has no route
        assert asking.getsockname()[0] in own.addresses
