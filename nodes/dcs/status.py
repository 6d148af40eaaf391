"""The status of the box and of its connector, one of the nine of OCPP 1.6, section 4.9. Pure."""

from msgspec.structs import replace

from msgs.pilot import MIN_OFFER_A
from msgs.safety import FaultCode, SafetyPhase
from msgs.session import WallboxState
from nodes.dcs.box_asks import ConnectorError, ConnectorReport
from nodes.dcs.events import ConnectorStatus
from nodes.dcs.state import CONNECTOR, Waiting
from nodes.dcs.turn import Turn
from nodes.dcs.variables import seconds_of

BOX = 0  # the connector that means the whole box

ERRORS: dict[FaultCode, ConnectorError] = {
    FaultCode.TOO_HOT: ConnectorError.HIGH_TEMPERATURE,
    FaultCode.NO_VEHICLE: ConnectorError.VEHICLE,
    FaultCode.PLUG_STATE: ConnectorError.VEHICLE,
    FaultCode.NOT_CLOSING: ConnectorError.SWITCH,
    FaultCode.OVERCURRENT: ConnectorError.OVER_CURRENT,
    FaultCode.RESIDUAL_CURRENT: ConnectorError.GROUND_FAILURE,
    FaultCode.SAFETY_CIRCUIT: ConnectorError.INTERNAL,
    FaultCode.RED: ConnectorError.SWITCH,
}
"""The faults that OCPP has a word for; all others are OtherError with the code of the page."""


def key_of(connector: int) -> str:
    """Return the key of the call that reports a connector."""
    return f"status {connector}"


def report(turn: Turn) -> None:
    """Queue a report of each status that has changed since it was sent last.

    With MinimumStatusDuration a status is reported once it has lasted that time.
    """
    if not turn.is_online or turn.inputs.session is None:
        return
    if turn.inputs.safety is None and None in turn.state.reports:
        return  # just started: what is wrong is not known yet
    for connector in (BOX, CONNECTOR):
        now, before = report_of(turn, connector), turn.state.reports[connector]
        if now is None or (before is not None and replace(before, utc_ns=now.utc_ns) == now):
            if connector == CONNECTOR and turn.state.status_seen is not None:
                turn.set(status_seen=None)  # as it was reported: the next change begins again
            continue
        if connector == CONNECTOR and before is not None and not _has_lasted(turn, now.status):
            continue
        turn.wait(Waiting(asked=now, key=key_of(connector)))
        box, own = turn.state.reports
        turn.set(reports=(now, own) if connector == BOX else (box, now))


def _has_lasted(turn: Turn, status: ConnectorStatus) -> bool:
    """Return whether the status of the connector has lasted for MinimumStatusDuration."""
    if turn.state.status_seen is not status:
        turn.set(status_seen=status, status_since_s=turn.now_s)
    least_s = seconds_of(turn, "MinimumStatusDuration")
    return turn.moment.reached(turn.state.status_since_s + least_s)


def report_of(turn: Turn, connector: int) -> ConnectorReport | None:
    """Return the report of a connector; None: it is not known."""
    session, safety = turn.inputs.session, turn.inputs.safety
    if session is None:
        return None
    status = _box_status(turn) if connector == BOX else connector_status(turn)
    codes = () if safety is None else safety.faults
    first = codes[0] if codes else None
    error = ConnectorError.NONE
    if safety is None:
        error = ConnectorError.INTERNAL
    elif first is not None:
        error = ERRORS.get(first, ConnectorError.OTHER)
    return ConnectorReport(
        connector=connector,
        status=status,
        utc_ns=turn.utc_ns,
        error=error,
        code="" if first is None else str(first.value),
    )


def _box_status(turn: Turn) -> ConnectorStatus:
    """Return the status of the whole box: three of the nine."""
    session, availability = turn.inputs.session, turn.durable.availability
    if session is not None and session.state is WallboxState.UNRECOVERABLE_ERROR:
        return ConnectorStatus.FAULTED
    if not availability.box or (session is not None and session.state is WallboxState.SERVICE_MODE):
        return ConnectorStatus.UNAVAILABLE
    return ConnectorStatus.AVAILABLE


def connector_status(turn: Turn) -> ConnectorStatus:
    """Return the status of the connector."""
    session, availability = turn.inputs.session, turn.durable.availability
    if session is None or session.state is WallboxState.UNRECOVERABLE_ERROR:
        return ConnectorStatus.FAULTED
    if session.session_id:
        return _status_of_charge(turn)
    if any(not each.is_ended for each in turn.durable.transactions):
        return ConnectorStatus.FINISHING  # the end of its session is being read
    if (
        not (availability.box and availability.connector)
        or session.state is WallboxState.SERVICE_MODE
    ):
        return ConnectorStatus.UNAVAILABLE
    if session.state is WallboxState.RECOVER_FROM_ERROR:
        return ConnectorStatus.FAULTED
    if session.released:
        return ConnectorStatus.PREPARING
    if session.plugged:
        is_over = turn.state.finished_plug
        return ConnectorStatus.FINISHING if is_over else ConnectorStatus.PREPARING
    if turn.durable.reservation is not None:
        return ConnectorStatus.RESERVED
    if turn.state.remote is not None:
        return ConnectorStatus.PREPARING
    return ConnectorStatus.AVAILABLE


def _status_of_charge(turn: Turn) -> ConnectorStatus:
    """Return the status while a session runs."""
    safety, session = turn.inputs.safety, turn.inputs.session
    is_out = safety is not None and safety.is_unplugged  # known earlier than by session
    if session is None or not session.authorized or is_out:  # it is being ended
        return ConnectorStatus.FINISHING
    is_offered = (turn.inputs.offer_a or 0.0) >= MIN_OFFER_A
    has_charged = turn.state.charged == session.session_id
    is_closing = safety is not None and (safety.is_closed or safety.phase is SafetyPhase.CLOSING)
    if is_closing and is_offered:
        return ConnectorStatus.CHARGING
    if not is_offered and session.permitted:
        return ConnectorStatus.SUSPENDED_BY_BOX
    is_ready = session.permitted and safety is not None and not safety.faults
    if is_ready and safety is not None and (has_charged or safety.phase is SafetyPhase.READY):
        return ConnectorStatus.SUSPENDED_BY_VEHICLE
    return ConnectorStatus.SUSPENDED_BY_BOX if has_charged else ConnectorStatus.PREPARING


def follow_plug(turn: Turn) -> None:
    """Note which session has charged, and whether the plug has seen a session end."""
    session, safety = turn.inputs.session, turn.inputs.safety
    if session is None:
        return
    if session.session_id:
        is_charging = safety is not None and safety.is_closed
        if is_charging and turn.state.charged != session.session_id:
            turn.set(charged=session.session_id)
        if not turn.state.finished_plug:
            turn.set(finished_plug=True)
    elif not session.plugged and turn.state.finished_plug:
        turn.set(finished_plug=False)
