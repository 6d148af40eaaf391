"""The machine of led: messages and keys in, one frame and the actions of the keys out. Pure.

The status LED shows the first row of one table that applies (LED-9); the other lights are in
`indicators`, the tones in `tones`. Not responsible for the blinking: the device that shows the
frame blinks all lights together.
"""

import math
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs import status_led
from msgs.dcs import DcsStatus
from msgs.led import DARK, LedFrame, Tone
from msgs.load_manager import HouseMeter, LoadOffer
from msgs.rfid import RfidStatus
from msgs.safety import LATCHED, Codes, FaultCode, SafetyPhase, SafetyStatus
from msgs.session import SessionStatus, WallboxState
from msgs.status_led import Segments
from nodes.led import indicators, key_actions, tones
from nodes.led.indicators import MODULE_STARTS_S
from nodes.led.key_actions import NOTHING, Acts, Answered
from nodes.led.keys import Keys
from nodes.led.messages import Messages
from nodes.led.tones import SILENCE, Tones

HEAR_S = 1.25  # the others publish every second; until then a restarted front keeps its frame
START_S = 10.0  # assumed: all nodes have started and published long before
HOT_CODE_S = 5.0  # assumed; ERR-3: "short display of the code", then LED-5

Shown = tuple[Segments, str]  # and its meaning as text


class Inputs(Struct, frozen=True, kw_only=True):
    """The inputs of one look."""

    now_s: float
    since_s: float = 0.0  # time since the last look
    session: SessionStatus | None
    safety: SafetyStatus | None
    offer: LoadOffer | None
    rfid: RfidStatus | None = None
    dcs: DcsStatus | None = None
    has_module: bool = False  # the node system runs
    box_since_s: float = -math.inf  # when the box started; -infinity: unknown
    keys: Keys | None = None  # as the front reads them
    arrived: RfidStatus | None = None  # the status that has caused this step
    answered: Answered | None = None  # the answer that has caused this step


class State(Struct, frozen=True, kw_only=True):
    """What the machine remembers."""

    began_s: float
    hot_since_s: float = math.inf
    latched: Codes = ()  # the latched faults that hold, as far as safety has judged them
    frame: LedFrame | None = None
    tones: Tones = SILENCE
    keys: key_actions.State = key_actions.AT_REST

    @property
    def is_touch_lit(self) -> bool:
        """Return whether the front shows that a press of the touch key has an effect."""
        return self.frame is not None and self.frame.touch != DARK


class Outputs(Struct, frozen=True, kw_only=True):
    """The outputs of one step."""

    show: LedFrame | None = None  # a frame that has changed
    publish: LedFrame | None = None  # None: no frame is known yet
    acts: Acts = NOTHING  # of the keys
    due_s: float  # until then the same inputs need no step


def start(now_s: float) -> State:
    """Return the first state."""
    return State(began_s=now_s)


def step(state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Return the next state and the outputs."""
    moment = Moment(inputs.now_s)
    pressed, acts = key_actions.step(
        state.keys,
        inputs.keys,
        moment,
        inputs.answered,
        since_s=inputs.since_s,
        is_powered=inputs.safety is None or inputs.safety.has_mains,
        is_touch_lit=state.is_touch_lit,
    )
    is_hot = inputs.safety is not None and FaultCode.TOO_HOT in inputs.safety.faults
    hot_since_s = min(state.hot_since_s, inputs.now_s) if is_hot else math.inf
    state = replace(
        state,
        keys=pressed,
        hot_since_s=hot_since_s,
        latched=_latched(state.latched, inputs.safety),
        tones=_tones(state.tones, inputs, acts.tone, moment),
    )
    frame = _frame(state, inputs, moment)
    if frame is None:
        return state, Outputs(acts=acts, due_s=moment.due_s)
    show = None if frame == state.frame else frame
    return replace(state, frame=frame), Outputs(
        show=show, publish=frame, acts=acts, due_s=moment.due_s
    )


def _frame(state: State, inputs: Inputs, moment: Moment) -> LedFrame | None:
    """Return the frame; None: after a restart the front keeps its last frame for a moment."""
    is_heard = None not in (inputs.session, inputs.safety, inputs.rfid)
    # A start of the box, not a restart of led in place (LED-6).
    is_start = inputs.now_s >= inputs.box_since_s and not moment.reached(
        inputs.box_since_s + START_S
    )
    is_late = moment.reached(state.began_s + HEAR_S)
    if state.frame is None and not (is_heard or is_start or is_late):
        return None
    return frame_of(
        Messages(
            session=inputs.session,
            safety=inputs.safety,
            offer=inputs.offer,
            rfid=inputs.rfid,
            dcs=inputs.dcs,
            has_module=inputs.has_module,
            is_module_late=moment.reached(state.began_s + MODULE_STARTS_S),
            is_code_over=moment.reached(state.hot_since_s + HOT_CODE_S),
            latched=state.latched,
            tone=state.tones.now,
        )
    )


def _latched(before: Codes, safety: SafetyStatus | None) -> Codes:
    """Return the latched faults: safety that is silent, or begins, has not judged them again."""
    if safety is None:
        return before
    now = tuple(code for code in safety.faults if code in LATCHED)
    if safety.phase is not SafetyPhase.START:
        return now
    return (*now, *(code for code in before if code not in now))


def _tones(before: Tones, inputs: Inputs, own: Tone, moment: Moment) -> Tones:
    """Return the tones at this time; they also advance without mains."""
    heard = before if inputs.arrived is None else tones.hear(before, inputs.arrived)
    return tones.pass_time(tones.add(heard, own), moment)


def frame_of(messages: Messages) -> LedFrame:
    """Return the whole front: the first row of the table that applies, and the other lights.

    Without mains all lights and the tone are off (PAN-2), also while a buffer supplies the box.
    """
    if messages.has_no_mains:
        return NO_MAINS
    segments, caption = next(shown for _, row in PRIORITY if (shown := row(messages)) is not None)
    return LedFrame(
        segments=segments,
        network=indicators.network(messages),
        rfid=indicators.rfid(messages),
        frame=indicators.frame(messages),
        mode=indicators.mode(messages),
        touch=indicators.touch(messages),
        tone=messages.tone,
        caption=caption,
    )


NO_MAINS = LedFrame(
    segments=status_led.DARKNESS,
    network=DARK,
    rfid=DARK,
    frame=DARK,
    mode=DARK,
    touch=DARK,
    caption="no mains",
)


def _all_red(messages: Messages) -> Shown | None:
    return (status_led.ALL_RED, "out of order") if FaultCode.RED in messages.faults else None


def _fault(messages: Messages) -> Shown | None:
    for code, segments in status_led.FAULTS.items():
        if code in messages.faults and (code is not FaultCode.TOO_HOT or not messages.is_code_over):
            return segments, f"fault {code}"
    return None


def _starting(messages: Messages) -> Shown | None:
    if messages.safety is None or messages.safety.phase is SafetyPhase.START:
        return status_led.STARTING, "starting"
    if messages.session is None:
        return status_led.STARTING, "starting"
    is_waiting = messages.session.state is WallboxState.RECOVER_FROM_ERROR and not messages.faults
    return (status_led.STARTING, "starting") if is_waiting else None


def _commissioning(messages: Messages) -> Shown | None:
    if messages.safety is not None and messages.safety.commissioning:
        return status_led.COMMISSIONING, "commissioning"
    return None


def _too_hot(messages: Messages) -> Shown | None:
    return (
        (status_led.TOO_HOT, "too hot: cooling") if FaultCode.TOO_HOT in messages.faults else None
    )


def _meter_lost(messages: Messages) -> Shown | None:
    if messages.offer is not None and messages.offer.house_meter is HouseMeter.LOST:
        return status_led.METER_LOST, "house meter lost"
    return None


def _state(messages: Messages) -> Shown:
    session, safety = messages.session, messages.safety
    if session is None or safety is None:
        return status_led.STARTING, "starting"
    if session.state in (WallboxState.CHARGING, WallboxState.DEGRADED):
        return status_led.CHARGING, "charging"
    if safety.phase is SafetyPhase.SELF_TEST:
        return status_led.SELF_TEST, "self-test"
    if messages.needs_card:
        return status_led.DARKNESS, "authorisation required"  # PAN-2
    if session.released:
        return status_led.READY, "authorised"  # LED-1, RFID-4
    if session.state is WallboxState.SUSPENDED:
        return status_led.READY, "suspended"
    if session.session_id:
        return status_led.READY, "session runs"
    return status_led.READY, "plugged in" if session.plugged else "ready"


# LED-9: the first row that applies is shown; the last one always applies. Assumed: while cards are
# taught (TokenProgrammingMode) the status LED shows the same as in an idle box, off or blue, which
# says whether it may charge now. The RFID indicator shows the steps of teaching.
PRIORITY: tuple[tuple[str, Callable[[Messages], Shown | None]], ...] = (
    ("all red", _all_red),
    ("fault", _fault),
    ("start-up", _starting),
    ("commissioning", _commissioning),
    ("temperature", _too_hot),
    ("meter", _meter_lost),
    ("state", _state),
)
