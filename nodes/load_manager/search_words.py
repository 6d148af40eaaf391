"""The texts of the measurement of the phase assignment, for a person. Pure."""

from collections.abc import Sequence

from msgs.settings import METER_LINES, PhaseAssignment
from nodes.load_manager.phases import SURE, Judgement

RUNS_ALREADY = "A measurement of the phase assignment runs already."
NONE_SHOWN = "No phase assignment was measured since the start."
NO_METER = "No house meter is configured: set house_meter first."
NO_READING = "The house meter cannot be read: test its connection first."
NO_CHARGE = "No vehicle is charging: plug one in, and begin when it charges."
STOPPED = "It was stopped."
UNPLUGGED = "The vehicle was unplugged."
SETTINGS_CHANGED = "The settings of the house have changed."
METER_LOST = "The house meter is lost."
NO_CURRENT = "The vehicle draws no current any more."
TIMEOUT = "It has ended after two minutes."
KETTLE = (
    "The vehicle draws the same on several phases, which does not show their order: switch large"
    " loads of two phases on and off meanwhile, such as kettles in two rooms"
)


def detail(judgement: Judgement, present: PhaseAssignment, end: str | None) -> str:
    """Return progress or result; `end` is why it has ended, None while it runs."""
    proposal = judgement.proposal
    if proposal is not None:
        return _proposed(judgement, proposal, present)
    if end is None:
        text = f"Measuring the phase assignment: {_steps(judgement.steps)} so far."
        return f"{text} {KETTLE}." if judgement.is_order_open else text
    text = f"{end} No phase assignment can be proposed after {_steps(judgement.steps)}."
    return f"{text} {_why(judgement)}".rstrip()


def _steps(steps: int) -> str:
    return f"{steps} step{'' if steps == 1 else 's'} of the vehicle's current"


def _proposed(judgement: Judgement, proposal: PhaseAssignment, present: PhaseAssignment) -> str:
    order = METER_LINES[proposal]
    found = ", ".join(f"L{box + 1} on L{order[box] + 1}" for box in judgement.measured)
    percent = min(100.0 * judgement.confidences[0][1], 99.9)
    text = f"Meter to Wallbox: the wallbox's {found} of the house meter ({percent:.1f} % sure)."
    rest = [box for box in range(len(order)) if box not in judgement.measured]
    if rest:
        lines = " and ".join(f"L{box + 1}" for box in rest)
        text += f" The vehicle does not use {lines}, which is not measured."
    if proposal is present:
        return f"{text} The phase assignment {proposal} that is set agrees."
    return f"{text} To confirm, set phase_assignment to {proposal}; nothing is changed before."


def _why(judgement: Judgement) -> str:
    """Return what the measurement has shown instead, and what to do."""
    if not judgement.steps:
        return (
            "The vehicle did not follow the offer between 6 and 10 A, or other limits were lower."
        )
    if judgement.is_clamp_missing:
        where = ""
        if len(judgement.measured) == 3 and judgement.empty:
            where = f": not the one on {_list(judgement.empty)}"
        lines = _list(judgement.measured)
        return f"The vehicle draws on {lines}, and not as many clamps show it{where}."
    if judgement.turned:
        return f"The clamp on {_list(judgement.turned)} of the house meter is reversed: turn it."
    likeliest = judgement.likeliest
    if likeliest is not None and judgement.is_sure and _is_other_order(judgement):
        places = {feed[0]: meter for meter, feed in enumerate(likeliest) if feed is not None}
        order = ", ".join(f"L{box + 1} on L{places[box] + 1}" for box in judgement.measured)
        return f"The phases are in an order that cannot be set: the wallbox's {order}."
    if judgement.is_order_open:
        return f"{KETTLE}, or use a vehicle that charges with one phase."
    return "Other loads have disturbed it: try again when less is switched."


def _is_other_order(judgement: Judgement) -> bool:
    return len(judgement.measured) == 3 and judgement.confidences[0][1] < 1.0 - SURE


def _list(lines: Sequence[int]) -> str:
    *others, last = (f"L{line + 1}" for line in lines)
    return f"{', '.join(others)} and {last}" if others else last
