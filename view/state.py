"""The state of the box with its reason, as text. Pure."""

from view.silence import silence
from view.snapshot import Snapshot

NOT_KNOWN = "Not known"


def state_name(snapshot: Snapshot) -> str:
    """Return the manual's name of the state."""
    session = snapshot.session.fresh
    return NOT_KNOWN if session is None else session.state.value


def state_reason(snapshot: Snapshot) -> str:
    """Return the reason of the state."""
    session = snapshot.session.fresh
    return silence(snapshot, snapshot.session) if session is None else session.reason


def is_reason_below(snapshot: Snapshot) -> bool:
    """Return whether a line below the state shows its reason: a fault or the limit."""
    safety, offer = snapshot.safety.fresh, snapshot.offer.fresh
    if snapshot.session.fresh is None:
        return False
    has_faults = safety is not None and bool(safety.faults)
    return has_faults or (offer is not None and offer.detail == state_reason(snapshot))
