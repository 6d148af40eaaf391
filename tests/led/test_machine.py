"""What the front shows, row by row of the manual's table (LED, ERR, PAN-2)."""

import itertools
from typing import Any

import msgspec
import pytest

from msgs.led import Color, Effect, LedFrame, Light
from msgs.load_manager import HouseMeter, LoadOffer
from msgs.pilot import CpState
from msgs.safety import Contactor, FaultCode, SafetyPhase, SafetyStatus
from msgs.session import SessionStatus, WallboxState
from nodes.led import pattern
from nodes.led.facts import Facts
from nodes.led.machine import HEAR_S, HOT_CODE_S, Inputs, frame_of, start, step

SESSION = SessionStatus(
    state=WallboxState.IDLE,
    plugged=False,
    authorized=False,
    session_id="",
    energy_wh=0.0,
    reason="",
)
SAFETY = SafetyStatus(
    contactor=Contactor.OPEN,
    permitted=True,
    faults=(),
    retries=0,
    temperature_c=25.0,
    installation_limit_a=32.0,
    limit_a=32.0,
    phase=SafetyPhase.IDLE,
)
OFFER = LoadOffer(limit_a=16.0, reason="dip", limits=())


def session(state: WallboxState, **changes: Any) -> SessionStatus:
    plugged = changes.pop("plugged", state is not WallboxState.IDLE)
    return msgspec.structs.replace(SESSION, state=state, plugged=plugged, **changes)


def safety(**changes: Any) -> SafetyStatus:
    return msgspec.structs.replace(SAFETY, **changes)


def faulty(*faults: FaultCode, **changes: Any) -> SafetyStatus:
    return safety(faults=faults, phase=SafetyPhase.FAULT, **changes)


LOST = msgspec.structs.replace(OFFER, house_meter=HouseMeter.LOST)
CHARGING = session(WallboxState.CHARGING, authorized=True)

LETTERS = {"b": Color.BLUE, "w": Color.WHITE, "o": Color.ORANGE, "r": Color.RED}


def segments(picture: str, effect: Effect) -> pattern.Segments:
    """Return "rbb." as red, blue, blue, dark; S1 first."""
    dark = Light(color=Color.OFF, effect=Effect.OFF)
    s1, s2, s3, s4 = (
        dark if letter == "." else Light(color=LETTERS[letter], effect=effect) for letter in picture
    )
    return s1, s2, s3, s4


def shown(
    session: SessionStatus | None = SESSION,
    safety: SafetyStatus | None = SAFETY,
    offer: LoadOffer | None = OFFER,
    hot_for_s: float = 0.0,
) -> LedFrame:
    return frame_of(Facts(session=session, safety=safety, offer=offer, hot_for_s=hot_for_s))


@pytest.mark.parametrize(
    ("facts", "picture", "effect"),
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
                "safety": safety(phase=SafetyPhase.SELF_TEST),
            },
            "oooo",
            Effect.STEADY,
            marks=pytest.mark.req("LED-2"),
        ),
        # LED-3: charging, reduced for safety or not
        *(
            pytest.param(
                {"session": session(state), "safety": safety(phase=SafetyPhase.CLOSED)},
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
            {"safety": faulty(FaultCode.TOO_HOT), "hot_for_s": HOT_CODE_S},
            "..oo",
            Effect.BLINK,
            marks=pytest.mark.req("LED-5", "ERR-3"),
        ),
        # LED-6: start-up, and nothing heard
        pytest.param(
            {"safety": safety(phase=SafetyPhase.START)},
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
                "safety": safety(commissioning=True),
            },
            ".oo.",
            Effect.STEADY,
            marks=pytest.mark.req("LED-7"),
        ),
        # STA-2: showroom mode has no pattern of its own
        *(
            pytest.param(
                {"session": session(state), "safety": safety(showroom=True)},
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
                "safety": safety(phase=SafetyPhase.READY, cp_state=CpState.F),
            },
            "bbbb",
            Effect.STEADY,
            marks=pytest.mark.req("LED-1"),
        ),
        # PAN-2: dark without mains, whatever else holds
        *(
            pytest.param(
                {"safety": safety(has_mains=False, **other), "offer": LOST},
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
        # PAN-2: dark while authorisation is required and has not been given
        *(
            pytest.param(
                {"session": session(state, authorization_required=True)},
                "....",
                Effect.OFF,
                marks=pytest.mark.req("PAN-2"),
            )
            for state in (WallboxState.IDLE, WallboxState.READY_FOR_CHARGING)
        ),
        pytest.param(
            {
                "session": session(
                    WallboxState.READY_FOR_CHARGING, authorization_required=True, authorized=True
                )
            },
            "bbbb",
            Effect.STEADY,
            marks=pytest.mark.req("PAN-2", "LED-1"),
        ),
    ],
)
def test_each_condition_shows_its_row(facts: dict[str, Any], picture: str, effect: Effect) -> None:
    assert shown(**facts).segments == segments(picture, effect)


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
        frame = shown(session=session(state), safety=faulty(code))
        assert frame.segments == segments(picture, Effect.BLINK)
        assert frame.caption == f"fault {code}"


@pytest.mark.req("LED-10", "ERR-RED")
def test_steady_red_on_all_four_is_out_of_order_only() -> None:
    red = segments("rrrr", Effect.STEADY)
    assert shown(safety=faulty(FaultCode.RED)).segments == red
    others = [code for code in FaultCode if code is not FaultCode.RED]
    for faults in itertools.chain(
        ((code,) for code in others), itertools.combinations(others, 2), [tuple(others)]
    ):
        assert shown(safety=faulty(*faults)).segments != red


def test_every_fault_has_a_pattern_of_its_own() -> None:
    assert set(pattern.FAULTS) == set(FaultCode) - {FaultCode.RED}
    assert len(set(pattern.FAULTS.values())) == len(pattern.FAULTS)


@pytest.mark.req("LED-9")
def test_of_several_the_first_of_the_manuals_order_is_shown() -> None:
    # each step takes the first reason away, and the next one shows
    facts: dict[str, Any] = {
        "session": CHARGING,
        "safety": faulty(
            FaultCode.TOO_HOT, FaultCode.SAFETY_CIRCUIT, FaultCode.RED, commissioning=True
        ),
        "offer": LOST,
        "hot_for_s": HOT_CODE_S,
    }
    assert shown(**facts).caption == "out of order"
    facts["safety"] = faulty(FaultCode.TOO_HOT, FaultCode.SAFETY_CIRCUIT, commissioning=True)
    assert shown(**facts).caption == "fault 8007"
    facts["safety"] = safety(
        faults=(FaultCode.TOO_HOT,), phase=SafetyPhase.START, commissioning=True
    )
    assert shown(**facts).caption == "starting"
    facts["safety"] = faulty(FaultCode.TOO_HOT, commissioning=True)
    assert shown(**facts).caption == "commissioning"
    facts["safety"] = faulty(FaultCode.TOO_HOT)
    assert shown(**facts).caption == "too hot: cooling"
    facts["safety"] = SAFETY
    assert shown(**facts).caption == "house meter lost"
    facts["offer"] = OFFER
    assert shown(**facts).caption == "charging"


@pytest.mark.req("PAN-2")
def test_faults_and_meter_and_start_up_are_shown_without_authorisation() -> None:
    locked = session(WallboxState.IDLE, authorization_required=True)
    assert shown(locked, faulty(FaultCode.OVERCURRENT)).caption == "fault 4003"
    assert shown(locked, offer=LOST).caption == "house meter lost"
    assert shown(locked, None).caption == "starting"
    assert shown(locked, safety(commissioning=True)).caption == "commissioning"
    assert shown(locked, faulty(FaultCode.TOO_HOT), hot_for_s=9.0).caption == "too hot: cooling"


@pytest.mark.req("DCS-8")
def test_what_no_node_lights_is_dark() -> None:
    for state in WallboxState:
        frame = shown(session=session(state))
        lights = (frame.network, frame.rfid, frame.frame, frame.mode, frame.touch)
        assert {light.color for light in lights} == {Color.OFF}


def test_charging_is_never_shown_for_a_silent_node() -> None:
    for one, other in ((None, SAFETY), (CHARGING, None), (None, None)):
        assert shown(session=one, safety=other).caption == "starting"


# --- in time ----------------------------------------------------------------------------------


class Watch:
    """The machine, stepped every quarter of a second."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.state = start(self.now_s)
        self.shown: list[LedFrame] = []
        self.published: list[LedFrame] = []

    def run(
        self,
        seconds: float,
        session: SessionStatus | None = SESSION,
        safety: SafetyStatus | None = SAFETY,
    ) -> str:
        for _ in range(round(seconds / 0.25)):
            self.now_s += 0.25
            inputs = Inputs(now_s=self.now_s, session=session, safety=safety, offer=OFFER)
            self.state, outputs = step(self.state, inputs)
            if outputs.show is not None:
                self.shown.append(outputs.show)
            if outputs.publish is not None:
                self.published.append(outputs.publish)
        return self.shown[-1].caption if self.shown else ""


@pytest.mark.req("ERR-3", "LED-5")
def test_the_code_of_a_hot_box_is_shown_shortly_each_time() -> None:
    watch = Watch()
    hot = faulty(FaultCode.TOO_HOT)
    for _ in range(2):
        watch.run(1.0)
        assert watch.run(HOT_CODE_S, safety=hot) == "fault 3"
        assert watch.run(0.25, safety=hot) == "too hot: cooling"
        assert watch.run(600.0, safety=hot) == "too hot: cooling"


def test_the_front_is_driven_only_when_it_changes_and_told_every_second() -> None:
    watch = Watch()
    watch.run(60.0)
    assert len(watch.shown) == 1
    assert 59 <= len(watch.published) <= 61
    watch.run(0.25, session=CHARGING)
    assert len(watch.shown) == 2
    assert watch.published[-1] == watch.shown[-1]


@pytest.mark.req("LED-6")
def test_a_front_that_hears_nothing_waits_shortly_and_shows_the_start_up() -> None:
    watch = Watch()
    assert watch.run(HEAR_S - 0.25, session=None, safety=None) == ""
    assert watch.run(0.25, session=None, safety=None) == "starting"
    assert watch.run(0.25) == "ready"
