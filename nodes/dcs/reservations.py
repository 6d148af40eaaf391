"""The reservation of the connector: it ends by itself, and when its card has charged. Pure."""

from nodes.dcs.turn import Turn


def follow_reservation(turn: Turn) -> None:
    """End a reservation whose time is over (case 28)."""
    reserved, utc_ns = turn.durable.reservation, turn.utc_ns
    if reserved is None or utc_ns is None:
        return
    ends_s = turn.now_s + reserved.expires_utc_s - utc_ns / 1e9
    if ends_s <= turn.now_s:
        turn.log("info", f"the reservation {reserved.reservation_id} has ended")
        turn.keep(reservation=None, used_reservation="")
    else:
        turn.moment.wake_at(ends_s)
