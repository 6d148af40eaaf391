"""The front of the board: what the LEDs and the buzzer do, and how the keys are read."""

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bus import Bus, DriverError
from bus.memory import MemoryGraph
from msgs.led import Color, Effect, Tone
from nodes.board import reference
from nodes.board.sk9822 import COLORS
from nodes.led import front_board
from nodes.led.front import Front
from nodes.led.keys import Keys
from tests.board.board_front import (
    MODULE,
    OFF_FRAME,
    BoardWithFront,
    Shown,
    light,
    open_front,
)

NONE, SERVICE = Keys(service=False, touch=False), Keys(service=True, touch=False)
TOUCH = Keys(service=False, touch=True)
BLINKING = replace(OFF_FRAME, segments=(light(Color.BLUE, Effect.BLINK),) * 4)


class Box:
    """The driver under virtual time."""

    def __init__(self, graph: MemoryGraph, patch: pytest.MonkeyPatch) -> None:
        self.graph = graph
        self._patch = patch
        self.bus: Bus = graph.bus("led")
        self.board = BoardWithFront(self.bus)
        self.front = self.open()
        self.edges: list[float] = []

    def open(self) -> Front:
        return open_front(self.bus, self.board, self._patch)

    def watch_keys(self) -> None:
        def on_edge() -> None:
            self.edges.append(self.board.after_s())
            self.front.keys()

        self.front.on_edge(on_edge)
        self.front.keys()

    def warnings(self) -> list[str]:
        return [line.text for line in self.graph.lines if line.level == "warning"]


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    return Box(MemoryGraph(seed=1, state_dir=tmp_path / "state"), monkeypatch)


def colors(shown: Shown) -> list[Color | None]:
    """Return the colour of each LED; None: it is none of them."""
    names = {rgb: color for color, rgb in COLORS.items()}
    return [names.get(each[:3]) for each in shown.lights]


# --- lights --------------------------------------------------------------------------------------


@pytest.mark.req("PAN-1")
def test_each_light_has_its_leds_and_s1_is_the_first(box: Box) -> None:
    box.front.show(
        replace(
            OFF_FRAME,
            segments=tuple(
                light(each) for each in (Color.RED, Color.WHITE, Color.ORANGE, Color.BLUE)
            ),
            network=light(Color.GREEN),
            rfid=light(Color.ORANGE),
            frame=light(Color.WHITE),
            mode=light(Color.BLUE),
            touch=light(Color.GREEN),
        )
    )
    assert colors(box.board.shown[-1]) == [
        Color.RED, Color.WHITE, Color.ORANGE, Color.BLUE, Color.GREEN, Color.ORANGE,
        Color.WHITE, Color.WHITE, Color.WHITE, Color.WHITE, Color.BLUE, Color.GREEN,
    ]  # fmt: skip
    assert {each[3] for each in box.board.shown[-1].lights} == {8}


def test_a_steady_frame_is_sent_once(box: Box) -> None:
    steady = replace(OFF_FRAME, rfid=light(Color.GREEN))
    box.front.show(steady)
    box.graph.advance(10.0)
    box.front.show(replace(steady, caption="another text", tone=Tone.SINGLE))
    box.graph.advance(10.0)
    assert box.board.frames == 1


@pytest.mark.req("LED-3", "LED-10")
def test_all_blinking_lights_blink_together_at_1_hz(box: Box) -> None:
    mixed = [light(each, Effect.BLINK) for each in (Color.RED, Color.BLUE, Color.RED, Color.BLUE)]
    box.graph.advance(0.7)  # in the dark half of a second
    box.front.show(replace(OFF_FRAME, segments=tuple(mixed), rfid=light(Color.GREEN)))
    box.graph.advance(1.0)
    box.front.show(replace(OFF_FRAME, segments=tuple(mixed), mode=light(Color.BLUE, Effect.BLINK)))
    box.graph.advance(1.5)
    lit = [Color.RED, Color.BLUE, Color.RED, Color.BLUE]
    segments = [(shown.at_s, colors(shown)[:4]) for shown in box.board.shown]
    assert segments == [
        (0.7, [Color.OFF] * 4),
        (1.0, lit),
        (1.5, [Color.OFF] * 4),
        (1.7, [Color.OFF] * 4),  # the second frame
        (2.0, lit),
        (2.5, [Color.OFF] * 4),
        (3.0, lit),
    ]
    last = [colors(shown)[10] for shown in box.board.shown[-4:]]
    assert last == [Color.OFF, Color.BLUE, Color.OFF, Color.BLUE]


def test_blinking_ends_with_the_next_frame(box: Box) -> None:
    box.front.show(BLINKING)
    box.graph.advance(3.2)
    box.front.show(replace(BLINKING, segments=(light(Color.BLUE),) * 4))
    count = box.board.frames
    box.graph.advance(5.0)
    assert box.board.frames == count
    assert colors(box.board.shown[-1])[:4] == [Color.BLUE] * 4


def test_a_pulsing_light_is_smooth_and_needs_20_frames_a_second(box: Box) -> None:
    box.front.show(replace(OFF_FRAME, rfid=light(Color.RED, Effect.PULSE)))
    box.graph.advance(3.0)
    reds = [shown.lights[5][0] for shown in box.board.shown]
    assert (max(reds), min(reds)) == (255, round(0.1 * 255))
    assert max(abs(after - before) for before, after in pairwise(reds)) < 40
    assert 40 <= box.board.frames <= 61


@pytest.mark.req("LED-8")
def test_a_frame_that_the_bus_has_lost_is_sent_again(box: Box) -> None:
    box.front.show(replace(OFF_FRAME, rfid=light(Color.GREEN)))
    box.board.is_leds_bus_broken = True
    red = replace(OFF_FRAME, segments=(light(Color.RED),) * 4)
    box.front.show(red)
    box.graph.advance(2.0)
    assert box.warnings() == ["LEDs: SPI transfer of 57 bytes: Input/output error"]
    box.board.is_leds_bus_broken = False
    box.graph.advance(0.3)
    assert colors(Shown(0.0, box.board.chain.lights()))[:4] == [Color.RED] * 4
    count = box.board.frames
    box.graph.advance(2.0)
    assert box.board.frames == count
    assert [line.text for line in box.graph.lines][-1] == "LEDs: works again"


def test_after_a_failed_transfer_the_frame_before_it_is_sent_as_well(box: Box) -> None:
    green = replace(OFF_FRAME, rfid=light(Color.GREEN))
    box.front.show(green)
    box.board.is_leds_bus_broken = True
    box.front.show(OFF_FRAME)
    box.board.is_leds_bus_broken = False
    box.front.show(green)
    assert box.board.frames == 3


# --- buzzer --------------------------------------------------------------------------------------


@pytest.mark.req("RFID-3", "PAN-3")
@pytest.mark.parametrize(
    ("tone", "notes"),
    [
        (Tone.RISING, [(0.0, 880), (0.12, 1175), (0.24, 1568), (0.36, 0)]),
        (Tone.FALLING, [(0.0, 1568), (0.12, 1175), (0.24, 880), (0.36, 0)]),
        (Tone.SERVICE, [(0.0, 2000), (0.2, 0)]),
        (Tone.SINGLE, [(0.0, 1175), (0.12, 0)]),
    ],
)
def test_each_tone_has_its_notes(box: Box, tone: Tone, notes: list[tuple[float, int]]) -> None:
    box.front.show(replace(OFF_FRAME, tone=tone))
    box.graph.advance(0.3)
    box.front.show(replace(OFF_FRAME, tone=tone, caption="another frame with the same tone"))
    box.graph.advance(0.2)
    box.front.show(OFF_FRAME)
    box.graph.advance(1.0)
    assert box.board.sounded == notes


def test_a_tone_that_appears_again_is_played_again_and_another_one_replaces_it(box: Box) -> None:
    for tone in (Tone.SERVICE, Tone.NONE, Tone.SERVICE, Tone.FALLING):
        box.front.show(replace(OFF_FRAME, tone=tone))
        box.graph.advance(0.1)
    box.graph.advance(1.0)
    assert box.board.sounded == [(0.0, 2000), (0.3, 1568), (0.42, 1175), (0.54, 880), (0.66, 0)]


def test_a_tone_ends_though_its_frame_is_gone(box: Box) -> None:
    box.front.show(replace(OFF_FRAME, tone=Tone.RISING))
    box.graph.advance(0.05)
    box.front.show(OFF_FRAME)
    box.graph.advance(1.0)
    assert not box.board.has_tone


def test_a_process_that_was_killed_in_a_tone_leaves_none_to_the_next(box: Box) -> None:
    box.front.show(replace(OFF_FRAME, tone=Tone.RISING))
    assert box.board.has_tone
    box.graph.kill("led")
    box.bus = box.graph.bus("led")
    box.open()
    assert not box.board.has_tone


def test_a_buzzer_that_fails_costs_one_line_and_no_light(box: Box) -> None:
    box.board.pwm_files.write("pwmchip0/unexport", str(reference.BUZZER_CHANNEL))
    for tone in (Tone.RISING, Tone.NONE, Tone.FALLING):
        box.front.show(replace(OFF_FRAME, tone=tone, rfid=light(Color.GREEN)))
        box.graph.advance(1.0)
    assert box.warnings() == ["buzzer: the PWM does not accept a setting"]
    assert colors(box.board.shown[-1])[5] is Color.GREEN


# --- keys ----------------------------------------------------------------------------------------


@pytest.mark.req("PAN-3", "PAN-4")
@pytest.mark.parametrize("service", [False, True])
@pytest.mark.parametrize("touch", [False, True])
def test_keys_are_read_when_they_are_asked_for(box: Box, service: bool, touch: bool) -> None:
    box.board.service, box.board.touch = service, touch
    assert box.front.keys() == Keys(service=service, touch=touch)


def test_a_change_of_a_key_is_noticed_within_50_ms_and_once(box: Box) -> None:
    box.watch_keys()
    box.graph.advance(1.0)
    assert box.edges == []
    box.board.touch = True
    box.graph.advance(1.0)
    box.board.touch = False
    box.board.service = True
    box.graph.advance(1.0)
    assert [math.floor(at_s / 0.05 + 0.5) for at_s in box.edges] == [20, 40]


@pytest.mark.parametrize("level", [0x00, 0xFF])
def test_registers_that_do_not_answer_give_no_keys(box: Box, level: int) -> None:
    box.watch_keys()
    box.board.stuck = level
    box.graph.advance(1.0)
    assert box.front.keys() is None
    assert len(box.edges) == 1
    assert len(box.warnings()) == 1
    assert box.warnings()[0].startswith("keys: shift registers: ")
    box.board.stuck = None
    box.graph.advance(0.1)
    assert box.front.keys() == NONE
    assert len(box.edges) == 2


def test_one_well_read_of_three_is_enough(box: Box) -> None:
    box.board.touch = True
    box.board.register_answers = [0xFF, 0x00, None]
    assert box.front.keys() == TOUCH
    box.board.register_answers = [0xFF, 0x00, 0xFF]
    assert box.front.keys() is None
    assert box.front.keys() == TOUCH


# --- to open and to leave ------------------------------------------------------------------------


def test_shutdown_makes_the_front_dark_and_silent_for_good(box: Box) -> None:
    box.watch_keys()
    box.front.show(replace(BLINKING, tone=Tone.RISING))
    box.graph.advance(0.1)
    box.front.shutdown()
    count = box.board.frames
    box.board.service = True
    box.graph.advance(3.0)
    assert set(box.board.chain.lights()) == {(0, 0, 0, 8)}
    assert (box.board.has_tone, box.board.frames, box.edges) == (False, count, [])


@pytest.mark.parametrize("at_s", [0.1, 0.6])
def test_a_handover_leaves_the_lights_as_they_are_and_no_tone(box: Box, at_s: float) -> None:
    box.front.show(BLINKING)
    box.graph.advance(at_s)
    box.front.show(replace(BLINKING, tone=Tone.RISING))
    lights, count = box.board.chain.lights(), box.board.frames
    box.front.handover()
    box.graph.advance(3.0)
    box.open()
    assert (box.board.chain.lights(), box.board.frames) == (lights, count)
    assert not box.board.has_tone


def test_a_failed_bus_does_not_keep_the_front_from_its_end(box: Box) -> None:
    box.front.show(BLINKING)
    box.board.is_leds_bus_broken = True
    box.board.pwm_files.write("pwmchip0/unexport", str(reference.BUZZER_CHANNEL))
    box.front.shutdown()
    count = box.board.frames
    box.graph.advance(3.0)
    assert box.board.frames == count


@pytest.mark.parametrize(
    ("changes", "parameter", "text"),
    [
        ({"leds_spi": (2, 0)}, "leds_spi", "No such file"),
        ({"switches_spi": (1, 7)}, "switches_spi", "expected an SPI device"),
        ({"pwm_device": "fe20c800.pwm"}, "pwm_device", "expected one of: fe20c000.pwm"),
        ({"pwm_channel": 3}, "pwm_channel", "No such device"),
        ({"io": "nodes.board.reference"}, "io", "has no open_io"),
    ],
)
def test_what_cannot_be_opened_is_named_by_its_parameter(
    box: Box, changes: dict[str, Any], parameter: str, text: str
) -> None:
    with pytest.raises(DriverError, match=text) as caught:
        front_board.open(box.bus, replace(front_board.Parameters(io=MODULE), **changes))
    assert caught.value.parameter == parameter
