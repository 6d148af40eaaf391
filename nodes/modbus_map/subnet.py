"""Whether an address is in a network of the box itself (MET-2), and which networks these are.

A person at the page names the host of a test. Without this check anybody who has the page could use
the box to search other networks, or the services that the box offers to itself alone.
"""

import ipaddress
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from nodes.modbus_map.transport import Located

LOOPBACK = ("127.0.0.0/8", "::1/128")

# rtnetlink(7), linux/rtnetlink.h, linux/if_addr.h
_GET_ADDRESSES, _ADDRESS = 22, 20  # RTM_GETADDR, RTM_NEWADDR; NLMSG_DONE and errors end
_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_INTERFACE = struct.Struct("=BBBBI")  # family, prefix, flags, scope, interface
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_PEER, _LOCAL = 1, 2  # IFA_ADDRESS, IFA_LOCAL
_MOST_BYTES = 65536  # of one answer; the kernel uses at most 32 KiB

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class OutsideError(Exception):
    """Raised for a host that must not be tested; the text is for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAddresses:
    """The addresses of this machine, and the networks of its interfaces but the loopback."""

    addresses: tuple[str, ...]
    networks: tuple[str, ...]


def address_of(host: str, located: Located) -> str:
    """Return the address under which a host may be tested.

    :raises OutsideError: the host is not known, is the box, or is in no network of the box; or
        these are not known.
    """
    found = [_plain(address) for address in located.addresses.get(host, ())]
    if not found:
        raise OutsideError(f"{host}: no host of this name is known")
    if located.problem:
        raise OutsideError(f"the networks of the box are not known: {located.problem}")
    networks = [ipaddress.ip_network(each) for each in located.networks]
    own = {_plain(address) for address in located.own}
    for address in found:
        if address not in own and any(_is_host_of(address, each) for each in networks):
            return str(address)
    if any(each in own or each.is_loopback or each.is_unspecified for each in found):
        raise OutsideError(f"{host} is the box itself; expected a meter in its network")
    where = ", ".join(str(each) for each in networks if not each.is_link_local)
    near = f"the box's own network, {where}" if where else "the box's own network; it is in none"
    raise OutsideError(f"{host} ({found[0]}) is not in {near}")


def own_addresses() -> OwnAddresses:
    """Return the addresses of this machine, by rtnetlink; those of the loopback are left out."""
    found = [each for each in _interfaces() if not each.ip.is_loopback]
    return OwnAddresses(
        addresses=tuple(str(each.ip) for each in found),
        networks=tuple(dict.fromkeys(str(each.network) for each in found)),
    )


def _plain(address: str) -> Address:
    """Return an address; an IPv4 address inside of one of IPv6 as what it is."""
    parsed = ipaddress.ip_address(address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed


def _is_host_of(address: Address, network: Network) -> bool:
    """Return whether an address is one host of a network: not the network, nor all of its hosts."""
    if address not in network or address.is_unspecified or address.is_multicast:
        return False
    is_small = network.max_prefixlen - network.prefixlen < 2  # each address is a host, RFC 3021
    return is_small or address not in (network.network_address, network.broadcast_address)


def _interfaces() -> Iterator[ipaddress.IPv4Interface | ipaddress.IPv6Interface]:
    """Yield each address of this machine with its network.

    :raises OSError: the kernel does not answer.
    """
    body = _INTERFACE.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    request = _HEADER.pack(_HEADER.size + len(body), _GET_ADDRESSES, _DUMP, 1, 0) + body
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(1.0)  # it answers at once
        kernel.bind((0, 0))
        kernel.send(request)
        is_done = False
        while not is_done:
            for kind, message in _messages(kernel.recv(_MOST_BYTES)):
                is_done = is_done or kind != _ADDRESS
                if kind == _ADDRESS:
                    yield from _interface(message)


def _messages(answer: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of each message in an answer of the kernel."""
    while len(answer) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(answer)
        yield kind, answer[_HEADER.size : length]
        answer = answer[_aligned(length) :]


def _interface(
    message: bytes,
) -> Iterator[ipaddress.IPv4Interface | ipaddress.IPv6Interface]:
    """Yield the address of one message; of a point-to-point link, the box's own end."""
    _, prefix, *_ = _INTERFACE.unpack_from(message)
    found: dict[int, bytes] = {}
    rest = message[_INTERFACE.size :]
    while len(rest) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(rest)
        if length < _ATTRIBUTE.size:
            return
        found[kind] = rest[_ATTRIBUTE.size : length]
        rest = rest[_aligned(length) :]
    local = found.get(_LOCAL, found.get(_PEER))
    if local is not None:
        yield ipaddress.ip_interface((ipaddress.ip_address(local), prefix))


def _aligned(length: int) -> int:
    return max((length + 3) & ~3, 4)
