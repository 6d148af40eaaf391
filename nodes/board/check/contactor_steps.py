"""The coil chain and the contactor: what can close it, by an explicit yes of the person alone.

A step that shows "this alone does not close it" can close it if a gate has failed. So these steps
come after the question, too. The contactor is closed four times, for at most two seconds each.
"""

from msgs.board_check import CheckOutcome
from nodes.board.check.board import X1_PERCENT, CheckedBoard
from nodes.board.check.chip_steps import CONVERTER, REGISTERS
from nodes.board.check.pilot_steps import RAIL_V, X1, is_rail
from nodes.board.check.places import Places
from nodes.board.check.protection_steps import (
    ACTIVE_S,
    AT_REST,
    HEAT_SWITCH,
    IDLE_AGAIN_S,
    MAINS,
    MONITOR,
    WATCHDOG_OFF,
    WATCHDOG_S,
    at_rest,
)
from nodes.board.check.step import CheckStep, Person, StepJudgement, failed, judged, passed, skipped

NO_VEHICLE = "no vehicle"
ENABLE_ALONE, EDGES_ALONE = "enable without edges", "edges without enable"
FLAG, WATCHDOG = "power-on flag", "hardware watchdog"
CLOSES, OPENS = "contactor closes", "contactor opens without enable"
OPENS_WATCHDOG = "contactor opens without edges"
OPENS_MONITOR = "contactor opens by the monitor"
STAYS_OPEN = "contactor at rest again"

QUESTION = (
    "The contactor is switched on now, for some seconds: there is mains voltage at the vehicle's "
    "plug then. Is no vehicle and no test plug plugged in, and does nobody touch the plug?"
)

MOVE_S = 0.1  # closing and opening: IEC 61851-1, Table A.6
EDGES_OK_S = 1.0  # assumed: some edges, until the watchdog's output is there
STEADY_S = 0.5  # assumed: how long it must stay closed
# The hardware holds 0.6 s at least (docs/hardware.md), from the last rising edge on, which may have
# been 0.2 s before. A watchdog that is faster drops the coil by one late edge.
LEAST_HOLD_S = 0.4
FLAG_S = 0.3  # assumed; the line that clears it acts after 50 ms (docs/hardware.md)
FLAG_CLEARED = (
    "cleared before; to see it: systemctl disable wallbox, switch the supplies off and on, then "
    "check again (docs/install.md, 4)"
)


def steps(places: Places) -> list[CheckStep]:
    """Return the steps that need the yes."""
    enable = f"the enable line (BCM {places.enable_pin})"
    watchdog = f"the watchdog line (BCM {places.watchdog_pin})"
    gates = f"{enable}, {watchdog}, the gates behind them, and the coil's driver"
    contacts = (
        f"the contactor and its coil, the mirror contact (BCM {places.mirror_pin}) and the load "
        f"voltage sensor (BCM {places.load_pin})"
    )
    # Without voltage the load voltage sensor cannot prove it closed.
    mains = () if places.meter is None else (MAINS,)
    safe = (CONVERTER, REGISTERS, AT_REST, WATCHDOG_OFF, HEAT_SWITCH, MONITOR, *mains, X1)
    chain = (NO_VEHICLE, ENABLE_ALONE, EDGES_ALONE, WATCHDOG)
    return [
        CheckStep(
            name=NO_VEHICLE,
            look_at="the plug: a vehicle or a test plug is in, or the CP line is loaded",
            guided=_no_vehicle,
            needs=safe,
        ),
        CheckStep(
            name=ENABLE_ALONE,
            look_at=f"{gates}: enable and watchdog may be swapped, or the watchdog bridged",
            alone=_enable_alone,
            needs=(NO_VEHICLE,),
        ),
        CheckStep(
            name=EDGES_ALONE,
            look_at=f"{gates}; {watchdog} must reach the watchdog, enable must be low",
            alone=_edges_alone,
            needs=(NO_VEHICLE, ENABLE_ALONE),
        ),
        CheckStep(
            name=FLAG,
            look_at=(
                f"the power-on flip-flop, its output (BCM {places.power_on_pin}) and the line that "
                f"clears it (BCM {places.clear_pin})"
            ),
            guided=_flag,
            needs=(NO_VEHICLE, ENABLE_ALONE, EDGES_ALONE),
        ),
        CheckStep(
            name=WATCHDOG,
            look_at=f"the hardware watchdog: its time constant; {watchdog}",
            alone=_watchdog,
            needs=(NO_VEHICLE, ENABLE_ALONE, EDGES_ALONE),
        ),
        CheckStep(name=CLOSES, look_at=f"{contacts}; {gates}", alone=_closes, needs=chain),
        CheckStep(
            name=OPENS,
            look_at=f"{enable}, the gates, and {contacts} (welded?)",
            alone=_opens_without_enable,
            needs=(CLOSES,),
        ),
        CheckStep(
            name=OPENS_WATCHDOG,
            look_at=f"the hardware watchdog, the gates, and {contacts} (welded?)",
            alone=_opens_without_edges,
            needs=(CLOSES, OPENS),
        ),
        CheckStep(
            name=OPENS_MONITOR,
            look_at=f"the wire from the residual-current monitor to the gates, and {contacts}",
            alone=_opens_by_monitor,
            needs=(CLOSES, OPENS, OPENS_WATCHDOG),
        ),
        CheckStep(
            name=STAYS_OPEN,
            look_at=f"{contacts} (welded?)",
            alone=at_rest,
            needs=(CLOSES,),
        ),
    ]


def _no_vehicle(board: CheckedBoard, person: Person) -> StepJudgement:
    if not person.agree(QUESTION):
        return skipped("not confirmed: the contactor stays off")
    return _state_a(board)


def _state_a(board: CheckedBoard) -> StepJudgement:
    """Return whether the CP line shows that nothing is plugged in."""
    board.lines.connect(True)
    board.drive_pilot(X1_PERCENT)
    level_v, _ = board.pilot_v(X1_PERCENT)
    text = "the plug: something is plugged in"
    if is_rail(level_v, RAIL_V):
        return passed(f"confirmed, pilot {level_v:.2f} V")
    return failed(f"pilot {level_v:.2f} V", "+12 V: state A", text)


def _enable_alone(board: CheckedBoard) -> StepJudgement:
    lines = board.lines
    lines.enable(True)

    def is_still() -> bool:
        return lines.is_open() and not board.switches().watchdog_ok

    is_ok = lines.stays(is_still, WATCHDOG_S)
    measured = f"{lines.contacts()}, WATCHDOG_OK {int(board.switches().watchdog_ok)}"
    return judged(is_ok, measured, "the contactor stays open, WATCHDOG_OK 0")


def _edges_alone(board: CheckedBoard) -> StepJudgement:
    lines = board.lines
    lines.feed(True)
    is_open = lines.stays(lines.is_open, EDGES_OK_S)
    measured = f"{lines.contacts()}, WATCHDOG_OK {int(board.switches().watchdog_ok)}"
    is_ok = is_open and board.switches().watchdog_ok
    return judged(is_ok, measured, "the contactor stays open, WATCHDOG_OK 1")


def _flag(board: CheckedBoard, person: Person) -> StepJudgement:
    lines = board.lines
    if not lines.power_on():
        question = (
            "The power-on flag is not set. Were the mains switched off and on since a graph or "
            "this check has run?"
        )
        if person.confirm(question):
            return failed("not set", "set since the mains came on")
        return skipped(FLAG_CLEARED)
    lines.clear(True)
    is_cleared = lines.until(lambda: not lines.power_on(), FLAG_S) is not None
    lines.clear(False)
    is_cleared = is_cleared and lines.stays(lambda: not lines.power_on(), FLAG_S)
    return judged(
        is_cleared, "set, then " + ("cleared" if is_cleared else "not cleared"), "cleared"
    )


def _watchdog(board: CheckedBoard) -> StepJudgement:
    lines = board.lines
    lines.feed(True)
    if lines.until(lambda: board.switches().watchdog_ok, EDGES_OK_S) is None:
        return failed("WATCHDOG_OK stays 0 with edges", "1")
    lines.feed(False)
    fallen_s = lines.until(lambda: not board.switches().watchdog_ok, WATCHDOG_S)
    expected = f"WATCHDOG_OK falls {LEAST_HOLD_S:g} to {WATCHDOG_S:g} s after the last edge"
    if fallen_s is None:
        return failed(f"still 1 after {WATCHDOG_S:g} s", expected)
    return judged(fallen_s >= LEAST_HOLD_S, f"fallen after {fallen_s:.2f} s", expected)


def _close(board: CheckedBoard) -> StepJudgement | float:
    """Switch the contactor on; return how long it took [s], or what is wrong."""
    lines = board.lines
    state_a = _state_a(board)
    if state_a.outcome is not CheckOutcome.OK:
        return state_a
    lines.feed(True)
    if lines.until(lambda: board.switches().watchdog_ok, EDGES_OK_S) is None:
        return failed("WATCHDOG_OK stays 0 with edges", "1")
    lines.enable(True)
    closed_s = lines.until(lines.is_closed, MOVE_S)
    if closed_s is None:
        measured = lines.contacts()
        lines.rest()
        return failed(measured, f"mirror contact open, load voltage on within {MOVE_S:g} s")
    return closed_s


def _closes(board: CheckedBoard) -> StepJudgement:
    closed_s = _close(board)
    if isinstance(closed_s, StepJudgement):
        return closed_s
    lines = board.lines
    if not lines.stays(lines.is_closed, STEADY_S):
        return failed(f"closed, then {lines.contacts()}", f"closed for {STEADY_S:g} s")
    return passed(f"closed after {1000 * closed_s:.0f} ms, and stays so for {STEADY_S:g} s")


def _opens_without_enable(board: CheckedBoard) -> StepJudgement:
    closed_s = _close(board)
    if isinstance(closed_s, StepJudgement):
        return closed_s
    board.lines.enable(False)
    return _opened(board, MOVE_S)


def _opens_without_edges(board: CheckedBoard) -> StepJudgement:
    closed_s = _close(board)
    if isinstance(closed_s, StepJudgement):
        return closed_s
    board.lines.feed(False)
    return _opened(board, WATCHDOG_S + MOVE_S)


def _opens_by_monitor(board: CheckedBoard) -> StepJudgement:
    closed_s = _close(board)
    if isinstance(closed_s, StepJudgement):
        return closed_s
    lines = board.lines
    began_s = lines.now_s()
    lines.test(True)
    judgement = _opened(board, ACTIVE_S + MOVE_S)
    # Enable first: with it the contactor would close again when the monitor is idle.
    lines.rest()
    lines.until(
        lambda: not (lines.residual_ac() or lines.residual_dc()),
        began_s + IDLE_AGAIN_S - lines.now_s(),
    )
    return judgement


def _opened(board: CheckedBoard, within_s: float) -> StepJudgement:
    """Return whether the contactor opens in time."""
    lines = board.lines
    opened_s = lines.until(lines.is_open, within_s)
    expected = f"mirror contact closed, load voltage off within {within_s:g} s"
    if opened_s is None:
        return failed(lines.contacts(), expected)
    return passed(f"opened after {1000 * opened_s:.0f} ms")
