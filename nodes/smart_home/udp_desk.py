"""The UDP interface: commands in, answers and news out. The decisions are in the pure files."""

from collections.abc import Callable
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from bus import Answer, Bus, Timer
from msgs.methods import LIST_SESSIONS
from msgs.session import SessionRecord, SessionsArguments
from nodes.smart_home import senders, udp_reports, words
from nodes.smart_home.datagrams import Datagram, Datagrams
from nodes.smart_home.orders import Outcome, StartOrder, StopOrder
from nodes.smart_home.senders import NO_SENDERS, PORT
from nodes.smart_home.snapshot import BoxSnapshot
from nodes.smart_home.state import OrderCall
from nodes.smart_home.udp_commands import (
    FIRST_SESSION,
    LAST_SESSION,
    Info,
    Nothing,
    Report,
    SetRelay,
    Unknown,
    UnlockSocket,
    parse,
)
from nodes.smart_home.udp_reports import Identity

NEWS_PERIOD_S = 0.5
ENERGY_S = 10.0  # assumed: between two news of the energy alone
NETWORKS_S = 10.0  # assumed: the networks of the box may change
RETRY_S = 10.0  # assumed: a port that is in use is tried again
SESSIONS = LAST_SESSION - FIRST_SESSION + 1


class UdpSettings(Struct, frozen=True, kw_only=True):
    """How the interface is used; equal ones change nothing."""

    is_on: bool = False
    allowed: tuple[str, ...] = ()
    may_start: bool = False  # with a card
    shows_tags: bool = False


OFF = UdpSettings()


class UdpDesk:
    """One socket, while the settings have it on."""

    def __init__(
        self,
        bus: Bus,
        datagrams: Datagrams,
        place: tuple[str, int],
        identity: Identity,
        see: Callable[[], BoxSnapshot],
        order: Callable[[OrderCall], None],
        number: Callable[[], int],
    ) -> None:
        """`order` carries out an order; `answer` is called with its outcome later.

        :param number: gives the next number of an order.
        """
        self._bus, self._datagrams = bus, datagrams
        self._host, self._port = place
        self._identity, self._see, self._order = identity, see, order
        self._number = number
        self._settings = OFF
        self._networks: tuple[str, ...] = ()
        self._networks_s = 0.0  # when they are read again
        self._senders = NO_SENDERS
        self._open: dict[int, Datagram] = {}  # orders that are not answered yet
        self._output = 0
        self._news: BoxSnapshot | None = None
        self._news_energy_s = 0.0
        self._news_timer: Timer | None = None
        self._retry_s = 0.0
        self.problem = ""  # why it does not answer
        self.identity_dip = 0
        self.has_service = False

    def use(self, settings: UdpSettings) -> None:
        """Open or close the interface, as the settings say."""
        if settings == self._settings and not self.problem:
            return
        now_s = self._bus.clock.now_s()
        if self.problem and settings == self._settings and now_s < self._retry_s:
            return
        was_on, self._settings = self._settings.is_on and not self.problem, settings
        if not settings.is_on:
            self._datagrams.close()
            self.problem, self._news, self._senders = "", None, NO_SENDERS
            return
        self._networks_s = 0.0
        if was_on:
            return
        before = self.problem
        self.problem = self._datagrams.open(self._host, self._port, self._receive)
        self._retry_s = now_s + RETRY_S
        if self.problem and self.problem != before:
            self._bus.log("error", f"the UDP interface: {self.problem}")
        elif not self.problem:
            self._bus.log("info", f"the UDP interface answers at port {self._port}")

    def answer(self, number: int, outcome: Outcome) -> None:
        """Answer an order."""
        datagram = self._open.pop(number, None)
        if datagram is None:
            return
        if outcome.is_wrong_card:
            now_s = self._bus.clock.now_s()
            self._senders = senders.note_wrong_card(self._senders, datagram.address, now_s)
        text = udp_reports.error(outcome.refusal) if outcome.refusal else udp_reports.OK
        self._reply(datagram, text)

    # --- commands ------------------------------------------------------------------------------

    def _receive(self, datagram: Datagram) -> None:
        settings, now_s = self._settings, self._bus.clock.now_s()
        if not settings.is_on:
            return
        if now_s >= self._networks_s:
            self._networks, self._networks_s = self._datagrams.networks(), now_s + NETWORKS_S
        if not senders.may_send(datagram.address, settings.allowed, self._networks):
            return
        command = parse(datagram.content)
        if isinstance(command, Nothing):
            return
        cost = 1.0 if datagram.port == PORT else 2.0  # a copy goes to the port that it came from
        self._senders, is_admitted = senders.admit(self._senders, datagram.address, now_s, cost)
        if not is_admitted:
            return
        if self._news_timer is None:
            self._news = self._see()
            self._news_timer = self._bus.every(NEWS_PERIOD_S, self._send_news)
        match command:
            case Info():
                self._reply(datagram, udp_reports.info(self._identity))
            case Report():
                self._report(datagram, command.number)
            case SetRelay():
                self._output = command.value
                self._reply(datagram, udp_reports.OK)
            case UnlockSocket():
                self._reply(datagram, udp_reports.OK)
            case Unknown():
                self._reply(datagram, udp_reports.error(command.expected))
            case StartOrder(tag=str()) | StopOrder(tag=str()) if senders.is_blocked(
                self._senders, datagram.address, now_s
            ):
                self._reply(datagram, udp_reports.error(words.BLOCKED))
            case _:
                number = self._number()
                self._open[number] = datagram
                self._order(
                    OrderCall(
                        number=number,
                        order=command,
                        sender=datagram.address,
                        words=words.order(command),
                        may_start=settings.may_start,
                    )
                )

    def _report(self, datagram: Datagram, number: int) -> None:
        if number < FIRST_SESSION:
            self._reply(datagram, self._plain_report(number))
            return
        arguments = SessionsArguments(limit=SESSIONS)
        self._bus.request(LIST_SESSIONS, arguments, partial(self._on_sessions, datagram, number))

    def _plain_report(self, number: int) -> str:
        seen, at = self._see(), self._moment()
        identity = replace(self._identity, dip=self.identity_dip)
        match number:
            case 1:
                return udp_reports.report_1(identity, at)
            case 2:
                return udp_reports.report_2(seen, identity, at, self._output)
            case _:
                return udp_reports.report_3(seen, identity, at)

    def _on_sessions(
        self, datagram: Datagram, number: int, answer: Answer[tuple[SessionRecord, ...]]
    ) -> None:
        if answer.result is None:
            self._reply(datagram, udp_reports.error(words.NO_SESSIONS))
            return
        record = udp_reports.session_of(number, answer.result)
        text = udp_reports.report_session(
            number,
            record,
            self._see(),
            self._identity,
            self._moment(),
            shows_tags=self._settings.shows_tags,
        )
        self._reply(datagram, text)

    def _moment(self) -> udp_reports.ReportTime:
        clock = self._bus.clock
        return udp_reports.ReportTime(
            uptime_s=int(clock.now_s()),
            is_utc_set=clock.is_utc_set(),
            has_service=self.has_service,
        )

    def _send_news(self) -> None:
        """Send what has changed to the last sender (UDP guide, page 35)."""
        now_s = self._bus.clock.now_s()
        address = senders.news_to(self._senders, now_s) if self._settings.is_on else ""
        if not address:
            self._news = None
            if self._news_timer is not None:
                self._news_timer.cancel()
                self._news_timer = None
            return
        seen, before = self._see(), self._news
        if before is not None and seen.session_dwh != before.session_dwh:
            if now_s < self._news_energy_s + ENERGY_S:
                seen = replace(seen, session_dwh=before.session_dwh)
            else:
                self._news_energy_s = now_s
        self._news = seen
        for text in () if before is None else udp_reports.pushed(before, seen):
            self._send(address, PORT, text)

    def _reply(self, datagram: Datagram, text: str) -> None:
        self._send(datagram.address, PORT, text)
        if datagram.port != PORT:
            self._send(datagram.address, datagram.port, text)

    def _send(self, address: str, port: int, text: str) -> None:
        content = text.encode("ascii", "replace")
        self._datagrams.send(Datagram(content=content, address=address, port=port))
