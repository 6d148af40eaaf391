"""Requests to show and to change the configuration keys (case 23). Pure."""

import math

from nodes.dcs import boot, key_table, keys, pairing, sampling
from nodes.dcs.dialect import ServiceRequest
from nodes.dcs.events import GetVariables, SetVariable, VariablesReply, Verdict
from nodes.dcs.key_table import HEARTBEAT, PHASE_ROTATION, SECURITY_PROFILE
from nodes.dcs.turn import Turn

PHASES = "0.RST,1.RST"
"""OCPP 1.6, section 9.1.7; load_manager knows how the house is wired (MET-4), the box is RST."""


def set_variable(turn: Turn, request: ServiceRequest, asked: SetVariable) -> None:
    """Change a key; what follows it acts at once."""
    change = keys.change(turn.durable.configuration, asked.name, asked.value)
    if change.verdict is not Verdict.ACCEPTED:
        turn.verdict(request, change.verdict, change.reason)
        return
    if change.secret is not None:
        _set_key(turn, request, change.name, change.secret)
        return
    turn.keep(configuration=change.configuration)
    match change.name:
        case key_table.HEARTBEAT:
            boot.set_interval(turn, float(keys.number(change.configuration, change.name)))
        case "WebSocketPingInterval":
            boot.plan_ping(turn)
        case "ClockAlignedDataInterval":
            sampling.plan_aligned(turn)
        case _:
            pass
    turn.verdict(request, Verdict.ACCEPTED)


def _set_key(turn: Turn, request: ServiceRequest, name: str, secret: bytes) -> None:
    """Store the service's key for this box: it pairs, or replaces the one before."""
    if not turn.is_synchronised and not pairing.expects_key(turn):
        turn.verdict(request, Verdict.REJECTED, "nobody has confirmed the pairing at the box")
        return
    turn.keep_secret(name, secret)
    pairing.pair(turn)
    turn.set(reconnects=True)
    turn.verdict(request, Verdict.ACCEPTED)


def get_variables(turn: Turn, request: ServiceRequest, asked: GetVariables) -> None:
    """Show keys; none named: all."""
    profile = boot.security_profile(turn)
    interval_s = turn.state.registered.interval_s
    given = {
        PHASE_ROTATION: PHASES,
        SECURITY_PROFILE: str(profile),
        HEARTBEAT: f"{interval_s:.0f}" if math.isfinite(interval_s) else "0",
    }
    known, unknown = keys.show(
        turn.durable.configuration, asked.names[: key_table.MOST_KEYS], given
    )
    turn.answer(request, VariablesReply(known=known, unknown=unknown))
