"""The IPv4 addresses of this machine, and the one of its default route (WEB-3)."""

import fcntl
import socket
import struct
from contextlib import closing
from pathlib import Path

from web.page_snapshot import LiveAddress

SIOCGIFADDR = 0x8915  # netdevice(7): the address of an interface
WIRELESS = Path("/sys/class/net")
# RFC 5737: a documentation address. Connecting a datagram socket sends nothing.
SOMEWHERE = ("203.0.113.1", 9)


def addresses() -> tuple[LiveAddress, ...]:
    """Return the addresses that others can reach, the one in use first. Fast: no DNS."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asking:
        used = _address_in_use(asking)
        found = [
            LiveAddress(ip=ip, interface=_words(name), in_use=ip == used)
            for _, name in socket.if_nameindex()
            if (ip := _address_of(asking, name)) and not ip.startswith("127.")
        ]
    return tuple(sorted(found, key=lambda each: not each.in_use))


def _address_of(asking: socket.socket, interface: str) -> str:
    request = struct.pack("256s", interface.encode()[:15])
    try:
        reply = fcntl.ioctl(asking.fileno(), SIOCGIFADDR, request)
    except OSError:
        return ""
    return socket.inet_ntoa(reply[20:24])


def _address_in_use(asking: socket.socket) -> str:
    try:
        asking.connect(SOMEWHERE)
        return str(asking.getsockname()[0])
    except OSError:
        return ""


def _words(interface: str) -> str:
    """Return the manual's name of an interface, or its own."""
    if (WIRELESS / interface / "wireless").exists() or interface.startswith("wl"):
        return "WLAN / WiFi"
    return "LAN" if interface.startswith(("e", "lan")) else interface
