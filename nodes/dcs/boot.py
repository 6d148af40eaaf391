"""The connection and the registration: connect, register, beat, find a dead link. Pure.

    closed --retry--> opening --Opened--> open: Boot --Accepted--> online
                                            |  Pending, Rejected: Boot again after the interval
                                            +-- silent: a ping; no sign after it: closed as dead

A new connection without a restart of the box needs no new Boot (OCPP 1.6, section 4.2). Until the
service has accepted this box nothing but Boot is sent, answers and triggered messages excepted; of
a service that has rejected it not even requests are answered.
"""

import math

from msgspec.structs import replace

from nodes.dcs import clock, outbox
from nodes.dcs.box_asks import Beat, Boot, BootAnswer, Registration
from nodes.dcs.link import (
    Closed,
    CloseReason,
    Destination,
    FrameReceived,
    LongFrame,
    Opened,
    Ponged,
)
from nodes.dcs.state import LinkState, Registered, Waiting
from nodes.dcs.turn import Turn
from nodes.dcs.variables import seconds_of

LEAST_BACKOFF_S = 5.0  # assumed; doubled with each failure, and up to twice as long by chance
MOST_BACKOFF_S = 300.0  # assumed
OPENING_S = 30.0  # assumed: a connection takes no longer, with name, proxy and TLS
PONG_S = 10.0  # assumed: a mobile network answers a ping within it
OWN_INTERVAL_S = 60.0  # assumed: between two Boots if the service names none, or does not answer
LEAST_INTERVAL_S = 5.0  # assumed: a shorter interval of the service is not followed
MOST_INTERVAL_S = 86_400.0  # a longer one neither: as HeartbeatInterval, it is a day at most

VENDOR, MODEL = "Open Wallbox", "Wallbox Connect"  # assumed; 20 characters each (CiString20)

BEAT, BOOT = "beat", "boot"  # keys of calls


def follow_link(turn: Turn) -> None:
    """Take the event of the connection; close or open it."""
    link = turn.state.link
    match turn.inputs.link:
        case Opened():
            _opened(turn)
        case Closed(reason=reason, text=text):
            lost(turn, reason, text)
        case FrameReceived() | LongFrame() | Ponged():
            turn.set(link=replace(link, heard_s=turn.now_s, pong_by_s=math.inf, failures=0))
        case None:
            pass
    link = turn.state.link
    destination = destination_of(turn)
    if link.destination != destination:
        if link.is_open or link.is_opening:
            turn.disconnects = True
        turn.set(link=LinkState(destination=destination))
        _forget_connection(turn)
        turn.set(registered=Registered())
    elif link.is_open:
        _watch(turn)
    elif link.is_opening and turn.moment.reached(link.heard_s + OPENING_S):
        turn.disconnects = True
        lost(turn, CloseReason.UNREACHABLE, f"no connection within {OPENING_S:g} s")
    link = turn.state.link
    if destination is None or link.is_open or link.is_opening:
        return
    if turn.moment.reached(link.retry_s):
        turn.connect = destination
        turn.set(link=replace(link, is_opening=True, heard_s=turn.now_s))


def destination_of(turn: Turn) -> Destination | None:
    """Return where to connect to, and as whom; None: nowhere."""
    service, pairing = turn.inputs.service, turn.durable.pairing
    if service is None or turn.inputs.stop is not None:
        return None
    if turn.state.reconnects:  # the answer to the request that asks for it comes first
        return turn.state.link.destination
    is_own = pairing.url == service.url
    is_given = service.security_profile > 0 and not pairing.has_key  # an installer has put it there
    return Destination(
        url=service.url,
        identity=turn.inputs.serial,
        is_password_sent=is_given or (pairing.has_key and is_own),  # no service gets another's key
        is_tls_needed=service.security_profile > 1,
        proxy=service.proxy,
    )


def security_profile(turn: Turn) -> int:
    """Return the security profile: 0 neither, 1 the key of this box, 2 TLS as well."""
    destination = turn.state.link.destination
    if destination is None or not destination.is_password_sent:
        return 0
    return 2 if destination.url.startswith("wss:") else 1


def _opened(turn: Turn) -> None:
    turn.log("info", f"connected to {turn.state.link.destination_words}")
    link = replace(
        turn.state.link,
        is_opening=False,
        is_open=True,
        heard_s=turn.now_s,
        pong_by_s=math.inf,
        problem=None,
        text="",
    )
    turn.set(link=link)
    plan_ping(turn)


def plan_ping(turn: Turn) -> None:
    """Set when the link is pinged next; 0 s: never."""
    every_s = seconds_of(turn, "WebSocketPingInterval") or math.inf
    turn.set(link=replace(turn.state.link, ping_s=turn.now_s + every_s))


def lost(turn: Turn, reason: CloseReason, text: str) -> None:
    """Note that there is no connection; try again after a while."""
    link = turn.state.link
    if reason is not link.problem or link.is_open:
        turn.log("warning", f"no connection to {link.destination_words}: {text or reason}")
    failures = link.failures + 1
    backoff_s = min(LEAST_BACKOFF_S * 2.0 ** min(failures - 1, 16), MOST_BACKOFF_S)
    link = replace(
        link,
        is_opening=False,
        is_open=False,
        failures=failures,
        retry_s=turn.now_s + backoff_s * (1.0 + turn.jitter()),
        ping_s=math.inf,
        pong_by_s=math.inf,
        problem=reason,
        text=text,
    )
    if turn.state.link.is_open:
        outbox.cut(turn)
    turn.set(link=link)
    _forget_connection(turn)


def reconnect(turn: Turn) -> None:
    """Close the connection and open another one, as after a change of the key."""
    turn.disconnects = True
    turn.set(link=LinkState(destination=turn.state.link.destination), registered=Registered())
    _forget_connection(turn)


def _forget_connection(turn: Turn) -> None:
    """Drop what belongs to a connection: the open call, calls that wait, answers that wait."""
    calls = turn.state.outbox
    for waiting in calls.waiting:
        turn.unsent(waiting.asked)
    if calls.call is not None:
        turn.unsent(calls.call.asked)
    turn.set(outbox=replace(calls, call=None, waiting=()), held=())


def _watch(turn: Turn) -> None:
    """Ping a silent link; close one that does not answer."""
    link = turn.state.link
    if turn.moment.reached(link.pong_by_s):
        turn.disconnects = True
        lost(turn, CloseReason.LOST, f"no sign within {PONG_S:g} s of a ping")
        return
    if turn.moment.reached(link.ping_s):
        turn.pings = True
        turn.set(link=replace(link, pong_by_s=turn.now_s + PONG_S))
        plan_ping(turn)


def register(turn: Turn) -> None:
    """Queue a Boot or a Beat that is due."""
    if not turn.state.link.is_open:
        return
    registered, call = turn.state.registered, turn.state.outbox.call
    if registered.last is not Registration.ACCEPTED or registered.is_asked_again:
        is_open = call is not None and isinstance(call.asked, Boot)
        if not is_open and turn.moment.reached(registered.boot_s):
            serial = turn.inputs.serial
            boot = Boot(serial=serial, firmware=turn.inputs.firmware, model=MODEL, vendor=VENDOR)
            turn.wait(Waiting(asked=boot, key=BOOT, is_early=True))
    elif turn.moment.reached(registered.beat_s):
        turn.wait(Waiting(asked=Beat(), key=BEAT))
        turn.set(registered=replace(registered, beat_s=turn.now_s + registered.interval_s))


def booted(turn: Turn, answer: BootAnswer) -> None:
    """Take the service's answer to a Boot."""
    before = turn.state.registered.last
    is_new = before is not answer.registration
    if is_new:
        turn.log("info", f"the service has answered the registration: {answer.registration}")
    interval_s = answer.interval_s if answer.interval_s > 0.0 else OWN_INTERVAL_S
    interval_s = min(max(interval_s, LEAST_INTERVAL_S), MOST_INTERVAL_S)
    is_accepted = answer.registration is Registration.ACCEPTED
    registered = Registered(
        last=answer.registration,
        boot_s=turn.now_s + interval_s,
        beat_s=turn.now_s + interval_s if is_accepted else math.inf,
        interval_s=interval_s,
    )
    turn.set(
        registered=registered,
        link=replace(turn.state.link, failures=0),
        clock=clock.heard(turn.state.clock, turn.now_s, answer.utc_ns),
    )
    if is_accepted:
        turn.set(reports=(None, None))  # each status is sent after a Boot


def not_booted(turn: Turn) -> None:
    """Try again later: the service has not understood a Boot, or not answered it."""
    wait_s = OWN_INTERVAL_S * (1.0 + turn.jitter())
    registered = replace(turn.state.registered, boot_s=turn.now_s + wait_s, is_asked_again=False)
    turn.set(registered=registered)


def set_interval(turn: Turn, interval_s: float) -> None:
    """Follow a change of the interval of Beat; 0: none."""
    registered = turn.state.registered
    beat_s = turn.now_s + interval_s if interval_s > 0.0 else math.inf
    turn.set(registered=replace(registered, interval_s=interval_s or math.inf, beat_s=beat_s))
