"""The messages between the supervisor, the warm parent and a node's process.

Each message is one packet of a socket pair (SOCK_SEQPACKET): msgpack, and descriptors with it. An
end of file means that the other side has ended.
"""

import array
import contextlib
import socket
from typing import TypeVar

import msgspec
from msgspec import Struct

from launch.node_entry import NodeEntry

S = TypeVar("S", bound=Struct)

MOST_BYTES = 256 * 1024


class NodeList(Struct, frozen=True, kw_only=True):
    """To the warm parent, once, before any order: the nodes of the plan."""

    nodes: tuple[NodeEntry, ...]
    folders: tuple[str, ...]  # searched for packages after all others


class Order(Struct, frozen=True, kw_only=True):
    """To the warm parent, and through it to the process: the node that it is to run.

    Two descriptors are sent with it: the process's end of its socket pair, and its log.
    """

    entry: NodeEntry
    run_dir: str
    state_dir: str
    peers: tuple[str, ...]
    supervisor: int  # pid
    parent_death: int  # signal
    cpu: tuple[int, ...]
    nice: int
    scheduling: str
    realtime: bool


class Forked(Struct, frozen=True, tag="forked"):
    """From the process: it exists, and dies with the supervisor."""

    pid: int


class Checked(Struct, frozen=True, tag="checked"):
    """From the process: imported, parameters valid, nothing opened; it waits for Go."""


class Ready(Struct, frozen=True, tag="ready"):
    """From the process: bound, configured, drivers open."""

    incarnation: int


class Failed(Struct, frozen=True, tag="failed"):
    """From the process: why it ends, in one line."""

    why: str


class Go(Struct, frozen=True, tag="go"):
    """To the process: open sockets and drivers."""


ProcessMessage = Forked | Checked | Ready | Failed | Go

_ENCODER = msgspec.msgpack.Encoder()
_NODE_LISTS = msgspec.msgpack.Decoder(NodeList)
_ORDERS = msgspec.msgpack.Decoder(Order)
_MESSAGES: msgspec.msgpack.Decoder[ProcessMessage] = msgspec.msgpack.Decoder(ProcessMessage)


def pair() -> tuple[socket.socket, socket.socket]:
    """Return the two ends of a connection; both close on exec."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send_message(connection: socket.socket, message: ProcessMessage) -> None:
    """Send one message. A closed connection is detected by its end of file, not here."""
    try:
        connection.send(_ENCODER.encode(message))
    except OSError:
        return


def receive_message(connection: socket.socket) -> ProcessMessage | None:
    """Return the next message; None at the end of file.

    :raises BlockingIOError: no message, on a connection that does not block.
    """
    try:
        packet = connection.recv(MOST_BYTES)
    except ConnectionError:
        return None
    return _MESSAGES.decode(packet) if packet else None


def send_node_list(connection: socket.socket, node_list: NodeList) -> None:
    """Send the list of nodes. A closed connection is detected by its end of file, not here."""
    with contextlib.suppress(OSError):
        connection.send(_ENCODER.encode(node_list))


def receive_node_list(connection: socket.socket) -> NodeList | None:
    """Return the list of nodes; None at the end of file."""
    packet = connection.recv(MOST_BYTES)
    return _NODE_LISTS.decode(packet) if packet else None


def send_order(connection: socket.socket, order: Order, fds: tuple[int, int]) -> None:
    """Send an order with its descriptors.

    :raises OSError: the warm parent has ended, or has too many orders waiting.
    """
    connection.sendmsg(
        [_ENCODER.encode(order)],
        [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))],
    )


def receive_order(connection: socket.socket) -> tuple[Order, tuple[int, int]] | None:
    """Return the next order with its descriptors; None at the end of file."""
    packet, fds, _, _ = socket.recv_fds(connection, MOST_BYTES, 2)
    if not packet:
        return None
    return _ORDERS.decode(packet), (fds[0], fds[1])
