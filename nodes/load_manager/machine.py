"""The arbiter: named claims in, the lowest wins, and the whole chain is told (MET-7). Pure.

Not responsible for what the pilot makes of the offer, nor for the copper: safety and pilot hold
the DIP switches' and the temperature's limits themselves.
"""

import math

from msgspec import Struct, field
from msgspec.structs import replace

from msgs.load_manager import HouseMeter, LoadOffer
from msgs.meter import MeterReading
from msgs.pilot import MIN_OFFER_A, PLUGGED, CpState, PilotStatus
from msgs.safety import SafetyStatus
from msgs.session import SessionStatus
from msgs.wish import Wish
from nodes.load_manager import claims
from nodes.load_manager.house import Headroom, House, headroom, watch
from nodes.load_manager.ramp import RAISE_AFTER_S, Ramp, begin, cap, follow, forgive
from nodes.load_manager.site import Site
from nodes.load_manager.vehicle import GAP_S, Drawn, Vehicle, drawn_at, observe

PERIOD_S = 0.5  # load/offer
SLACK_S = 0.05  # a tick that comes a little early is not let pass
TOLD_S = 1.5  # a period of session/status and a half
HEAR_S = 1.4  # the first word waits for facts so long: within half of its readers' hold of 3 s
SETTINGS_S = 3.0  # assumed: a system that runs is heard within a fraction of it
WISH_HOLD_S = 10.0  # assumed: a source that says nothing for so long after a start has no wish


class Config(Struct, frozen=True, kw_only=True):
    """What the launch file sets."""

    margin_a: float  # of the main fuse, kept free


class Inputs(Struct, frozen=True, kw_only=True):
    """What is known at this instant; None: silent beyond its hold, or never heard."""

    now_s: float
    utc_ns: int
    site: Site | None  # by the newest settings, however old
    pilot: PilotStatus | None
    safety: SafetyStatus | None
    session: SessionStatus | None
    box: MeterReading | None
    house: MeterReading | None  # the newest, however old
    wishes: tuple[tuple[str, Wish | None], ...]  # source, and its newest however old


class State(Struct, frozen=True, kw_only=True):
    """What is remembered from one instant to the next."""

    begun_s: float
    house: House
    site: Site | None = None  # that is followed; None: the settings have not been heard yet
    vehicle: Vehicle = field(default_factory=Vehicle)
    room: Headroom | None = None  # of the newest good reading
    room_ns: int = 0  # when that was taken
    drawn: Drawn | None = None  # by the vehicle at that time
    before_a: float = math.inf  # what the reading before it left
    ramp: Ramp | None = None
    let_go_s: float | None = None  # monitoring was switched off: the ramp holds until then
    start_a: float | None = None  # what was offered when it was first heard
    is_settled: bool = False  # every configured claim has been heard or has expired
    say_s: float = 0.0
    said: tuple[object, ...] = ()


class Outputs(Struct, frozen=True, kw_only=True):
    """What is to be done now."""

    offer: LoadOffer | None = None  # to publish


def start(now_s: float) -> State:
    """Return the state to start with."""
    return State(begun_s=now_s, house=House(meter=HouseMeter.STARTING, since_s=now_s))


def step(config: Config, state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Return the next state, and the offer when it is due."""
    if inputs.site is not None and inputs.site != state.site:
        state = _adopt(state, inputs.site, inputs)
    if state.site is not None and state.site.monitoring:
        state = _monitor(config, state.site, state, inputs)
    elif state.let_go_s is not None and inputs.now_s >= state.let_go_s:
        state = replace(state, ramp=None, let_go_s=None)
    state = _settle(state, inputs)
    is_heard = (
        state.site is not None and inputs.safety is not None and inputs.safety.cp_state is not None
    )
    if not state.said and not is_heard and inputs.now_s - state.begun_s < HEAR_S:
        return state, Outputs()
    offer = _decide(state, inputs)
    said = (offer.limit_a, offer.reason, offer.house_meter)
    if said == state.said and inputs.now_s < state.say_s:
        return state, Outputs()
    return replace(state, said=said, say_s=inputs.now_s + PERIOD_S - SLACK_S), Outputs(offer=offer)


def _adopt(state: State, site: Site, inputs: Inputs) -> State:
    """Follow other settings: what lowers the offer does so now, what raises it does so by the ramp.

    A meter that has been switched on or changed offers 10 A until its first good reading, and no
    more than before.
    """
    before, now_s = state.site, inputs.now_s
    state = replace(state, site=site, room=None, before_a=math.inf)
    was_monitoring = before is not None and before.monitoring
    if not site.monitoring:
        house = House(meter=HouseMeter.OFF, since_s=now_s)
        let_go_s = now_s + RAISE_AFTER_S if was_monitoring else state.let_go_s
        return replace(state, house=house, room_ns=0, let_go_s=let_go_s)
    if before is None:
        return replace(state, house=House(meter=HouseMeter.STARTING, since_s=state.begun_s))
    if was_monitoring and before.meter == site.meter:
        return state
    if not was_monitoring:  # meanwhile nobody has looked: it may be another vehicle
        state = replace(state, vehicle=Vehicle())
    ramp = state.ramp
    if ramp is None and state.is_settled:  # else the claim of the start holds until all is known
        ramp = begin(claims.METER_LOST_A, _offered_a(inputs))
    if ramp is not None:
        ramp = replace(cap(ramp, claims.METER_LOST_A), since_s=None)
    return replace(
        state,
        house=House(meter=HouseMeter.STARTING, since_s=now_s),
        room_ns=0,
        ramp=ramp,
        let_go_s=None,
    )


def _monitor(config: Config, site: Site, state: State, inputs: Inputs) -> State:
    """Follow the house: down at once, up when it has lasted, and never up while it is lost."""
    is_unplugged = _cp_state(inputs) is CpState.A
    vehicle = observe(state.vehicle, inputs.box, is_unplugged)
    newest = inputs.house
    if newest is not None and newest.meter != site.meter:
        newest = None  # of the meter before a change
    house = watch(state.house, newest, vehicle, site.phases, inputs.now_s)
    if is_unplugged and state.ramp is not None:
        state = replace(state, ramp=forgive(state.ramp))
    state = replace(state, vehicle=vehicle, house=house)
    reading = house.reading
    # Just started, a reading of the house waits for one of the box to be compared with, and for
    # word whether a charge is paused.
    waited_s = inputs.now_s - state.begun_s
    is_comparable = bool(vehicle.samples) or waited_s >= GAP_S
    is_told = _cp_state(inputs) is not None and inputs.session is not None
    is_comparable = is_comparable and (is_told or state.ramp is not None or waited_s >= TOLD_S)
    if reading is not None and is_comparable and site.main_fuse_a is not None:
        is_next = reading.sampled_ns != state.room_ns
        if is_next or state.room is None or not state.room.is_certain:
            state = _read(config, site, site.main_fuse_a, state, inputs, reading, is_next)
    if house.meter is HouseMeter.LOST:
        # MET-3: the last that the fuse was known to allow holds for the car that is plugged in.
        ramp = state.ramp
        if ramp is None or is_unplugged:
            ramp = begin(claims.METER_LOST_A, _offered_a(inputs), is_paused=_is_paused(inputs))
        state = replace(state, ramp=cap(ramp, claims.METER_LOST_A))
    if site.main_fuse_a is None and state.ramp is not None:
        state = replace(state, ramp=cap(state.ramp, claims.UNKNOWN_FUSE_A))
    return state


def _read(
    config: Config,
    site: Site,
    main_fuse_a: float,
    state: State,
    inputs: Inputs,
    reading: MeterReading,
    is_next: bool,
) -> State:
    # After a change of the settings the last reading is judged again. The samples of its time may
    # be gone by then, so what the vehicle drew is kept; and the ramp does not rise by it.
    drawn = state.drawn
    if is_next or drawn is None or not drawn.is_certain:
        drawn = drawn_at(state.vehicle, reading.sampled_ns / 1e9, inputs.now_s)
    room = headroom(
        reading,
        drawn,
        state.vehicle,
        site.phases,
        main_fuse_a,
        config.margin_a,
    )
    before_a = state.before_a
    if is_next and state.room is not None:
        before_a = state.room.left_a
    if state.ramp is None:
        ramp = begin(room.left_a, _offered_a(inputs), is_paused=_is_paused(inputs))
    else:
        # What two readings agree on is no lag of the meter.
        most_left_a = min(room.most_left_a, max(room.left_a, before_a))
        ramp = follow(
            state.ramp, room.left_a, most_left_a, is_certain=room.is_certain, now_s=inputs.now_s
        )
        is_anew = state.room is None and not is_next
        if is_anew or state.house.meter is not HouseMeter.ONLINE:
            ramp = cap(ramp, state.ramp.value_a)
    return replace(
        state,
        room=room,
        room_ns=reading.sampled_ns,
        drawn=drawn,
        before_a=before_a,
        ramp=ramp,
    )


def _settle(state: State, inputs: Inputs) -> State:
    """Judge whether every configured claim has been heard or has expired since the start."""
    if state.is_settled:
        return state
    start_a = state.start_a
    if start_a is None and inputs.safety is not None and inputs.safety.cp_state is not None:
        start_a = round(_offered_a(inputs), 2)  # as the duty cycle keeps it
    are_wishes_known = (
        all(wish is not None for _, wish in inputs.wishes)
        or inputs.now_s - state.begun_s >= WISH_HOLD_S
    )
    is_settled = (
        start_a is not None
        and inputs.safety is not None
        and state.site is not None
        and (state.ramp is not None or not state.site.monitoring or state.site.main_fuse_a is None)
        and are_wishes_known
    )
    return replace(state, start_a=start_a, is_settled=is_settled)


def _decide(state: State, inputs: Inputs) -> LoadOffer:
    meter = state.house.meter
    if state.site is None:
        fuse = claims.no_settings(is_silent=inputs.now_s - state.begun_s >= SETTINGS_S)
    else:
        fuse = claims.fuse(meter, state.room, state.ramp, state.site.main_fuse_a)
    return claims.arbitrate(
        [
            claims.dip(inputs.safety),
            claims.temperature(inputs.safety),
            *(claims.wish(source, wish, inputs.utc_ns) for source, wish in inputs.wishes),
            claims.meter_lost(meter, state.ramp),
            fuse,
            claims.after_start(state.start_a, state.is_settled),
        ],
        meter,
    )


def _is_paused(inputs: Inputs) -> bool:
    """Return whether the vehicle has charged in this session and is offered nothing now.

    One that has not charged yet waits for no contactor that has just opened.
    """
    session = inputs.session
    return (
        _cp_state(inputs) in PLUGGED
        and _offered_a(inputs) < MIN_OFFER_A
        and session is not None
        and bool(session.session_id)
        and session.energy_wh > 0.0
    )


def _cp_state(inputs: Inputs) -> CpState | None:
    """Return the state as safety reads it; A by the word of pilot as well.

    A safety that is dead or hangs must not hide that the vehicle has been changed.
    """
    if inputs.pilot is not None and inputs.pilot.cp_state is CpState.A:
        return CpState.A
    return None if inputs.safety is None else inputs.safety.cp_state


def _offered_a(inputs: Inputs) -> float:
    return 0.0 if inputs.safety is None else claims.sound(inputs.safety.offered_a)
