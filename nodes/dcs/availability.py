"""Whether the service lets box and connector be used. Pure.

A change during a charge takes place at its end (case 26). Out of use means: no card begins a
charge, and a vehicle that needs no card gets no current.
"""

from msgspec.structs import replace

from nodes.dcs.dialect import ServiceRequest
from nodes.dcs.events import SetAvailability, Verdict
from nodes.dcs.state import CONNECTOR
from nodes.dcs.status import BOX
from nodes.dcs.turn import Turn


def set_availability(turn: Turn, request: ServiceRequest, asked: SetAvailability) -> None:
    """Change it now, or at the end of the charge."""
    if asked.connector not in (BOX, CONNECTOR):
        turn.verdict(request, Verdict.REJECTED, f"there is no connector {asked.connector}")
        return
    now, session = turn.durable.availability, turn.inputs.session
    runs = session is None or session.session_id != ""  # not heard: perhaps one runs
    is_now = now.connector if asked.connector == CONNECTOR else now.box and now.connector
    waits = runs and is_now and not asked.is_operative  # to be used again waits for nothing
    if asked.connector == CONNECTOR:
        changed = replace(now, then_connector=asked.is_operative)
    else:  # the whole box covers its connector
        changed = replace(now, then_box=asked.is_operative, then_connector=asked.is_operative)
    turn.keep(availability=changed)
    if not waits:
        carry_out(turn)
    turn.verdict(request, Verdict.SCHEDULED if waits else Verdict.ACCEPTED)


def follow_availability(turn: Turn) -> None:
    """Carry out what waits for the end of a charge."""
    now, session = turn.durable.availability, turn.inputs.session
    waits = now.then_box is not None or now.then_connector is not None
    if waits and session is not None and not session.session_id:
        carry_out(turn)


def carry_out(turn: Turn) -> None:
    """Let what waits take effect."""
    now = turn.durable.availability
    changed = replace(
        now,
        box=now.box if now.then_box is None else now.then_box,
        connector=now.connector if now.then_connector is None else now.then_connector,
        then_box=None,
        then_connector=None,
    )
    turn.keep(availability=changed)
