"""The page docs/faults.md."""

from collections.abc import Iterable
from pathlib import Path

from tests.faults.cases import CASES, STATES, Case
from tests.faults.inject import Cell

PAGE = Path(__file__).parents[2] / "docs/faults.md"

HEAD = """# Every fault in every state of a session

Written by `make faults`, kept true by `tests/faults`: each line is one run of the whole simulated
box under virtual time, in which something breaks in a state of a session, holds for 15 s, and is
mended. What is done about each fault, and why, stands in [safety.md](safety.md).

- *shows*: when safety tells the fault. A thing that nobody can see yet shows in the next charge, or
  when the charge ends. A vehicle that answers no offer is woken and tested anew after 30 s.
- *front*: the segments S1 to S4, a second later.
- *contactor*: as safety proves it, 8 s later: a vehicle has 6 s to drop its load (LED-5, session).
- *opens*: virtual time from the break, or from the closing that came after it, to open contacts.
  For a terminal that overheats it includes the warming, for an overcurrent the vehicle's ramp.
- *retries*: used of five when it was over (ERR-R).
- *cleared by*: the gentlest that did: the cause gone, a retry, reseating the plug, a restart of
  safety, mains off and on.

| fault | | in | shows | code | front | contactor | opens | retries | cleared by |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def line(case: Case, state: str, cell: Cell) -> str:
    """Return one line of the table."""
    return (
        f"| {case.name} | {case.says} | {state} | {cell.seen} | {cell.code} | {cell.front} "
        f"| {cell.contactor} | {cell.opens} | {cell.retries} | {cell.cleared} |\n"
    )


def page(lines: Iterable[str]) -> str:
    """Return the whole page."""
    return HEAD + "".join(lines)


def places() -> list[tuple[Case, str]]:
    """Return all that the table has a line for, in its order."""
    return [(case, state) for case in CASES for state in STATES]
