"""The front, with a person's eyes and hands: lights, buzzer, keys, DIP switches, a card."""

from msgs.led import Color
from msgs.safety import DIP_LIMIT_A
from nodes.board import reference
from nodes.board.check.board import CheckedBoard
from nodes.board.check.chip_steps import LEDS, READER, REGISTERS
from nodes.board.check.places import Places
from nodes.board.check.step import CheckStep, Person, StepJudgement, failed, passed, skipped
from nodes.board.hc165 import SwitchBits
from nodes.board.sk9822 import COLORS, DARK_RGB

LIGHTS, BUZZER, CARD = "lights", "buzzer", "card"
TOUCH_KEY, SERVICE_KEY, DIP = "touch key", "service key", "DIP switches"

LIGHT_S = 0.15  # assumed: of one LED, slow enough to see a missing one
SCALE_HZ = (880, 988, 1109, 1175, 1319, 1480, 1568)  # A5 to G6
NOTE_S = 0.12
PRESS_S = 20.0
RELEASE_S = 10.0  # assumed
CARD_S = 20.0
LOOK_S = 0.15  # between two looks for cards: hardware.md 3.4

# Switches of DSW1 and DSW2 that the box uses: smart_home.md 3.6.
EXTERNAL_USED = 0x80  # DSW1.1
COMMISSIONING = 0x01  # DSW2.8
LOWEST_A = min(DIP_LIMIT_A.values())


def steps(places: Places) -> list[CheckStep]:
    """Return the steps of the front."""
    found: list[CheckStep] = []
    if places.front is not None:
        place = f"{places.front.spi[0]}.{places.front.spi[1]}"
        found += [
            CheckStep(
                name=LIGHTS,
                look_at=(
                    f"the LED chain on SPI {place}: the first LED that stays out or has a wrong "
                    "colour, the wire before it, the gated clock and the 5 V supply"
                ),
                guided=_lights,
                needs=(LEDS,),
            ),
            CheckStep(
                name=BUZZER,
                look_at=(
                    f"the buzzer and its wire: channel {places.front.pwm_channel} of the PWM "
                    f"{places.front.pwm_device}"
                ),
                guided=_buzzer,
            ),
            CheckStep(
                name=SERVICE_KEY,
                look_at=f"the service key (BCM {places.front.key_pin}) and its wire",
                guided=_service_key,
            ),
        ]
    found += [
        CheckStep(
            name=TOUCH_KEY,
            look_at="the touch key AT42QT1010, its electrode, and its input of the shift registers",
            guided=_touch_key,
            needs=(REGISTERS,),
        ),
        CheckStep(
            name=DIP,
            look_at="the DIP switches DSW1 and DSW2, and their order at the shift registers",
            guided=_dip,
            needs=(REGISTERS,),
        ),
    ]
    if places.reader is not None:
        text = "the antenna of the card reader PN5180, and its supply"
        found.append(CheckStep(name=CARD, look_at=text, guided=_card, needs=(READER,)))
    return found


def meaning(bits: SwitchBits) -> str:
    """Return the DIP switches as they are read, and what they mean."""
    code = (bool(bits.dip1 & 0x04), bool(bits.dip1 & 0x02), bool(bits.dip1 & 0x01))
    limit_a = DIP_LIMIT_A.get(code, LOWEST_A)
    external = "used" if bits.dip1 & EXTERNAL_USED else "not used"
    contact = "closed" if bits.external_closed else "open"
    mode = "on" if bits.dip2 & COMMISSIONING else "off"
    return (
        f"DSW1 {bits.dip1:08b}, DSW2 {bits.dip2:08b} (1 is on, switch 1 first): limit {limit_a:g} "
        f"A, external input {external} and {contact}, commissioning {mode}"
    )


def _lights(board: CheckedBoard, person: Person) -> StepJudgement:
    wrong: list[str] = []
    seen = 0
    for color in Color:
        if color is Color.OFF:
            continue
        person.show(f"All {reference.LEDS} LEDs light up in {color}, one after another.")
        for index in range(reference.LEDS):
            lights = [COLORS[color] if at == index else DARK_RGB for at in range(reference.LEDS)]
            board.light(lights)
            board.lines.wait(LIGHT_S)
        board.light([COLORS[color]] * reference.LEDS)
        answer = person.confirm(
            f"Was each LED {color}, one after another, and are all {color} now?"
        )
        seen += answer is not None
        if answer is False:
            wrong.append(color)
    board.light([DARK_RGB] * reference.LEDS)
    if wrong:
        return failed(f"not right in {', '.join(wrong)}", "each LED in each colour")
    return passed(f"{seen} colours confirmed") if seen else skipped("left out")


def _buzzer(board: CheckedBoard, person: Person) -> StepJudgement:
    person.show("The buzzer plays seven rising notes.")
    takes = True
    for frequency_hz in SCALE_HZ:
        takes = board.sound(frequency_hz) and takes
        board.lines.wait(NOTE_S)
    board.silence()
    if not takes:
        return failed("the PWM refuses a frequency", "880 to 1568 Hz")
    answer = person.confirm("Were there seven rising notes?")
    if answer is None:
        return skipped("left out")
    return passed("heard") if answer else failed("not heard", "seven rising notes")


def _key(board: CheckedBoard, person: Person, name: str) -> StepJudgement:
    """Wait for a press of a key, and for its release."""

    def is_pressed() -> bool:
        return board.service_key() if name == SERVICE_KEY else board.switches().touch

    if not board.lines.stays(lambda: not is_pressed(), 0.1):
        return failed("pressed", "not pressed, before it is asked for")
    person.show(f"Press the {name} within {PRESS_S:g} s, and release it.")
    if board.lines.until(is_pressed, PRESS_S) is None:
        return failed("not pressed", f"a press within {PRESS_S:g} s")
    if board.lines.until(lambda: not is_pressed(), RELEASE_S) is None:
        return failed("stays pressed", "released")
    return passed("pressed and released")


def _service_key(board: CheckedBoard, person: Person) -> StepJudgement:
    return _key(board, person, SERVICE_KEY)


def _touch_key(board: CheckedBoard, person: Person) -> StepJudgement:
    return _key(board, person, TOUCH_KEY)


def _dip(board: CheckedBoard, person: Person) -> StepJudgement:
    text = meaning(board.switches())
    answer = person.confirm(f"{text}. Is that how the switches are set?")
    if answer is None:
        return skipped(f"{text}: not confirmed")
    return passed(text) if answer else failed(text, "as the switches are set")


def _card(board: CheckedBoard, person: Person) -> StepJudgement:
    board.card_chip.start()
    person.show(f"Present a card to the reader within {CARD_S:g} s.")
    end_s = board.lines.now_s() + CARD_S
    while board.lines.now_s() < end_s:
        uids = board.cards()
        if len(uids) == 1:
            return passed(f"UID {uids[0]}")
        if len(uids) > 1:
            return failed(f"{len(uids)} cards: {', '.join(uids)}", "one card")
        board.lines.wait(LOOK_S)
    return failed("no card", f"a card within {CARD_S:g} s")
