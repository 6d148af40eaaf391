"""What the front shows, row by row of the manual's table (LED, ERR, PAN-2)."""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace as replace_messages
from typing import Any

import pytest
from msgspec.structs import replace

from msgs import status_led
from msgs.led import Color, Effect, LedFrame, Tone
from msgs.pilot import CpState
from msgs.rfid import RfidMode
from msgs.safety import FaultCode, SafetyPhase, SafetyStatus
from msgs.session import SessionStatus, WallboxState
from nodes.led.machine import (
    HEAR_S,
    HOT_CODE_S,
    PRIORITY,
    Inputs,
    State,
    frame_of,
    start,
    step,
)
from nodes.led.messages import Messages
from tests.builders import faulty_safety, safety_status
from tests.led.conftest import (
    CHARGING,
    DCS,
    LOCKED,
    LOST,
    OFFER,
    RFID,
    SAFETY,
    SESSION,
    all_lights,
    segments,
    session,
    text_of,
)


def shown(
    session: SessionStatus | None = SESSION,
    safety: SafetyStatus | None = SAFETY,
    **messages: Any,
) -> LedFrame:
    return frame_of(Messages(session=session, safety=safety, **{"offer": OFFER, **messages}))


@pytest.mark.parametrize(
    ("messages", "picture", "effect"),
    [
        # LED-1: ready in all its forms
        pytest.param({}, "bbbb", Effect.STEADY, marks=pytest.mark.req("LED-1")),
        *(
            pytest.param(
                {"session": session(state)}, "bbbb", Effect.STEADY, marks=pytest.mark.req("LED-1")
            )
            for state in (
                WallboxState.READY_FOR_CHARGING,
                WallboxState.SUSPENDED,
                WallboxState.TOKEN_PROGRAMMING_MODE,
            )
        ),
        pytest.param(
            {"session": session(WallboxState.SUSPENDED), "offer": None},
            "bbbb",
            Effect.STEADY,
            marks=pytest.mark.req("LED-1"),
        ),
        # LED-2: the self-test after plugging in
        pytest.param(
            {
                "session": session(WallboxState.READY_FOR_CHARGING),
                "safety": safety_status(phase=SafetyPhase.SELF_TEST),
            },
            "oooo",
            Effect.STEADY,
            marks=pytest.mark.req("LED-2"),
        ),
        # LED-3: charging, reduced for safety or not
        *(
            pytest.param(
                {"session": session(state), "safety": safety_status(phase=SafetyPhase.CLOSED)},
                "bbbb",
                Effect.BLINK,
                marks=pytest.mark.req("LED-3"),
            )
            for state in (WallboxState.CHARGING, WallboxState.DEGRADED)
        ),
        # LED-4: the house meter is lost, charging or not
        *(
            pytest.param(
                {"session": one, "offer": LOST},
                "oo..",
                Effect.BLINK,
                marks=pytest.mark.req("LED-4", "MET-3"),
            )
            for one in (SESSION, CHARGING, session(WallboxState.DEGRADED))
        ),
        # LED-5: too hot, after the short display of the code
        pytest.param(
            {"safety": faulty_safety(FaultCode.TOO_HOT), "is_code_over": True},
            "..oo",
            Effect.BLINK,
            marks=pytest.mark.req("LED-5", "ERR-3"),
        ),
        # LED-6: start-up, and no messages
        pytest.param(
            {"safety": safety_status(phase=SafetyPhase.START)},
            "oooo",
            Effect.BLINK,
            marks=pytest.mark.req("LED-6"),
        ),
        pytest.param({"safety": None}, "oooo", Effect.BLINK, marks=pytest.mark.req("LED-6")),
        pytest.param({"session": None}, "oooo", Effect.BLINK, marks=pytest.mark.req("LED-6")),
        pytest.param(
            {"session": session(WallboxState.RECOVER_FROM_ERROR)},
            "oooo",
            Effect.BLINK,
            marks=pytest.mark.req("LED-6"),
        ),
        # LED-7: commissioning
        pytest.param(
            {
                "session": session(WallboxState.SERVICE_MODE),
                "safety": safety_status(commissioning=True),
            },
            ".oo.",
            Effect.STEADY,
            marks=pytest.mark.req("LED-7"),
        ),
        # STA-2: showroom mode has no pattern of its own
        *(
            pytest.param(
                {"session": session(state), "safety": safety_status(showroom=True)},
                "bbbb",
                Effect.STEADY,
                marks=pytest.mark.req("LED-1", "STA-2"),
            )
            for state in (WallboxState.IDLE, WallboxState.READY_FOR_CHARGING)
        ),
        # woken through state F: plugged in and not charging
        pytest.param(
            {
                "session": session(WallboxState.READY_FOR_CHARGING, authorized=True),
                "safety": safety_status(phase=SafetyPhase.READY, cp_state=CpState.F),
            },
            "bbbb",
            Effect.STEADY,
            marks=pytest.mark.req("LED-1"),
        ),
        # PAN-2: off without mains, whatever else is true
        *(
            pytest.param(
                {"safety": safety_status(has_mains=False, **other), "offer": LOST},
                "....",
                Effect.OFF,
                marks=pytest.mark.req("PAN-2"),
            )
            for other in (
                {},
                {"phase": SafetyPhase.START},
                {"faults": (FaultCode.RED, FaultCode.MAINS_VOLTAGE)},
                {"commissioning": True},
            )
        ),
        # PAN-2: off while authorisation is required and has not been given
        *(
            pytest.param(
                {"session": session(state, authorization_required=True)},
                "....",
                Effect.OFF,
                marks=pytest.mark.req("PAN-2"),
            )
            for state in (WallboxState.IDLE, WallboxState.READY_FOR_CHARGING)
        ),
        # and blue once it has been given: by a plugged vehicle's card, or before the plug (RFID-4)
        *(
            pytest.param(
                {"session": replace(one, authorization_required=True, **given)},
                "bbbb",
                Effect.STEADY,
                marks=pytest.mark.req("PAN-2", "LED-1"),
            )
            for one, given in (
                (session(WallboxState.READY_FOR_CHARGING), {"authorized": True}),
                (SESSION, {"authorized": True, "released": True, "token": "04A1B2C3"}),
                (session(WallboxState.SUSPENDED), {"authorized": True}),
                # given, and the session is being ended
                (session(WallboxState.READY_FOR_CHARGING), {"token": "04A1B2C3"}),
            )
        ),
        # assumed: while cards are taught the status LED is as an idle box's is
        pytest.param(
            {
                "session": session(
                    WallboxState.TOKEN_PROGRAMMING_MODE, plugged=False, authorization_required=True
                )
            },
            "....",
            Effect.OFF,
            marks=pytest.mark.req("PAN-2"),
        ),
    ],
)
def test_each_condition_shows_its_row(
    messages: dict[str, Any], picture: str, effect: Effect
) -> None:
    assert shown(**messages).segments == segments(picture, effect)


@pytest.mark.req("LED-8", "LED-10")
@pytest.mark.parametrize(
    ("code", "picture"),
    [
        pytest.param(FaultCode.UNPLUGGED, "wwwr", marks=pytest.mark.req("ERR-1")),
        pytest.param(FaultCode.TOO_HOT, "wwoo", marks=pytest.mark.req("ERR-3")),
        pytest.param(FaultCode.NO_VEHICLE, "wrwr", marks=pytest.mark.req("ERR-5")),
        pytest.param(FaultCode.PLUG_STATE, "rwww", marks=pytest.mark.req("ERR-8")),
        pytest.param(FaultCode.NOT_CLOSING, "bbbr", marks=pytest.mark.req("ERR-8001")),
        pytest.param(FaultCode.MAINS_VOLTAGE, "bbrb", marks=pytest.mark.req("ERR-8002")),
        pytest.param(FaultCode.OVERCURRENT, "bbrr", marks=pytest.mark.req("ERR-4003")),
        pytest.param(FaultCode.RESIDUAL_CURRENT, "brbr", marks=pytest.mark.req("ERR-8005")),
        pytest.param(FaultCode.SAFETY_CIRCUIT, "brrr", marks=pytest.mark.req("ERR-8007")),
    ],
)
def test_each_fault_blinks_its_pattern(code: FaultCode, picture: str) -> None:
    for state in WallboxState:
        frame = shown(session=session(state), safety=faulty_safety(code))
        assert frame.segments == segments(picture, Effect.BLINK)
        assert frame.caption == f"fault {code}"


@pytest.mark.req("LED-10", "ERR-RED")
def test_steady_red_on_all_four_is_out_of_order_only() -> None:
    red = segments("rrrr", Effect.STEADY)
    assert shown(safety=faulty_safety(FaultCode.RED)).segments == red
    others = [code for code in FaultCode if code is not FaultCode.RED]
    for faults in itertools.chain(
        ((code,) for code in others), itertools.combinations(others, 2), [tuple(others)]
    ):
        assert shown(safety=faulty_safety(*faults)).segments != red


def test_every_fault_has_a_pattern_of_its_own() -> None:
    assert set(status_led.FAULTS) == set(FaultCode) - {FaultCode.RED}
    assert len(set(status_led.FAULTS.values())) == len(status_led.FAULTS)


# What makes each row of LED-9 apply, as changes to the messages of a box that is charging.
ROWS: dict[str, Callable[[Messages], Messages]] = {
    "all red": lambda messages: _with_fault(messages, FaultCode.RED),
    "fault": lambda messages: _with_fault(messages, FaultCode.OVERCURRENT),
    "start-up": lambda messages: _with_safety(messages, phase=SafetyPhase.START),
    "commissioning": lambda messages: _with_safety(messages, commissioning=True),
    "temperature": lambda messages: _with_fault(
        replace_messages(messages, is_code_over=True), FaultCode.TOO_HOT
    ),
    "meter": lambda messages: replace_messages(messages, offer=LOST),
    "state": lambda messages: messages,
}
PICTURES = {
    "all red": segments("rrrr", Effect.STEADY),
    "fault": segments("bbrr", Effect.BLINK),
    "start-up": segments("oooo", Effect.BLINK),
    "commissioning": segments(".oo.", Effect.STEADY),
    "temperature": segments("..oo", Effect.BLINK),
    "meter": segments("oo..", Effect.BLINK),
    "state": segments("bbbb", Effect.BLINK),
}
WELL = Messages(session=CHARGING, safety=safety_status(phase=SafetyPhase.CLOSED), offer=OFFER)


def _with_safety(messages: Messages, **changes: Any) -> Messages:
    assert messages.safety is not None
    return replace_messages(messages, safety=replace(messages.safety, **changes))


def _with_fault(messages: Messages, code: FaultCode) -> Messages:
    return _with_safety(messages, faults=(*messages.faults, code))


@pytest.mark.req("LED-9")
def test_the_table_has_the_manuals_rows_in_its_order() -> None:
    assert [name for name, _ in PRIORITY] == list(ROWS)


@pytest.mark.req("LED-9")
@pytest.mark.parametrize("name", ROWS)
def test_each_row_alone_is_shown(name: str) -> None:
    assert frame_of(ROWS[name](WELL)).segments == PICTURES[name]


@pytest.mark.req("LED-9")
@pytest.mark.parametrize(("higher", "lower"), list(itertools.combinations(ROWS, 2)))
def test_of_two_rows_the_higher_is_shown(higher: str, lower: str) -> None:
    rows = dict(PRIORITY)
    for messages in (ROWS[higher](ROWS[lower](WELL)), ROWS[lower](ROWS[higher](WELL))):
        assert rows[higher](messages) is not None
        assert rows[lower](messages) is not None
        assert frame_of(messages).segments == PICTURES[higher]


@pytest.mark.req("LED-9")
def test_of_all_rows_at_once_the_next_shows_when_the_first_is_gone() -> None:
    names = list(ROWS)
    for index, name in enumerate(names):
        messages = WELL
        for one in names[index:]:
            messages = ROWS[one](messages)
        assert frame_of(messages).segments == PICTURES[name]


@pytest.mark.req("PAN-2")
def test_faults_and_meter_and_start_up_are_shown_without_authorisation() -> None:
    locked = LOCKED
    assert shown(locked, faulty_safety(FaultCode.OVERCURRENT)).caption == "fault 4003"
    assert shown(locked, offer=LOST).caption == "house meter lost"
    assert shown(locked, None).caption == "starting"
    assert shown(locked, safety_status(commissioning=True)).caption == "commissioning"
    assert (
        shown(locked, faulty_safety(FaultCode.TOO_HOT), is_code_over=True).caption
        == "too hot: cooling"
    )


@pytest.mark.req("LED-1")
def test_the_blue_of_a_card_before_the_plug_has_its_own_caption() -> None:
    assert (
        shown(replace(LOCKED, authorized=True, released=True, token="04A1B2C3")).caption
        == "authorised"
    )
    assert shown(LOCKED).caption == "authorisation required"


@pytest.mark.req("PAN-1")
def test_the_frame_has_every_light_of_the_front_and_the_buzzer() -> None:
    frame = shown(
        session=replace(CHARGING, authorization_required=True),
        safety=faulty_safety(FaultCode.OVERCURRENT),
        rfid=replace(RFID, mode=RfidMode.NEW_CARD),
        dcs=replace(DCS, synchronised=True, can_switch=True),
        has_module=True,
        tone=Tone.RISING,
    )
    assert [text_of(light) for light in frame.segments] == ["blue blink"] * 2 + ["red blink"] * 2
    lights = (frame.network, frame.rfid, frame.frame, frame.mode, frame.touch)
    assert [text_of(light) for light in lights] == [
        "orange steady",
        "white pulse",
        "white steady",
        "green steady",
        "white steady",
    ]
    assert frame.tone is Tone.RISING


@pytest.mark.req("PAN-1")
def test_the_status_led_has_five_colours_steady_or_blinking() -> None:
    every = [
        *status_led.FAULTS.values(),
        *PICTURES.values(),
        status_led.READY,
        status_led.SELF_TEST,
        status_led.DARKNESS,
    ]
    lights = {light for one in every for light in one}
    assert {light.color for light in lights} == set(Color) - {Color.GREEN}
    assert {light.effect for light in lights} == {Effect.STEADY, Effect.BLINK, Effect.OFF}


@pytest.mark.req("PAN-2")
def test_a_front_without_mains_has_no_light_and_no_tone() -> None:
    frame = shown(
        session=LOCKED,
        safety=faulty_safety(FaultCode.RED, has_mains=False),
        rfid=replace(RFID, mode=RfidMode.MASTER),
        dcs=replace(DCS, synchronised=True, can_confirm=True),
        has_module=True,
        tone=Tone.FALLING,
    )
    assert all_lights(frame) == {"off"}
    assert frame.tone is Tone.NONE


def test_charging_is_never_shown_for_a_silent_node() -> None:
    for one, other in ((None, SAFETY), (CHARGING, None), (None, None)):
        assert shown(session=one, safety=other).caption == "starting"


# --- in time ----------------------------------------------------------------------------------


class Watch:
    """The machine, stepped every quarter of a second; each step says when the next is needed."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.state: State = start(self.now_s)
        self.shown: list[LedFrame] = []
        self.due_s = -math.inf
        self._before: Inputs | None = None

    def run(self, seconds: float, **messages: Any) -> str:
        heard = {"session": SESSION, "safety": SAFETY, "offer": OFFER, "rfid": RFID, "dcs": DCS}
        for _ in range(round(seconds / 0.25)):
            self.now_s += 0.25
            inputs = Inputs(now_s=self.now_s, **{**heard, **messages})
            before = self._before
            is_same = before is not None and replace(inputs, now_s=before.now_s) == before
            self._before = inputs
            self.state, outputs = step(self.state, inputs)
            if outputs.show is not None:
                self.shown.append(outputs.show)
                assert not is_same or self.now_s >= self.due_s, "it changed before its deadline"
            assert outputs.publish in (None, self.shown[-1] if self.shown else None)
            self.due_s = outputs.due_s
        return self.shown[-1].caption if self.shown else ""


@pytest.mark.req("ERR-3", "LED-5")
def test_the_code_of_a_hot_box_is_shown_shortly_each_time() -> None:
    watch = Watch()
    hot = faulty_safety(FaultCode.TOO_HOT)
    for _ in range(2):
        watch.run(1.0)
        assert watch.run(HOT_CODE_S, safety=hot) == "fault 3"
        assert watch.run(0.25, safety=hot) == "too hot: cooling"
        assert watch.run(600.0, safety=hot) == "too hot: cooling"


def test_the_front_is_driven_only_when_it_changes() -> None:
    watch = Watch()
    watch.run(600.0, has_module=True)
    assert len(watch.shown) == 1
    assert watch.due_s == math.inf, "nothing changes by time alone"
    watch.run(0.25, session=CHARGING, has_module=True)
    assert len(watch.shown) == 2


@pytest.mark.req("LED-6")
def test_a_front_without_messages_shows_the_start_up_after_a_moment() -> None:
    watch = Watch()
    assert watch.run(HEAR_S - 0.25, session=None, safety=None) == ""
    assert watch.run(0.25, session=None, safety=None) == "starting"
    assert watch.run(0.25) == "ready"


@pytest.mark.req("ERR-RED", "ERR-8007", "LED-9")
@pytest.mark.parametrize(
    ("code", "caption"), [(FaultCode.RED, "out of order"), (FaultCode.SAFETY_CIRCUIT, "fault 8007")]
)
def test_a_latched_fault_is_shown_while_safety_is_silent_or_has_not_judged_it_again(
    code: FaultCode, caption: str
) -> None:
    watch = Watch()
    assert watch.run(2.0, safety=faulty_safety(code)) == caption
    assert watch.run(60.0, safety=None) == caption
    assert watch.run(2.0, safety=safety_status(phase=SafetyPhase.START)) == caption
    assert watch.run(2.0, safety=faulty_safety(code)) == caption
    assert watch.run(60.0, safety=None) == caption
    assert watch.run(1.0, safety=SAFETY) == "ready"  # it was judged again
    assert watch.run(1.0, safety=None) == "starting"


@pytest.mark.req("LED-9")
def test_a_fault_that_passes_by_itself_is_not_shown_while_safety_is_silent() -> None:
    watch = Watch()
    watch.run(2.0, safety=faulty_safety(FaultCode.PLUG_STATE))
    assert watch.run(2.0, safety=None) == "starting"


@pytest.mark.req("ERR-RED", "ERR-8007")
def test_of_two_latched_faults_that_a_start_shows_one_by_one_all_red_stays() -> None:
    watch = Watch()
    watch.run(2.0, safety=faulty_safety(FaultCode.SAFETY_CIRCUIT, FaultCode.RED))
    begins = safety_status(phase=SafetyPhase.START, faults=(FaultCode.SAFETY_CIRCUIT,))
    assert watch.run(1.0, safety=begins) == "out of order"
    assert watch.run(1.0, safety=faulty_safety(FaultCode.SAFETY_CIRCUIT)) == "fault 8007"


@pytest.mark.req("LED-6")
@pytest.mark.parametrize(("box_up_s", "shown"), [(0.1, "starting"), (9.9, "starting"), (10.1, "")])
def test_at_the_start_of_the_box_the_start_up_is_shown_at_once(box_up_s: float, shown: str) -> None:
    watch = Watch()
    box_since_s = watch.now_s + 0.25 - box_up_s
    assert watch.run(0.25, session=None, box_since_s=box_since_s) == shown


@pytest.mark.parametrize("silent", ["session", "safety", "rfid"])
def test_a_front_that_was_restarted_waits_for_what_is_always_there(silent: str) -> None:
    watch = Watch()
    assert watch.run(HEAR_S - 0.25, **{silent: None}) == ""
    assert watch.run(0.25) == "ready"
    assert len(watch.shown) == 1
