"""The control pilot: both rails, PWM, the duty that is read back, and a test plug.

The voltages are measured before the relay to the cable: without a load on the cable the relay
changes nothing that can be measured, so it is tested with the test plug alone.
"""

from functools import partial

from msgs.pilot import WINDOWS_V, CpState
from nodes.board.check.board import X1_PERCENT, CheckedBoard
from nodes.board.check.chip_steps import CONVERTER, MINUS, PLUS, PWM
from nodes.board.check.places import Places
from nodes.board.check.step import CheckStep, Person, StepJudgement, failed, judged, passed, skipped

X1, STATE_F, PLATEAUS, DUTY = "pilot in X1", "pilot in F", "pilot at 50 %", "pilot's duty"
PLUGS = "pilot with a test plug"

AMPERES = (6, 16, 32)
PERCENT_AN_AMPERE = 100.0 / 60.0  # of duty, 6 to 51 A: IEC 61851-1, Table A.7
DUTY_TOLERANCE_PERCENT = 0.05
RAIL_V = 12.0
# 0.6 V: 5 % of the generator (IEC 61851-1, Table A.2). 0.6 V: what channels 0 to 2 show wrong with
# resistors of 1 % (0.27 V at -12 V), a reference of 2 % (0.24 V), and the droop of a held plateau.
TOLERANCE_V = 1.2
WINDOWS = {state: (least_v, most_v) for state, least_v, most_v in WINDOWS_V}
TEST_PLUGS = (
    (CpState.B, "2.74 kohm behind a diode"),
    (CpState.C, "882 ohm behind a diode"),
)


def steps(places: Places) -> list[CheckStep]:
    """Return the steps of the pilot."""
    driver = (
        f"the pilot's driver (GPIO of channel {places.pwm_channel} of {places.pwm_device}), its "
        "supplies, and the dividers of channels 0 to 2; nothing may be plugged in"
    )
    relay = f"the relay to the cable (BCM {places.connect_pin}), the CP line, and the test plug"
    needs = (CONVERTER, PWM, PLUS, MINUS)
    return [
        CheckStep(
            name=X1,
            look_at=driver,
            alone=partial(_level, duty_percent=X1_PERCENT, level_v=RAIL_V),
            needs=needs,
        ),
        CheckStep(
            name=STATE_F,
            look_at=driver,
            alone=partial(_level, duty_percent=0.0, level_v=-RAIL_V),
            needs=needs,
        ),
        CheckStep(
            name=PLATEAUS,
            look_at=f"the two sample-and-hold circuits; {driver}",
            alone=_plateaus,
            needs=(X1, STATE_F),
        ),
        CheckStep(
            name=DUTY,
            look_at=f"the kernel's PWM, and {driver}",
            alone=_duties,
            needs=(PLATEAUS,),
        ),
        CheckStep(name=PLUGS, look_at=relay, guided=_plugs, needs=(PLATEAUS,)),
    ]


def is_rail(value_v: float, rail_v: float) -> bool:
    """Return whether a voltage is that of a rail of the pilot's driver."""
    return abs(value_v - rail_v) <= TOLERANCE_V


def _level(board: CheckedBoard, duty_percent: float, level_v: float) -> StepJudgement:
    board.drive_pilot(duty_percent)
    measured_v, _ = board.pilot_v(duty_percent)
    return judged(
        is_rail(measured_v, level_v),
        f"{measured_v:.2f} V",
        f"{level_v - TOLERANCE_V:g} to {level_v + TOLERANCE_V:g} V",
    )


def _plateaus(board: CheckedBoard) -> StepJudgement:
    board.drive_pilot(50.0)
    high_v, low_v = board.pilot_v(50.0)
    return judged(_are_rails(high_v, low_v), _volts(high_v, low_v), "+12 V and -12 V")


def _duties(board: CheckedBoard) -> StepJudgement:
    texts: list[str] = []
    for ampere in AMPERES:
        percent = ampere * PERCENT_AN_AMPERE
        setting = board.drive_pilot(percent)
        high_v, low_v = board.pilot_v(percent)
        if setting is None:
            return failed(f"{ampere} A: the duty cannot be read back", f"{percent:.2f} %")
        texts.append(f"{ampere} A {setting.duty_percent:.2f} %")
        is_right = abs(setting.duty_percent - percent) <= DUTY_TOLERANCE_PERCENT
        if not (is_right and setting.is_enabled and _are_rails(high_v, low_v)):
            measured = f"{texts[-1]}, {_volts(high_v, low_v)}"
            return failed(measured, f"{percent:.2f} %, +12 V and -12 V")
    return passed(", ".join(texts))


def _plugs(board: CheckedBoard, person: Person) -> StepJudgement:
    texts: list[str] = []
    for state, what in TEST_PLUGS:
        question = f"Plug a test plug for state {state} into the cable ({what}). Is it in?"
        if person.confirm(question) is not True:
            texts.append(f"{state} left out")
            continue
        judgement = _plug(board, state)
        if judgement is not None:
            return judgement
        texts.append(f"{state} as expected, and gone with the relay off")
    if all(text.endswith("left out") for text in texts):
        return skipped("no test plug: the relay and the cable are not tested")
    person.confirm("Take the test plug out. Is it out?")
    return passed(", ".join(texts))


def _plug(board: CheckedBoard, state: CpState) -> StepJudgement | None:
    """Return what is wrong with a test plug in the cable; None: nothing."""
    least_v, most_v = WINDOWS[state]
    board.lines.connect(True)
    board.drive_pilot(50.0)
    high_v, low_v = board.pilot_v(50.0)
    measured = f"state {state}: {_volts(high_v, low_v)}"
    if not (least_v <= high_v <= most_v and is_rail(low_v, -RAIL_V)):
        return failed(measured, f"{least_v:g} to {most_v:g} V, and -12 V by the diode")
    board.lines.connect(False)
    board.drive_pilot(50.0)
    high_v, low_v = board.pilot_v(50.0)
    if not _are_rails(high_v, low_v):
        return failed(f"relay off: {_volts(high_v, low_v)}", "+12 V and -12 V, without the plug")
    return None


def _are_rails(high_v: float, low_v: float) -> bool:
    return is_rail(high_v, RAIL_V) and is_rail(low_v, -RAIL_V)


def _volts(high_v: float, low_v: float) -> str:
    return f"{high_v:.2f} V and {low_v:.2f} V"
