"""The led node on the bus in memory."""

from collections.abc import Callable

import pytest

from bus import Bus
from msgs import status_led
from msgs.dcs import Link
from msgs.led import Tone
from msgs.requests import StopReason
from msgs.rfid import Indication
from msgs.safety import FaultCode, SafetyPhase
from msgs.session import WallboxState
from msgs.topics import LAUNCH_GRAPH
from nodes.led.front_sim import SimFront
from nodes.led.indicators import MODULE_STARTS_S
from nodes.led.keys import Keys
from nodes.led.node import LOOK_S, LedNode
from nodes.led.tones import TONE_S
from tests.builders import graph_status
from tests.led.conftest import Box, all_lights, text_of


@pytest.mark.req("LED-3")
def test_the_front_follows_the_session_at_once(box: Box) -> None:
    assert box.shown.caption == "ready"
    box.say("session", state=WallboxState.CHARGING, plugged=True, authorized=True)
    box.advance(0.001)
    assert box.shown.caption == "charging"
    assert {text_of(light) for light in box.shown.segments} == {"blue blink"}
    assert box.frame.message == box.shown


def test_an_idle_front_is_not_driven_again_and_its_frame_is_still_published(box: Box) -> None:
    before = len(box.drawn)
    box.advance(600.0)
    assert len(box.drawn) == before
    assert box.frame.fresh() is not None


class CountedFront(SimFront):
    """The simulated front, and how often its keys were read."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus)
        self.readings = 0

    def keys(self) -> Keys | None:
        self.readings += 1
        return super().keys()


def test_the_keys_of_an_idle_front_are_read_with_the_looks_alone(box: Box) -> None:
    box.graph.kill("led")
    bus = box.graph.bus("led")
    front = CountedFront(bus)
    LedNode(bus, front)
    box.advance(3.0)
    before = front.readings
    box.advance(600.0)
    assert front.readings - before <= 600.0 / LOOK_S
    box.press(3.0)
    assert box.asked
    after = front.readings
    assert after > before
    box.advance(600.0)
    assert front.readings - after <= 600.0 / LOOK_S


class WiredFront(SimFront):
    """A front whose keys can be read at any time, and that reports when one moves."""

    pressed = Keys(service=False, touch=False)
    moved: Callable[[], None]

    def keys(self) -> Keys | None:
        return self.pressed

    def on_edge(self, action: Callable[[], None]) -> None:
        self.moved = action

    def move(self, service: bool) -> None:
        self.pressed = Keys(service=service, touch=False)
        self.moved()


@pytest.mark.req("PAN-3")
@pytest.mark.parametrize("is_stuck", [False, True])
def test_the_first_press_counts_unless_the_key_was_pressed_from_the_start(
    box: Box, is_stuck: bool
) -> None:
    box.graph.kill("led")
    bus = box.graph.bus("led")
    front = WiredFront(bus)
    front.pressed = Keys(service=is_stuck, touch=False)
    LedNode(bus, front)
    box.advance(10.0)
    front.move(service=True)
    box.advance(3.0)
    front.move(service=False)
    box.advance(1.0)
    assert len(box.asked) == (0 if is_stuck else 1)


@pytest.mark.parametrize(("silent", "hold_s"), [("session", 3.0), ("safety", 1.0)])
def test_the_message_of_a_silent_node_counts_until_its_hold_ends(
    box: Box, silent: str, hold_s: float
) -> None:
    box.say("session", state=WallboxState.CHARGING, plugged=True, authorized=True)
    box.advance(3.0)
    assert box.shown.caption == "charging"
    box.graph.kill(silent)
    box.advance(hold_s - 1.0)
    assert box.shown.caption == "charging"
    box.advance(1.3)
    assert box.shown.caption == "starting"


@pytest.mark.req("ERR-RED")
def test_all_red_stays_while_safety_is_dead(box: Box) -> None:
    box.say("safety", faults=(FaultCode.RED,), phase=SafetyPhase.FAULT)
    box.advance(0.5)
    assert box.shown.segments == status_led.ALL_RED
    box.graph.kill("safety")
    box.advance(600.0)
    assert box.shown.segments == status_led.ALL_RED


@pytest.mark.req("DCS-8", "RFID-2")
def test_the_lights_of_a_silent_node_go_off_after_its_hold(box: Box) -> None:
    box.say("session", authorization_required=True)
    box.set("dcs", link=Link.REACHABLE)
    box.advance(2.0)
    assert text_of(box.shown.network) == "white steady"
    assert text_of(box.shown.rfid) == text_of(box.shown.frame) == "white pulse"
    box.graph.kill("dcs")
    box.graph.kill("rfid")
    box.advance(3.3)
    assert (
        text_of(box.shown.network) == text_of(box.shown.rfid) == text_of(box.shown.frame) == "off"
    )


@pytest.mark.req("DCS-3")
def test_a_lost_module_is_shown_once_its_start_time_is_over(box: Box) -> None:
    assert text_of(box.shown.mode) == "blue steady"
    box.graph.kill("system")
    box.advance(4.0)
    assert text_of(box.shown.mode) == "off"
    box.advance(MODULE_STARTS_S)
    assert text_of(box.shown.mode) == "orange steady"
    box.graph.bus("system")
    box.advance(0.3)
    assert text_of(box.shown.mode) == "blue steady"


@pytest.mark.req("RFID-3")
@pytest.mark.parametrize(
    ("indication", "tone", "light"),
    [
        (Indication.ACCEPTED, Tone.RISING, "green steady"),
        (Indication.REFUSED, Tone.FALLING, "red steady"),
    ],
)
def test_the_result_of_a_card_is_shown_and_played_at_once(
    box: Box, indication: Indication, tone: Tone, light: str
) -> None:
    began_s = box.now_s
    box.say("rfid", indication=indication, tone=tone, tone_count=1)
    assert text_of(box.shown.rfid) == light
    assert box.shown.tone is tone
    box.advance(TONE_S + 0.01)
    assert text_of(box.shown.rfid) == light
    assert box.shown.tone is Tone.NONE
    box.say("rfid", indication=Indication.NONE)
    box.advance(60.0)  # the newest tone is published again each second
    assert text_of(box.shown.rfid) == "off"
    assert box.tones == [(began_s, tone)]


def test_tones_of_two_cards_that_come_together_are_both_played(box: Box) -> None:
    for count, tone in enumerate((Tone.SINGLE, Tone.SINGLE, Tone.RISING), start=1):
        box.say("rfid", tone=tone, tone_count=count)
    box.advance(3.0)
    assert [tone for _, tone in box.tones] == [Tone.SINGLE, Tone.SINGLE, Tone.RISING]


@pytest.mark.req("PAN-2")
def test_a_front_without_mains_shows_and_plays_nothing(box: Box) -> None:
    box.say("session", authorization_required=True)
    box.set("dcs", link=Link.ONLINE, synchronised=True, can_confirm=True)
    box.set("safety", has_mains=False)
    box.advance(2.0)
    assert all_lights(box.shown) == {"off"}
    box.say("rfid", tone=Tone.RISING, tone_count=1)
    box.advance(2.0)
    box.set("safety", has_mains=True)
    box.advance(2.0)
    assert box.tones == []
    assert text_of(box.shown.rfid) == "white pulse"


def test_a_restart_in_place_does_not_flicker_nor_play_again(box: Box) -> None:
    box.say("session", state=WallboxState.CHARGING, plugged=True, authorized=True)
    box.set("dcs", link=Link.REACHABLE)
    box.say("rfid", tone=Tone.RISING, tone_count=7)
    box.advance(3.0)
    before = box.shown
    box.drawn.clear()
    box.graph.stop("led", StopReason.RESTART)
    box.advance(0.1)
    assert "led" not in box.graph.running
    box.start()
    box.advance(3.0)
    assert [frame for _, frame in box.drawn] == [before]


@pytest.mark.req("LED-6")
@pytest.mark.parametrize("is_start", [False, True])
def test_a_start_of_the_box_differs_from_a_restart_in_place_by_the_monotonic_clock(
    box: Box, is_start: bool
) -> None:
    clock = box.graph.clock
    began_ns, began_utc_ns = clock.now_ns(), clock.utc_ns()
    if not is_start:
        box.advance(60.0)
    graph = graph_status(started_ns=began_ns, started_utc_ns=began_utc_ns)
    box.graph.bus("launch").publish(LAUNCH_GRAPH, graph)
    # UTC is set: to the second after the start, or to an hour after it.
    box.graph.set_utc(began_utc_ns + (3600 if is_start else 1) * 10**9)
    box.graph.stop("led", StopReason.RESTART)
    box.advance(0.1)
    for silent in ("session", "safety", "rfid"):
        box.graph.kill(silent)
    box.drawn.clear()
    box.start()
    box.advance(0.5)
    assert bool(box.drawn) is is_start


def test_a_shutdown_switches_the_front_off(box: Box) -> None:
    box.graph.stop("led", StopReason.SHUTDOWN)
    box.advance(0.1)
    assert "led" not in box.graph.running
    assert all_lights(box.shown) == {"off"}
