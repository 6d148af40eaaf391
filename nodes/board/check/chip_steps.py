"""Chips and supplies: does each chip answer, and is what they show possible. No mains needed."""

from nodes.board import reference
from nodes.board.check.board import X1_PERCENT, CheckedBoard
from nodes.board.check.places import Places
from nodes.board.check.step import (
    CheckStep,
    StepJudgement,
    failed,
    in_range,
    judged,
    passed,
)
from nodes.board.mcp3208 import FULL_SCALE

CONVERTER = "converter"
METER = "meter chip"
REGISTERS = "shift registers"
READER = "card reader"
LEDS = "LED chain"
PWM = "PWM of the pilot"
PLUS, MINUS, REFERENCE = "supply +12 V", "supply -12 V", "reference 3.3 V"
HEAT = "temperatures"

TRIES = 16  # assumed: of reads in a row, so that a loose contact shows
RAIL_V = 12.0
RAIL_TOLERANCE_V = 0.75  # 5 % of the supply (the generator's window), and 1 % of the divider
REFERENCE_TOLERANCE_V = 0.17  # assumed: both supplies together wrong by 5 % are less likely
ROOM_C = (0.0, 50.0)  # assumed: where a box is put into service
BESIDE_K = 5.0


def steps(places: Places) -> list[CheckStep]:
    """Return the steps of chips and supplies."""
    bus = "in config.txt its dtoverlay; its supply, chip select, clock, MOSI and MISO"
    found = [
        CheckStep(
            name=CONVERTER,
            look_at=f"the converter MCP3208 on SPI {_spi(places.converter_spi)}: {bus}",
            alone=_converter,
        ),
        CheckStep(
            name=REGISTERS,
            look_at=f"the shift registers 74HC165 on SPI {_spi(places.switches_spi)}: {bus}",
            alone=_registers,
        ),
        CheckStep(
            name=PWM,
            look_at=(
                "the kernel's PWM: dtoverlay=pwm-2chan in config.txt, pwm_device in the plan, "
                "and the rights on /sys/class/pwm"
            ),
            alone=_pwm,
        ),
    ]
    if places.meter is not None:
        text = f"the meter chip ATM90E32AS on SPI {_spi(places.meter.spi)} (mode 3): {bus}"
        found.append(CheckStep(name=METER, look_at=text, alone=_meter))
    if places.reader is not None:
        text = (
            f"the card reader PN5180 on SPI {_spi(places.reader.spi)}: {bus}; its lines RESET_N "
            f"(BCM {places.reader.reset_pin}) and BUSY (BCM {places.reader.busy_pin})"
        )
        found.append(CheckStep(name=READER, look_at=text, alone=_reader))
    if places.front is not None:
        text = f"the SPI of the LED chain {_spi(places.front.spi)}: its dtoverlay in config.txt"
        found.append(CheckStep(name=LEDS, look_at=text, alone=_leds))
    return [*found, *_supplies()]


def _supplies() -> list[CheckStep]:
    return [
        CheckStep(
            name=PLUS,
            look_at="the 12 V power supply, its wires, and the divider of channel 6",
            alone=_plus,
            needs=(CONVERTER, REGISTERS),
        ),
        CheckStep(
            name=MINUS,
            look_at="the -12 V converter of the board, and the divider of channel 7",
            alone=lambda board: in_range(
                board.minus_v(), -RAIL_V - RAIL_TOLERANCE_V, -RAIL_V + RAIL_TOLERANCE_V, "V"
            ),
            needs=(CONVERTER,),
        ),
        CheckStep(
            name=REFERENCE,
            look_at="the 3.3 V supply, which is the converter's reference",
            alone=_reference,
            needs=(PLUS, MINUS),
        ),
        CheckStep(
            name=HEAT,
            look_at="the NTCs (10 kohm) at the terminals and on the board, and their wires",
            alone=_temperatures,
            needs=(CONVERTER,),
        ),
    ]


def _converter(board: CheckedBoard) -> StepJudgement:
    seen = [board.converter.counts(reference.MINUS_CHANNEL) for _ in range(TRIES)]
    stuck = [counts for counts in seen if counts in (0, FULL_SCALE)]
    return judged(
        not stuck,
        f"channel {reference.MINUS_CHANNEL}: {min(seen)} to {max(seen)} counts",
        f"neither 0 nor {FULL_SCALE}, which a MISO that is stuck shows",
    )


def _registers(board: CheckedBoard) -> StepJudgement:
    seen = {(bits.dip1, bits.dip2) for bits in (board.registers.read() for _ in range(TRIES))}
    return judged(
        len(seen) == 1, f"{TRIES} reads, {len(seen)} results", "the same switches in each read"
    )


def _pwm(board: CheckedBoard) -> StepJudgement:
    setting = board.drive_pilot(X1_PERCENT)
    name = f"{board.places.pwm_device}, channel {board.places.pwm_channel}"
    if setting is None:
        return failed(f"{name}: cannot be read", "period and duty as written")
    return judged(
        setting.is_enabled and setting.duty_percent == X1_PERCENT,
        f"{name}: duty {setting.duty_percent:g} %",
        "enabled, with a duty of 100 %",
    )


def _meter(board: CheckedBoard) -> StepJudgement:
    is_right = board.configure_meter()
    return judged(is_right, f"configuration {'read back' if is_right else 'lost'}", "read back")


def _reader(board: CheckedBoard) -> StepJudgement:
    versions = board.card_chip.start()
    if not board.reader_obeys_reset():
        return failed("it answers while it is in reset", "no answer in reset", "the line RESET_N")
    board.card_chip.start()
    return passed(f"PN5180, firmware {versions[3]}.{versions[2]}")


def _leds(board: CheckedBoard) -> StepJudgement:
    board.light([(0, 0, 0)] * reference.LEDS)
    return passed("SPI works; the chain cannot answer: see the step of the lights")


def _plus(board: CheckedBoard) -> StepJudgement:
    judgement = in_range(board.plus_v(), RAIL_V - RAIL_TOLERANCE_V, RAIL_V + RAIL_TOLERANCE_V, "V")
    if not board.switches().supply_ok:
        return failed(f"{judgement.measured}, and the supply's monitor reports a fault", "no fault")
    return judgement


def _reference(board: CheckedBoard) -> StepJudgement:
    """Judge the reference by both supplies: it scales what is measured of them alike."""
    span_v = board.plus_v() - board.minus_v()
    value_v = reference.REFERENCE_V * 2.0 * RAIL_V / span_v
    return in_range(
        value_v,
        reference.REFERENCE_V - REFERENCE_TOLERANCE_V,
        reference.REFERENCE_V + REFERENCE_TOLERANCE_V,
        "V",
    )


def _temperatures(board: CheckedBoard) -> StepJudgement:
    terminal_c, board_c = board.terminal_c(), board.board_c()
    least_c, most_c = ROOM_C
    measured = f"terminals {terminal_c:.1f} degC, board {board_c:.1f} degC"
    expected = f"{least_c:g} to {most_c:g} degC, and within {BESIDE_K:g} K of each other"
    for name, value_c in (("terminals", terminal_c), ("board", board_c)):
        if not least_c <= value_c <= most_c:
            how = "open, or its wire broken" if value_c < least_c else "shorted"
            return failed(measured, expected, f"the NTC of the {name}: perhaps {how}")
    return judged(abs(terminal_c - board_c) <= BESIDE_K, measured, expected)


def _spi(place: tuple[int, int]) -> str:
    return f"{place[0]}.{place[1]}"
