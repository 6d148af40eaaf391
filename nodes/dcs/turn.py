"""One step of dcs: the state as it changes, and what is to be done. Used within `machine.step`."""

from typing import Any

from msgspec.structs import replace

from bus.moment import Moment
from msgs.dcs import CardDecision
from msgs.method import Method
from nodes.dcs import clock
from nodes.dcs.box_asks import Asked, ConnectorReport, Registration
from nodes.dcs.dialect import FrameFault, ServiceRequest
from nodes.dcs.events import Reply, TokenInfo, VendorMessage, Verdict
from nodes.dcs.kept import Durable
from nodes.dcs.link import Destination
from nodes.dcs.local_list import listed
from nodes.dcs.state import BusRequest, Held, Inputs, Sent, State, Waiting

SECRET = "secret"  # a kind of what is stored
MOST_WAITING = 32  # calls that are lost with the connection; assumed


class Turn:
    """The state during one step; the parts of the machine change it one after the other."""

    def __init__(self, state: State, inputs: Inputs) -> None:
        self.state = state
        self.before = state.durable
        self.inputs = inputs
        self.moment = Moment(inputs.now_s)
        self.lines: list[tuple[str, str]] = []
        self.connect: Destination | None = None
        self.disconnects = False
        self.pings = False
        self.sends: list[Sent] = []
        self.requests: list[BusRequest] = []
        self.decisions: list[tuple[int, CardDecision]] = []
        self.unpaired: str | None = None
        self.uses_jitter = False

    # --- the state -----------------------------------------------------------------------------

    @property
    def now_s(self) -> float:
        """Return monotonic time [s]."""
        return self.inputs.now_s

    @property
    def durable(self) -> Durable:
        """Return what is, or will be, on the disk."""
        return self.state.durable

    def set(self, **changes: Any) -> None:
        """Change fields of the state."""
        self.state = replace(self.state, **changes)

    def keep(self, **changes: Any) -> None:
        """Change fields of what is on the disk."""
        self.state = replace(self.state, durable=replace(self.state.durable, **changes))

    @property
    def utc_ns(self) -> int | None:
        """Return UTC [ns]; None: it is not known."""
        inputs = self.inputs
        box_ahead_ns = inputs.wall_offset_ns if inputs.is_utc_set else None
        return clock.utc_ns(self.state.clock, inputs.now_s, box_ahead_ns)

    @property
    def is_synchronised(self) -> bool:
        """Return whether this box belongs to the service that it uses."""
        service = self.inputs.service
        if service is None:
            return False
        return service.is_given or self.durable.pairing.url == service.url

    @property
    def is_online(self) -> bool:
        """Return whether the service has accepted this box, which belongs to it."""
        return self.is_accepted and self.is_synchronised

    @property
    def is_accepted(self) -> bool:
        """Return whether the service has accepted this box, over an open connection."""
        is_accepted = self.state.registered.last is Registration.ACCEPTED
        return self.state.link.is_open and is_accepted

    def listed(self, token: str) -> TokenInfo | None:
        """Return what the service's list says of a token; None: it is not in it."""
        utc_ns = self.utc_ns
        return listed(self.durable.local_list, token, None if utc_ns is None else utc_ns / 1e9)

    def keep_secret(self, name: str, secret: bytes | None) -> None:
        """Store a secret in a file of its own; None: delete it."""
        store = self.state.store
        waiting = store.waiting | {(SECRET, name): secret}
        self.set(store=replace(store, waiting=waiting, is_urgent=True))

    # --- what is to be done --------------------------------------------------------------------

    def log(self, level: str, text: str) -> None:
        """Log a line. It may have a text of the service, which cannot begin another line."""
        if not text.isprintable():
            text = "".join(each if each.isprintable() else "?" for each in text)
        self.lines.append((level, text))

    def request(self, method: Method[Any, Any], arguments: Any, key: str) -> None:
        """Send a request to another node; its answer comes as `Replied` with the key."""
        self.requests.append(BusRequest(method=method, arguments=arguments, key=key))

    def jitter(self) -> float:
        """Return a random number from 0 to 1, once for each step."""
        self.uses_jitter = True
        return self.inputs.jitter

    def answer(self, request: ServiceRequest, reply: Any) -> None:
        """Answer a request of the service, once what this step has changed is on the disk."""
        self.set(held=(*self.state.held, Held(request=request, reply=reply)))

    def verdict(self, request: ServiceRequest, verdict: Verdict, why: str = "") -> None:
        """Answer a request with a verdict, and log why it is not carried out."""
        if why:
            name = type(request.asked).__name__
            self.log("info", f"{name} of the service: {verdict.replace('_', ' ')}: {why}")
        self.answer(request, Reply(verdict=verdict))

    def refuse(self, message_id: str, fault: FrameFault, text: str) -> None:
        """Answer a request with an error."""
        self.sends.append(Sent(message_id=message_id, fault=fault, text=text))

    def wait(self, waiting: Waiting) -> None:
        """Queue a call; it replaces one with its key. The oldest is dropped if there are many."""
        outbox = self.state.outbox
        others = tuple(each for each in outbox.waiting if each.key != waiting.key)
        self.set(outbox=replace(outbox, waiting=(*others, waiting)[-MOST_WAITING:]))

    def unsent(self, asked: Asked) -> None:
        """Note a report that the service has perhaps not got: it is sent again when it can be."""
        if isinstance(asked, ConnectorReport):
            box, own = self.state.reports
            self.set(reports=(None, own) if asked.connector == 0 else (box, None))
        elif isinstance(asked, VendorMessage):
            self.set(reported_choice=("", None))

    def call(self, message_id: str, asked: Asked) -> None:
        """Send a call."""
        self.sends.append(Sent(message_id=message_id, call=asked))
