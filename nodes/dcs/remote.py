"""What the service starts, ends and restarts from afar. Pure."""

from msgspec.structs import replace

from bus import Status
from msgs.methods import AUTHORIZE, RESTART_BOX, START_SESSION
from msgs.requests import Answer, NoArguments, ReasonArguments
from msgs.session import Action, Authorize, Authorized, WallboxState
from nodes.dcs import outbox, status, transactions
from nodes.dcs.box_asks import AskToken, StopCause, TokenAnswer
from nodes.dcs.dialect import ServiceRequest
from nodes.dcs.events import (
    ConnectorStatus,
    RequestStart,
    RequestStop,
    ResetBox,
    TokenStatus,
    Verdict,
)
from nodes.dcs.profile_check import start_profile_refusal
from nodes.dcs.reservation import admits
from nodes.dcs.state import CONNECTOR, RemoteStart, Reset, Waiting
from nodes.dcs.turn import Turn
from nodes.dcs.variables import count_of, is_on, seconds_of

RESET_S = 60.0  # assumed: until a restart happens though the end of the charge is not acknowledged
RETRY_S = 10.0  # assumed: between two attempts to restart
START, RESUME, RESTART = "remote start", "resume", "restart"  # keys

# --- start ----------------------------------------------------------------------------------------


def request_start(turn: Turn, request: ServiceRequest, asked: RequestStart) -> None:
    """Answer the request to begin a transaction; begin it then (cases 18 to 21)."""
    why = _why_no_start(turn, asked)
    if why:
        turn.verdict(request, Verdict.REJECTED, why)
        return
    wait_s = seconds_of(turn, "ConnectionTimeOut")
    session, reserved = turn.inputs.session, turn.durable.reservation
    if reserved is not None:
        turn.keep(used_reservation=asked.token)
    needs_card = session is None or session.authorization_required
    turn.set(
        remote=RemoteStart(
            token=asked.token if needs_card else "",
            until_s=turn.now_s + wait_s,
            profile=asked.profile,
            is_checked=not is_on(turn, "AuthorizeRemoteTxRequests"),
        )
    )
    turn.verdict(request, Verdict.ACCEPTED)


def _why_no_start(turn: Turn, asked: RequestStart) -> str:
    session, reserved = turn.inputs.session, turn.durable.reservation
    if asked.connector not in (None, CONNECTOR):
        return f"there is no connector {asked.connector}"
    if session is None or not turn.is_online:
        return "this box cannot begin a charge now"
    if session.session_id or session.released or turn.state.remote is not None:
        return "a charge runs, or is about to begin"
    if not (session.authorization_required or session.plugged):
        return "no card is needed: the charge begins with the plug"
    now = status.connector_status(turn)
    if now in (ConnectorStatus.UNAVAILABLE, ConnectorStatus.FAULTED):
        return f"the connector is {now}"
    if not admits(reserved, asked.token, ""):
        return "the connector is reserved for another token"
    if asked.profile is not None:
        utc_ns = turn.utc_ns
        return start_profile_refusal(asked.profile, None if utc_ns is None else utc_ns / 1e9)
    return ""


def follow_start(turn: Turn) -> None:
    """Ask for a token that is to be checked, then let session begin; give up in time."""
    remote = turn.state.remote
    if remote is None:
        return
    if turn.moment.reached(remote.until_s) and not remote.is_asked:
        turn.log("info", f"the remote start of {remote.token} has not begun in time")
        turn.set(remote=None)
        return
    if not remote.is_checked and remote.token:
        if not remote.is_checking:
            turn.set(remote=replace(remote, is_checking=True))
            turn.wait(Waiting(asked=AskToken(token=remote.token), key=START))
        return
    if not remote.is_asked:
        turn.set(remote=replace(remote, is_asked=True))
        if remote.token:
            turn.request(AUTHORIZE, Authorize(token=remote.token), START)
        else:  # where no card is needed it takes a stop back
            turn.request(START_SESSION, NoArguments(), RESUME)


def take_token(turn: Turn, answer: TokenAnswer | None) -> None:
    """Take the service's judgement of the token of a remote start; None: it gave none."""
    remote = turn.state.remote
    if remote is None:
        return
    if answer is None or answer.info.status is not TokenStatus.ACCEPTED:
        turn.log("info", f"the service does not accept {remote.token} of its remote start")
        turn.set(remote=None)
    else:
        turn.set(remote=replace(remote, is_checked=True))


def take_authorised(turn: Turn, answer: Answer[Authorized]) -> None:
    """Take session's answer to a remote start."""
    remote = turn.state.remote
    if remote is None:
        return
    if answer.status is not Status.OK or answer.result is None:
        turn.log("warning", f"remote start: {answer.reason or answer.status}")
        turn.set(remote=None)
    elif answer.result.action is not Action.LOGGED_OFF:
        return  # it waits for the plug: session lets it lapse
    elif remote.is_withdrawn:
        turn.set(remote=None)
    else:  # the same token had authorised before: authorise with it again
        turn.set(remote=replace(remote, is_asked=False))


def take_resumed(turn: Turn, answer: Answer[None]) -> None:
    """Take session's answer to a remote start where no card is needed."""
    if answer.status is not Status.OK:
        turn.log("warning", f"remote start: {answer.reason or answer.status}")
        turn.set(remote=None)


def follow_lapse(turn: Turn) -> None:
    """End a remote start that no charge has followed in time; forget one that is over.

    Its time is ConnectionTimeOut. The same token again takes the authorisation back.
    """
    remote, session = turn.state.remote, turn.inputs.session
    if remote is None or not remote.is_asked or session is None:
        return
    if session.released or session.session_id:
        if not remote.is_seen:
            turn.set(remote=replace(remote, is_seen=True))
        is_unused = session.released and session.token == remote.token and not session.plugged
        if is_unused and not remote.is_withdrawn and turn.moment.reached(remote.until_s):
            turn.log("info", f"the remote start of {remote.token} has not begun in time")
            turn.set(remote=replace(remote, is_seen=True, is_withdrawn=True))
            turn.request(AUTHORIZE, Authorize(token=remote.token), START)
    elif remote.is_seen or turn.moment.reached(remote.until_s):
        turn.set(remote=None)


# --- stop -----------------------------------------------------------------------------------------


def request_stop(turn: Turn, request: ServiceRequest, asked: RequestStop) -> None:
    """Answer the request to end a transaction, and end it (case 22)."""
    transaction = transactions.running(turn)
    if transaction is None or transaction.number != asked.transaction or not turn.is_online:
        turn.verdict(request, Verdict.REJECTED, f"no transaction {asked.transaction} runs")
        return
    turn.verdict(request, Verdict.ACCEPTED)
    transactions.end(turn, transaction, StopCause.REMOTE, "by the charging service")


# --- reset ----------------------------------------------------------------------------------------


def request_reset(turn: Turn, request: ServiceRequest, asked: ResetBox) -> None:
    """Answer the request to restart the box; it restarts when all is stored (case 27)."""
    session = turn.inputs.session
    if session is not None and session.state is WallboxState.SERVICE_MODE:
        turn.verdict(request, Verdict.REJECTED, "a person works on the box")
        return
    turn.set(reset=Reset(is_hard=asked.is_hard, by_s=turn.now_s + RESET_S))
    turn.verdict(request, Verdict.ACCEPTED)
    transaction = transactions.running(turn)
    if transaction is None:
        return
    cause = StopCause.HARD_RESET if asked.is_hard else StopCause.SOFT_RESET
    if asked.is_hard:  # the restart ends the session
        outbox.change_transaction(turn, replace(transaction, cause=cause))
    else:
        transactions.end(turn, transaction, cause, "restart by the charging service")


def follow_reset(turn: Turn) -> None:
    """Restart the box once the answer is sent, and what is to be sent before."""
    reset = turn.state.reset
    if reset is None or reset.is_asked or turn.state.held or not turn.moment.reached(reset.from_s):
        return
    store = turn.state.store
    is_stored = not store.waiting and not store.writing
    # A transaction is kept until the service has acknowledged its end.
    is_reported = reset.is_hard or not (turn.durable.transactions or turn.durable.queue)
    if (is_stored and is_reported) or turn.moment.reached(reset.by_s):
        turn.set(reset=replace(reset, is_asked=True))
        kind = "hard" if reset.is_hard else "soft"
        turn.request(
            RESTART_BOX, ReasonArguments(reason=f"{kind} reset by the charging service"), RESTART
        )


def take_restart(turn: Turn, answer: Answer[None]) -> None:
    """Take system's answer to the request to restart."""
    reset = turn.state.reset
    if answer.status is Status.OK or reset is None:
        return
    turn.log("error", f"the box is not restarted: {answer.reason or answer.status}")
    if reset.retries >= count_of(turn, "ResetRetries"):
        turn.set(reset=None)
        transaction = transactions.running(turn)
        if transaction is not None and transaction.cause is StopCause.HARD_RESET:
            outbox.change_transaction(turn, replace(transaction, cause=None))  # it goes on
    else:
        again_s = turn.now_s + RETRY_S
        turn.set(reset=replace(reset, is_asked=False, from_s=again_s, retries=reset.retries + 1))
