"""The Modbus interface: requests in, answers out. The decisions are in the pure files."""

from collections.abc import Callable
from functools import partial

from msgspec import Struct

from bus import Bus
from nodes.modbus_map.exceptions import DEVICE_FAILURE
from nodes.smart_home import modbus_pace, modbus_registers, words
from nodes.smart_home.modbus_pace import NO_PACE
from nodes.smart_home.modbus_registers import NO_PARTS, WRITE, ShownBox
from nodes.smart_home.modbus_server import (
    WRITTEN,
    ModbusReply,
    ModbusRequest,
    ModbusServer,
    Replying,
)
from nodes.smart_home.orders import Order, Outcome
from nodes.smart_home.senders import may_send
from nodes.smart_home.snapshot import BoxSnapshot
from nodes.smart_home.state import OrderCall

MODBUS_PORT = 502  # smart_home.md 2
RETRY_S = 10.0  # assumed: a port that is in use is tried again
NETWORKS_S = 10.0  # assumed: the networks of the box may change
ANSWER_S = 5.0  # assumed: for an order that is not stored by then

FAILED = ModbusReply(exception=DEVICE_FAILURE)


class ModbusSettings(Struct, frozen=True, kw_only=True):
    """How the interface is used; equal ones change nothing."""

    is_on: bool = False
    allowed: tuple[str, ...] = ()
    has_tags: bool = False  # the register of the card shows it


MODBUS_OFF = ModbusSettings()


class _OpenOrder(Struct, frozen=True, kw_only=True):
    """An order that is not answered yet."""

    order: Order
    reply: Replying


class ModbusDesk:
    """One port, while the settings have it on. See `modbus_server.ModbusHandler`."""

    def __init__(
        self,
        bus: Bus,
        server: ModbusServer,
        place: tuple[str, int],
        serial: str,
        networks: Callable[[], tuple[str, ...]],
        see: Callable[[], BoxSnapshot],
        order: Callable[[OrderCall], None],
        number: Callable[[], int],
    ) -> None:
        """`order` carries out an order; `answer` is called with its outcome later.

        :param networks: those that the box is in.
        :param number: gives the next number of an order.
        """
        self._bus, self._server = bus, server
        self._host, self._port = place
        self._serial = int(serial) if serial.isdecimal() else 0
        self._find_networks, self._see = networks, see
        self._order, self._number = order, number
        self._settings = MODBUS_OFF
        self._networks: tuple[str, ...] = ()
        self._networks_s = -NETWORKS_S
        self._pace = NO_PACE
        self._parts = NO_PARTS
        self._open: dict[int, _OpenOrder] = {}
        self._retry_s = 0.0
        self.problem = ""  # why it does not answer

    def use(self, settings: ModbusSettings) -> None:
        """Open or close the interface, as the settings say."""
        now_s = self._bus.clock.now_s()
        is_same = settings == self._settings
        if is_same and not (self.problem and now_s >= self._retry_s):
            return
        was_on, self._settings = self._settings.is_on and not self.problem, settings
        if not settings.is_on:
            self._server.close()
            self.problem, self._parts = "", NO_PARTS
            return
        if was_on:
            return
        before = self.problem
        self.problem = self._server.open(self._host, self._port, self)
        self._retry_s = now_s + RETRY_S
        if self.problem and self.problem != before:
            self._bus.log("error", f"the Modbus interface: {self.problem}")
        elif not self.problem:
            self._bus.log("info", f"the Modbus interface answers at port {self._port}")

    def answer(self, number: int, outcome: Outcome) -> None:
        """Answer an order."""
        opened = self._open.pop(number, None)
        if opened is None:
            return
        if not outcome.refusal:
            self._parts = modbus_registers.after(opened.order, self._parts)
        opened.reply(FAILED if outcome.refusal else WRITTEN)

    # --- requests ------------------------------------------------------------------------------

    def admits(self, client: str) -> bool:
        """See `modbus_server.ModbusHandler.admits`."""
        now_s = self._bus.clock.now_s()
        if not self._settings.allowed and now_s >= self._networks_s + NETWORKS_S:
            self._networks, self._networks_s = self._find_networks(), now_s
        return self._settings.is_on and may_send(client, self._settings.allowed, self._networks)

    def serve(self, request: ModbusRequest, reply: Replying) -> None:
        """See `modbus_server.ModbusHandler.serve`."""
        now_s, is_write = self._bus.clock.now_s(), request.function == WRITE
        self._pace, at_s = modbus_pace.turn(self._pace, request.client, now_s, is_write=is_write)
        if at_s > now_s:
            self._bus.at(at_s, partial(self._serve, request, reply))
        else:
            self._serve(request, reply)

    def _serve(self, request: ModbusRequest, reply: Replying) -> None:
        if not self._settings.is_on:  # meanwhile; its connection is closed
            reply(FAILED)
            return
        refused = modbus_registers.refusal(request)
        if refused is not None:
            reply(refused)
        elif request.function == WRITE:
            self._write(request, reply)
        else:
            shown = ShownBox(
                seen=self._see(), serial=self._serial, has_tags=self._settings.has_tags
            )
            reply(modbus_registers.read(request, shown))

    def _write(self, request: ModbusRequest, reply: Replying) -> None:
        written = modbus_registers.write(request, self._see(), self._parts)
        self._parts = written.parts
        if written.order is None:
            reply(written.reply)
            return
        number = self._number()
        self._open[number] = _OpenOrder(order=written.order, reply=reply)
        self._bus.at(self._bus.clock.now_s() + ANSWER_S, partial(self._expire, number))
        self._order(
            OrderCall(
                number=number,
                order=written.order,
                sender=request.client,
                words=words.order(written.order),
            )
        )

    def _expire(self, number: int) -> None:
        """Answer an order that is in force, but not known to be stored in time."""
        opened = self._open.pop(number, None)
        if opened is not None:
            opened.reply(FAILED)
