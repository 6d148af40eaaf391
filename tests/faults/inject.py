"""One line of the table: a fault is made in one state, lasts, is repaired, is cleared."""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from launch.virtual import ActError
from tests.box import Box
from tests.faults.cases import NO_FAULT, STATES, WAS_OPEN, Case

# Beyond the slowest rule (4003: 7 s) and a terminal that overheats; else it shows later.
SHOWS_S = 40.0
OPEN_BY_S = 8.0  # the vehicle has had its 6 s, and the first retry (10 s) is still to come
HOLDS_S = 15.0  # the first retry comes after 10 s
CLEARS_S = 90.0  # a minute of cooling, a retry after 30 s, mains that are stable for 30 s


AT_ONCE = "at once"


class Cell(Struct, frozen=True, kw_only=True):
    """The result."""

    seen: str  # when it was raised
    code: str
    front: str
    contactor: str
    opens: str  # virtual time from the fault, or from a later closing, to open contacts
    retries: str  # used when it was cleared
    cleared: str  # by what


def inject(case: Case, state: str, state_dir: Path, *settings: str) -> Cell:
    """Make a fault in a state of a session, and follow it until it is cleared."""
    box = Box(state_dir, *settings)
    STATES[state](box)
    began_s = box.now_s
    try:
        _break(box, case)
    except ActError:
        return _nothing(box, "there is no plug to pull")
    if case.follow is not None and (case.code == NO_FAULT or state in case.hidden_in):
        seen, opens = case.follow(box)
        assert not box.faults, (case.name, state, box.faults)
        return _nothing(box, seen, opens)
    if case.is_gone:
        box.advance(0.5)
        if not box.faults:
            return _nothing(box, "no vehicle, no fault")
        seen, seen_s = AT_ONCE, box.now_s
    else:
        seen, seen_s = _see(box, case)
    box.advance(1.0)
    code, front = " ".join(box.faults), box.front
    box.advance(OPEN_BY_S - 1.0)
    contactor, opens = box.contactor, box.opening(began_s, seen_s)
    box.advance(HOLDS_S - OPEN_BY_S)
    assert code == case.code, (case.name, state, code)
    retries, cleared = _clear(box, case)
    return Cell(
        seen=seen,
        code=code,
        front=front,
        contactor=contactor,
        opens=opens,
        retries=retries,
        cleared=cleared,
    )


def _break(box: Box, case: Case) -> None:
    if case.breaks is None:
        box.act("pull")
    else:
        box.act("fault", {"name": case.breaks})


def _nothing(box: Box, why: str, opens: str = WAS_OPEN) -> Cell:
    return Cell(
        seen=why,
        code=NO_FAULT,
        front=box.front,
        contactor=box.contactor,
        opens=opens,
        retries="0",
        cleared="nothing to clear",
    )


def _see(box: Box, case: Case) -> tuple[str, float]:
    """Wait for a fault; end the charge and begin another one if it does not show by itself.

    Return when it shows, and when the first fault did [s]: another one may come before it.
    """
    first_s: list[float] = []

    def is_raised() -> bool:
        if box.faults and not first_s:
            first_s.append(box.now_s)
        return case.code in box.faults

    shows = _wait_for(box, case, is_raised)
    return shows, first_s[0]


def _wait_for(box: Box, case: Case, is_raised: Callable[[], bool]) -> str:
    """Return when the fault shows."""
    if box.is_soon(is_raised, SHOWS_S):
        return AT_ONCE
    if box.state != "Idle":
        _unplug(box)
        if box.is_soon(is_raised, 5.0):
            return "when the charge ends"
        box.ask("session", "wish", {"pause": False})
    box.act("plug")
    box.act("ready")
    if box.is_soon(is_raised, SHOWS_S):
        return "in the next charge"
    if case.grows_s:
        assert box.is_soon(is_raised, case.grows_s), (case.name, box.faults)
        return f"after {round(case.grows_s):d} s at most"
    _unplug(box)
    assert box.is_soon(is_raised, 10.0), (case.name, box.phase)
    return "when the next charge ends"


def _unplug(box: Box) -> None:
    box.act("unplug")
    box.advance(3.0)


def _clear(box: Box, case: Case) -> tuple[str, str]:
    """Return the retries that were used, and the first thing that cleared the fault."""
    if case.breaks is None:
        box.act("plug")
    else:
        box.act("clear", {"name": case.breaks})
    before = box.retries
    if box.is_soon(lambda: not box.faults, CLEARS_S):
        used = box.retries
        gone = "the plug seated again" if case.breaks is None else "its cause gone"
        return str(used), f"{gone}, and a retry" if used > before else gone
    if not box.is_out:
        box.act("pull")
    box.advance(2.0)
    box.act("plug")
    if box.is_soon(lambda: not box.faults, 5.0):
        return str(before), "reseating the plug"
    box.ask("system", "restart", {"reason": "the test"})
    assert box.restart_if_asked()
    box.advance(5.0)
    if not box.faults:
        return str(before), "a restart of the box"
    box.act("power", {"on": False})
    box.advance(5.0)
    box.act("power", {"on": True})
    box.advance(3.0)
    assert not box.faults, box.faults
    return str(before), "mains off and on"
