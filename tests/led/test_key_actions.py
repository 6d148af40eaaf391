"""What the keys of the front do, with led on the bus in memory (PAN-3, PAN-4, DCS-2, DCS-5)."""

import pytest

from msgs.dcs import ChargeMode, Link
from msgs.led import Key, Tone
from msgs.methods import ERASE_CARDS
from msgs.requests import StopReason
from msgs.session import WallboxState
from tests.led.conftest import Box, text_of

SERVICE_KEY = {"reason": "service key"}
ERASED = {"reason": "service key: all cards erased"}


def asked(box: Box) -> list[tuple[str, dict[str, str]]]:
    return [(one.node, one.arguments) for one in box.asked]


# --- the service key --------------------------------------------------------------------------


@pytest.mark.req("PAN-3")
@pytest.mark.parametrize(
    ("seconds", "tones", "asks"),
    [
        (1.9, 0, []),
        (2.1, 1, [("system", SERVICE_KEY)]),
        (5.9, 1, [("system", SERVICE_KEY)]),
        (6.1, 2, [("rfid", {}), ("system", ERASED)]),
        (30.0, 2, [("rfid", {}), ("system", ERASED)]),
    ],
)
def test_the_service_key_does_nothing_restarts_or_erases(
    box: Box, seconds: float, tones: int, asks: list[tuple[str, dict[str, str]]]
) -> None:
    box.press(seconds)
    box.advance(10.0)
    assert [tone for _, tone in box.tones] == [Tone.SERVICE] * tones
    assert asked(box) == asks
    assert not box.warnings()


@pytest.mark.req("PAN-3")
def test_the_tones_and_the_erase_come_at_two_and_six_seconds_and_never_earlier(box: Box) -> None:
    began_s = box.now_s
    box.press(8.0)
    first_s, second_s = (at_s - began_s for at_s, _ in box.tones)
    assert 2.0 <= first_s < 2.1
    assert 6.0 <= second_s < 6.1
    erased, restarted = box.asked
    assert 6.0 <= erased.at_s - began_s < 6.1
    assert restarted.at_s >= erased.at_s


@pytest.mark.req("PAN-3")
def test_a_restart_is_requested_when_the_key_is_released_and_is_logged(box: Box) -> None:
    began_s = box.now_s
    box.press(4.0)
    (restart,) = box.asked
    assert 4.0 <= restart.at_s - began_s < 4.1
    (press,) = box.presses
    assert press.key is Key.SERVICE
    assert press.held_s == pytest.approx(4.0, abs=0.01)
    box.press(3.0)  # the restart did not come: the key works again
    assert asked(box) == [("system", SERVICE_KEY)] * 2


@pytest.mark.req("PAN-3")
def test_an_erase_is_logged_and_the_release_after_it_does_nothing(box: Box) -> None:
    box.press(9.0)
    box.advance(10.0)
    (press,) = box.presses
    assert press.key is Key.SERVICE
    assert press.held_s == pytest.approx(6.02, abs=0.01)
    assert len(box.asked) == 2


@pytest.mark.req("PAN-3")
@pytest.mark.parametrize("refuses", [True, False])
def test_an_erase_that_fails_is_logged_and_never_restarts(box: Box, refuses: bool) -> None:
    if refuses:
        box.answer["rfid"] = lambda call: call.refuse("the disk is full")
    else:
        box.answer["rfid"] = lambda call: None  # no answer at all
    box.press(6.1)
    box.advance(ERASE_CARDS.timeout_s + 2.0)
    assert asked(box) == [("rfid", {})]
    assert [tone for _, tone in box.tones] == [Tone.SERVICE, Tone.SERVICE, Tone.FALLING]
    (warning,) = box.warnings()
    assert warning.startswith("service key: could not erase all cards: ")
    assert ("the disk is full" if refuses else "did not answer") in warning


@pytest.mark.req("PAN-3")
@pytest.mark.parametrize("seconds", [3.0, 6.1])
def test_a_restart_that_fails_is_logged(box: Box, seconds: float) -> None:
    box.answer["system"] = lambda call: call.not_ready("an update is being installed")
    box.press(seconds)
    box.advance(2.0)
    assert box.tones[-1][1] is Tone.FALLING
    (warning,) = box.warnings()
    assert "could not restart" in warning
    assert "an update is being installed" in warning
    box.answer.clear()
    box.press(3.0)  # and the key works again
    assert asked(box)[-1] == ("system", SERVICE_KEY)


def test_without_rfid_nothing_is_erased_and_nothing_restarts(box: Box) -> None:
    box.graph.kill("rfid")
    box.press(6.1)
    box.advance(ERASE_CARDS.timeout_s + 1.0)
    assert box.asked == []
    assert box.tones[-1][1] is Tone.FALLING


def test_while_one_is_carried_out_the_key_counts_for_nothing(box: Box) -> None:
    box.answer["rfid"] = lambda call: None
    box.press(6.1)
    box.press(2.5)
    assert asked(box) == [("rfid", {})]
    assert len(box.tones) == 2


@pytest.mark.req("PAN-3")
def test_a_key_found_pressed_at_a_start_counts_only_after_it_was_released(box: Box) -> None:
    box.say("plant", service=True)
    box.advance(1.0)
    box.graph.stop("led", StopReason.RESTART)
    box.advance(0.1)
    box.start()
    box.advance(60.0)
    assert box.tones == []
    box.say("plant", service=False)
    box.advance(1.0)
    assert box.asked == []
    box.press(3.0)
    assert asked(box) == [("system", SERVICE_KEY)]


@pytest.mark.req("PAN-3")
@pytest.mark.parametrize("before_s", [0.01, 1.0, 3.0, 5.9])
@pytest.mark.parametrize("released_s", [0.5, 6.9, 9.0])
def test_a_node_that_was_frozen_erases_nothing(
    box: Box, before_s: float, released_s: float
) -> None:
    box.say("plant", service=True)
    box.advance(before_s)
    box.graph.suspend("led")
    box.advance(released_s)
    box.set("plant", service=released_s == 9.0)  # it goes on, or is released meanwhile
    box.say("plant")
    box.advance(7.0 - min(released_s, 7.0))
    box.graph.resume("led")
    box.advance(10.0)
    assert box.asked == []


def test_a_world_that_is_silent_releases_no_key(box: Box) -> None:
    box.say("plant", service=True)
    box.advance(2.5)
    box.graph.kill("plant")
    box.advance(60.0)
    assert box.asked == []


@pytest.mark.req("PAN-3")
def test_a_box_without_mains_has_no_keys(box: Box) -> None:
    box.set("safety", has_mains=False)
    box.advance(1.0)
    box.press(8.0)
    box.say("plant", service=True)
    box.advance(1.0)
    box.set("safety", has_mains=True)
    box.advance(10.0)
    box.say("plant", service=False)
    box.advance(1.0)
    assert box.asked == []
    assert box.tones == []
    box.press(3.0)
    assert asked(box) == [("system", SERVICE_KEY)]


def test_mains_that_fail_while_the_key_is_held_release_nothing(box: Box) -> None:
    box.say("plant", service=True)
    box.advance(3.0)
    box.set("safety", has_mains=False)
    box.advance(1.0)
    box.say("plant", service=False)
    box.advance(10.0)
    assert box.asked == []


# --- the touch key ----------------------------------------------------------------------------


@pytest.mark.req("DCS-2")
def test_a_press_confirms_a_synchronisation_and_the_network_indicator_turns_green(
    box: Box,
) -> None:
    box.set("dcs", link=Link.REACHABLE, can_confirm=True)
    box.advance(1.5)
    assert text_of(box.shown.network) == text_of(box.shown.touch) == "white steady"
    box.press(0.3, "touch")
    (press,) = box.presses
    assert press.key is Key.TOUCH
    assert press.held_s == pytest.approx(0.02, abs=0.001)
    box.set("dcs", link=Link.ONLINE, synchronised=True, can_confirm=False)
    box.advance(1.5)
    assert text_of(box.shown.network) == "green steady"
    assert text_of(box.shown.touch) == "off"


@pytest.mark.req("DCS-5")
def test_a_press_is_published_while_the_charge_mode_can_be_switched(box: Box) -> None:
    mode = ChargeMode.INTELLIGENT
    box.set("session", state=WallboxState.CHARGING, plugged=True, session_id="1")
    box.set("dcs", link=Link.ONLINE, synchronised=True, mode=mode, can_switch=True)
    box.advance(1.5)
    assert text_of(box.shown.mode) == text_of(box.shown.touch) == "white steady"
    box.press(0.3, "touch")
    box.set("dcs", mode=ChargeMode.FAST)
    box.advance(1.5)
    assert text_of(box.shown.mode) == "green steady"
    box.press(0.3, "touch")
    assert [press.key for press in box.presses] == [Key.TOUCH, Key.TOUCH]


@pytest.mark.req("PAN-4")
def test_a_press_of_the_unlit_touch_key_does_nothing(box: Box) -> None:
    box.press(0.3, "touch")
    box.say("plant", touch=True)  # and a finger that was there before the light
    box.set("dcs", link=Link.REACHABLE, can_confirm=True)
    box.advance(5.0)
    assert text_of(box.shown.touch) == "white steady"
    box.say("plant", touch=False)
    box.advance(1.0)
    assert box.presses == []
    assert box.asked == []


@pytest.mark.req("PAN-4")
def test_a_press_that_is_only_a_bounce_does_nothing(box: Box) -> None:
    box.set("dcs", link=Link.REACHABLE, can_confirm=True)
    box.advance(1.5)
    box.press(0.015, "touch")
    box.advance(1.0)
    assert box.presses == []


def test_the_service_key_does_not_touch_and_the_touch_key_does_not_serve(box: Box) -> None:
    box.set("dcs", link=Link.REACHABLE, can_confirm=True)
    box.advance(1.5)
    box.press(10.0, "touch")
    assert box.asked == []
    box.presses.clear()
    box.press(1.0)
    assert box.presses == []
