"""A reservation: the box is kept for one token until it expires. Pure.

OCPP 1.6, sections 3.9, 5.4 and 5.13. The box has one connector, so that a reservation of connector
0, any connector, is one of connector 1.
"""

from msgspec import Struct

from nodes.dcs.events import ConnectorStatus, Reserve, Verdict
from nodes.dcs.profile_check import CONNECTORS


class Reservation(Struct, frozen=True, kw_only=True):
    """What the service has reserved."""

    reservation_id: int
    connector: int  # 0: any
    token: str
    expires_utc_s: float
    group: str = ""  # of the token; others of the group may charge as well


_NOT_FREE = {
    ConnectorStatus.FAULTED: Verdict.FAULTED,
    ConnectorStatus.UNAVAILABLE: Verdict.UNAVAILABLE,
}
_FREE = (ConnectorStatus.AVAILABLE, ConnectorStatus.RESERVED)


def reserve(
    current: Reservation | None, asked: Reserve, status: ConnectorStatus, now_s: float | None
) -> tuple[Reservation | None, Verdict, str]:
    """Return the reservation then, the verdict, and why it is refused ("": it is not).

    One with the id of the current one replaces it. The verdict is ACCEPTED, FAULTED, UNAVAILABLE,
    OCCUPIED or REJECTED.

    :param status: of the connector
    :param now_s: UTC; None: the clock is not set
    """
    if not 0 <= asked.connector <= CONNECTORS:
        return current, Verdict.REJECTED, f"there is no connector {asked.connector}"
    if now_s is None:
        return current, Verdict.REJECTED, "the clock is not set: it would not expire"
    if asked.expires_utc_s <= now_s:
        return current, Verdict.REJECTED, "it has expired"
    if status in _NOT_FREE:
        return current, _NOT_FREE[status], f"the connector is {status}"
    if status not in _FREE:
        return current, Verdict.OCCUPIED, f"the connector is {status}"
    current = without_expired(current, now_s)
    if current is not None and current.reservation_id != asked.reservation:
        return current, Verdict.OCCUPIED, f"reservation {current.reservation_id} is in force"
    reservation = Reservation(
        reservation_id=asked.reservation,
        connector=asked.connector,
        token=asked.token,
        expires_utc_s=asked.expires_utc_s,
        group=asked.group,
    )
    return reservation, Verdict.ACCEPTED, ""


def cancel(current: Reservation | None, reservation_id: int) -> tuple[Reservation | None, Verdict]:
    """Return the reservation then, and ACCEPTED or REJECTED."""
    if current is None or current.reservation_id != reservation_id:
        return current, Verdict.REJECTED
    return None, Verdict.ACCEPTED


def without_expired(current: Reservation | None, now_s: float | None) -> Reservation | None:
    """Return the reservation unless it has expired.

    :param now_s: UTC; None: the clock is not set, and it remains until it is
    """
    if current is None or now_s is None or now_s < current.expires_utc_s:
        return current
    return None


def admits(current: Reservation | None, token: str, group: str) -> bool:
    """Return whether a token may charge.

    :param group: of the token; "": it has none, or it is not known
    """
    if current is None or is_same_token(token, current.token):
        return True
    return bool(group) and is_same_token(group, current.group)


def is_same_token(one: str, other: str) -> bool:
    """Return whether two tokens are the same: their case does not count (1.6: CiString20)."""
    return one.lower() == other.lower()
