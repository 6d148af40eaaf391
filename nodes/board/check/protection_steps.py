"""What must be right before the coil is driven: contactor at rest, monitor, mains, earth loop.

Nothing here can close the contactor: the enable line stays off and the watchdog gets no edges.

With the breaker off no phase has voltage, and a breaker or an RCD that switches the neutral as well
opens the earth loop. Both are left out then, and so is the contactor.
"""

from contextlib import suppress

from nodes.board.analog_inputs import OPEN_EARTH_OHM
from nodes.board.check.board import CheckedBoard
from nodes.board.check.chip_steps import CONVERTER, METER, REGISTERS
from nodes.board.check.places import Places
from nodes.board.check.step import CheckStep, Person, StepJudgement, failed, judged, passed, skipped
from nodes.board.spi_link import ChipError

AT_REST, WATCHDOG_OFF = "contactor at rest", "watchdog without edges"
HEAT_SWITCH, MONITOR = "over-temperature switch", "residual-current monitor"
MAINS, VOLTMETER = "mains voltages", "mains voltages by a voltmeter"
EARTH = "earth loop"
NOT_MEASURABLE = "not measurable"
NO_VOLTAGE = "no phase has voltage: the breaker is off"
IDLE_TEXT = "is it without supply, is one of its wires broken, or is there a residual current"
BREAKER = "No phase has voltage. Is the breaker on?"

WATCHDOG_S = 1.2  # the hardware holds 0.6 to 1.2 s (docs/hardware.md)
IDLE_S = 1.0  # the monitor's outputs must be idle by then: OpenEVSE (hardware.md 2.1)
ACTIVE_S = 0.74  # of the CCID test (hardware.md 2.1)
IDLE_AGAIN_S = 2.16  # of the CCID test, from its begin
LEAST_V, MOST_V = 160.0, 280.0  # of the product (8002)
UNWIRED_V = 50.0  # assumed: below, a phase is not wired
STRAY_A = 0.5  # assumed: noise of the meter chip is less
EARTH_OHM = 300.0  # field devices refuse from 300 to 500 ohm on (hardware.md 2.2)
VOLTMETER_SHARE = 0.03  # assumed: 1 % each of voltmeter, chip and dividers


def steps(places: Places) -> list[CheckStep]:
    """Return the steps of the protection."""
    found = [
        CheckStep(
            name=AT_REST,
            look_at=(
                f"the contactor's main poles (welded?), its mirror contact (BCM "
                f"{places.mirror_pin}, high: poles open) and the load voltage sensor (BCM "
                f"{places.load_pin}, high: voltage); their wires may be swapped"
            ),
            alone=at_rest,
        ),
        CheckStep(
            name=WATCHDOG_OFF,
            look_at="the hardware watchdog, its output to the gates, and the bit WATCHDOG_OK",
            alone=_watchdog_off,
            needs=(REGISTERS,),
        ),
        CheckStep(
            name=HEAT_SWITCH,
            look_at="the over-temperature switch: has it opened, or is its wire broken",
            alone=lambda board: judged(
                not board.switches().overtemperature,
                "opened" if board.switches().overtemperature else "closed",
                "closed",
            ),
            needs=(REGISTERS,),
        ),
        CheckStep(
            name=MONITOR,
            look_at=(
                f"the residual-current monitor: its supply, its test line (BCM {places.test_pin}), "
                f"its outputs for AC (BCM {places.ac_pin}) and DC (BCM {places.dc_pin}), which are "
                "low while it is well, and the bit RESIDUAL_OK"
            ),
            alone=_monitor,
            needs=(REGISTERS,),
        ),
    ]
    if places.meter is not None:
        text = "the mains at the terminals, and the dividers of the meter chip"
        found += [
            CheckStep(name=MAINS, look_at=text, alone=_mains, guided=_mains, needs=(METER,)),
            CheckStep(name=VOLTMETER, look_at=text, guided=_voltmeter, needs=(MAINS,)),
        ]
    return [*found, _earth_step(places)]


def _earth_step(places: Places) -> CheckStep:
    text = (
        "the protective conductor at the terminals and in the house, the neutral, and the "
        "measuring source of the earth loop; on an IT grid set earth_loop = false for safety"
    )
    if not places.earth_loop:
        return CheckStep(
            name=EARTH,
            look_at=text,
            alone=lambda _: skipped(f"{NOT_MEASURABLE}: earth_loop = false in the plan (IT grid)"),
        )
    return CheckStep(name=EARTH, look_at=text, alone=_earth, needs=(CONVERTER, REGISTERS))


def at_rest(board: CheckedBoard) -> StepJudgement:
    """Judge whether mirror contact and load voltage agree on an open contactor."""
    lines = board.lines
    is_open = lines.stays(lines.is_open, 0.1)
    return judged(is_open, lines.contacts(), "mirror contact closed, load voltage off")


def _watchdog_off(board: CheckedBoard) -> StepJudgement:
    def is_off() -> bool:
        return not board.switches().watchdog_ok

    # A graph that has just been stopped may have given edges until now.
    is_ok = board.lines.until(is_off, WATCHDOG_S) is not None
    bit = 0 if is_ok else 1
    return judged(is_ok, f"WATCHDOG_OK is {bit}", f"0 within {WATCHDOG_S:g} s without edges")


def _monitor(board: CheckedBoard) -> StepJudgement:
    lines = board.lines
    expected = "both outputs idle and RESIDUAL_OK 1"
    if lines.until(lambda: _is_idle(board), IDLE_S) is None:
        return failed(_outputs(board), expected, IDLE_TEXT)
    lines.test(True)
    began_s = lines.now_s()
    active_s = lines.until(lambda: lines.residual_ac() and lines.residual_dc(), ACTIVE_S)
    outputs, is_cut = _outputs(board), not board.switches().residual_ok
    lines.test(False)
    if active_s is None:
        return failed(f"test: {outputs}", f"both outputs active within {ACTIVE_S:g} s")
    if not is_cut:
        text = "the wire from the monitor to the gates: it does not cut the coil"
        return failed("test: RESIDUAL_OK stays 1", "RESIDUAL_OK 0 while it trips", text)
    left_s = began_s + IDLE_AGAIN_S - lines.now_s()
    if lines.until(lambda: _is_idle(board), left_s) is None:
        text = f"{expected} {IDLE_AGAIN_S:g} s after the test began"
        return failed(f"after the test: {_outputs(board)}", text)
    return passed(f"tripped after {1000 * active_s:.0f} ms, idle again")


def _is_idle(board: CheckedBoard) -> bool:
    lines = board.lines
    return not lines.residual_ac() and not lines.residual_dc() and board.switches().residual_ok


def _outputs(board: CheckedBoard) -> str:
    lines = board.lines
    names = {True: "active", False: "idle"}
    bit = int(board.switches().residual_ok)
    return f"AC {names[lines.residual_ac()]}, DC {names[lines.residual_dc()]}, RESIDUAL_OK {bit}"


def _mains(board: CheckedBoard, person: Person | None = None) -> StepJudgement:
    volts, amperes = board.voltages_v(), board.currents_a()
    wired = [value for value in volts if value >= UNWIRED_V]
    measured = ", ".join(
        f"L{number} {value:.1f} V" if value >= UNWIRED_V else f"L{number} not wired"
        for number, value in enumerate(volts, start=1)
    )
    expected = f"{LEAST_V:g} to {MOST_V:g} V on each wired phase"
    if not wired:
        if person is None or person.confirm(BREAKER) is not True:
            return skipped(NO_VOLTAGE)
        return failed(measured, expected, "is a breaker or an RCD before it off")
    if not all(LEAST_V <= value <= MOST_V for value in wired):
        return failed(measured, expected)
    if max(amperes) > STRAY_A:
        text = "the current transformers and their wires"
        return failed(f"{max(amperes):.1f} A with the contactor open", "no current", text)
    return passed(measured)


def _earth(board: CheckedBoard) -> StepJudgement:
    ohm = board.earth_ohm()
    is_ok = board.switches().earth_ok
    if ohm >= OPEN_EARTH_OHM and _is_breaker_off(board):
        return skipped(NO_VOLTAGE)
    measured = "no measuring current" if ohm >= OPEN_EARTH_OHM else f"{ohm:.0f} ohm"
    expected = f"below {EARTH_OHM:g} ohm"
    if ohm < EARTH_OHM and not is_ok:
        return failed(f"{measured}, and the bit EARTH_OK is 0", "EARTH_OK is 1", "that bit's wire")
    return judged(ohm < EARTH_OHM, measured, expected)


def _is_breaker_off(board: CheckedBoard) -> bool:
    """Return whether no phase has voltage; False as well if that is not known."""
    if board.places.meter is None:
        return False
    with suppress(ChipError):
        return max(board.voltages_v()) < UNWIRED_V
    return False


def _voltmeter(board: CheckedBoard, person: Person) -> StepJudgement:
    texts: list[str] = []
    for number, chip_v in enumerate(board.voltages_v(), start=1):
        if chip_v < UNWIRED_V:
            continue
        question = f"What does a voltmeter show between L{number} and N at the terminals [V]?"
        read_v = person.number(question)
        if read_v is None:
            continue
        chip_v = board.voltages_v()[number - 1]
        texts.append(f"L{number} {chip_v:.1f} V, by the voltmeter {read_v:.1f} V")
        if abs(chip_v - read_v) > VOLTMETER_SHARE * read_v:
            assert board.places.meter is not None
            gain = round(board.places.meter.voltage_gains[number - 1] * read_v / chip_v)
            return failed(
                texts[-1],
                f"equal within {100 * VOLTMETER_SHARE:g} %",
                f"are two phases swapped; else calibrate: voltage_gains of L{number} = {gain}, "
                "for meter and for safety",
            )
    return passed(", ".join(texts)) if texts else skipped("no voltmeter")
