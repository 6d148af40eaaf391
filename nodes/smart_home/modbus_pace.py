"""How quickly the clients of the Modbus interface are answered. Pure.

A request that comes too early is answered later, so that no client is refused, and none takes more
than its share of the node: a client waits for its answer before it sends the next request.
"""

from collections.abc import Mapping

from msgspec import Struct

READ_S = 0.02  # assumed: a client reads its 20 values one after the other, each few seconds
WRITE_S = 0.5  # assumed: KEBA asks for 5 s between two writes; clients send some together
BURST_READS, BURST_WRITES = 100, 10
ALL_S, BURST_ALL = 0.01, 100  # of all clients together
MOST_CLIENTS = 64  # assumed; the one that may be answered first is forgotten

_ALL = ""  # in place of an address


class ClientPace(Struct, frozen=True, kw_only=True):
    """When the requests so far are paid for, by address and kind; an older time counts as now."""

    paid_s: Mapping[tuple[str, bool], float] = {}


NO_PACE = ClientPace()


def turn(
    pace: ClientPace, client: str, now_s: float, *, is_write: bool
) -> tuple[ClientPace, float]:
    """Return when a request may be answered: now, or later."""
    costs = [((client, False), READ_S, BURST_READS), ((_ALL, False), ALL_S, BURST_ALL)]
    if is_write:
        costs[0] = ((client, True), WRITE_S, BURST_WRITES)
    paid_s = {key: each for key, each in pace.paid_s.items() if each > now_s}
    at_s = now_s
    for key, each_s, burst in costs:
        end_s = max(paid_s.pop(key, now_s), now_s) + each_s
        paid_s[key] = end_s
        at_s = max(at_s, end_s - burst * each_s)
    while len(paid_s) > MOST_CLIENTS:
        del paid_s[min(paid_s, key=lambda key: paid_s[key])]
    return ClientPace(paid_s=paid_s), at_s
