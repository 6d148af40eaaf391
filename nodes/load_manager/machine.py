"""The arbiter: named claims in, the lowest wins, and the whole chain is published (MET-7). Pure.

Not responsible for what pilot does with the offer: safety and pilot apply the limits of the DIP
switches and of the temperature themselves.

It uses no UTC and compares times only through a `Moment`: `Outputs.due_s` is the next instant at
which time alone changes something. The times of the ramp are compared only when a reading arrives,
because only a reading can raise it.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.load_manager import FuseChain, HouseMeter, Limit, LoadOffer, PhaseSearch
from msgs.pilot import UNPLUGGED_S, CpState
from nodes.load_manager import claims, external_input, owner
from nodes.load_manager.clamps import Clamps, unproven
from nodes.load_manager.house import UNMEASURED_A, HouseMeterState, assigned
from nodes.load_manager.inputs import Inputs
from nodes.load_manager.meter_pace import MeterPace
from nodes.load_manager.monitoring import monitor, without_headroom
from nodes.load_manager.ramp import RAISE_AFTER_S, begin, cap
from nodes.load_manager.rest import claim_rest, note_pause
from nodes.load_manager.search import claim as search_claim
from nodes.load_manager.search import follow as follow_search
from nodes.load_manager.state import NONE_WIRED, State
from nodes.load_manager.supply_limits import SupplyLimits, is_wired_otherwise
from nodes.load_manager.vehicle import VehicleDraw
from nodes.load_manager.wishes import Source, claim, finite_a, unheard

HEAR_S = 1.4  # the first offer waits this long for inputs: less than half of its hold of 3 s
SETTINGS_S = 3.0  # assumed: a running system node is heard much sooner
# Period of pilot/status: a pilot/status that is sent later than this after the start has the last
# offer before the start.
FOLLOWED_S = 0.02
HOUSE = "the house meter"  # name of its claim after a start


class Config(Struct, frozen=True, kw_only=True):
    """What the launch file sets."""

    margin_a: float  # of the main fuse, kept free


class Outputs(Struct, frozen=True, kw_only=True):
    """What to do now."""

    offer: LoadOffer | None = None  # None: too little is known yet
    due_s: float = math.inf  # when time alone will change something [monotonic s]
    search: PhaseSearch | None = None  # the answer to what was asked; None: refused
    refusal: str = ""


def step(config: Config, state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Return the next state, the offer, and when to step again."""
    moment = Moment(inputs.now_s)
    state = _see_plug(_see_offer(state, inputs, moment), inputs)
    is_unplugged = state.out_since_s is not None and moment.reached(state.out_since_s + UNPLUGGED_S)
    if inputs.supply_limits is not None and inputs.supply_limits != state.supply_limits:
        state = _adopt(state, inputs.supply_limits, inputs)
    if inputs.safety is not None and inputs.safety.wired_phases not in (NONE_WIRED, state.wired):
        # The last reading is evaluated again, as after a change of the settings.
        wired = inputs.safety.wired_phases
        state = without_headroom(replace(state, wired=wired))
    if state.supply_limits is not None and state.supply_limits.monitoring:
        state = monitor(
            state,
            state.supply_limits,
            inputs,
            moment,
            margin_a=config.margin_a,
            is_unplugged=is_unplugged,
        )
    elif state.ramp_ends_s is not None and moment.reached(state.ramp_ends_s):
        state = replace(state, ramp=None, ramp_ends_s=None)
    state = owner.follow(state, inputs, moment, is_unplugged)
    contact = external_input.follow(state.external_input, inputs.safety, moment)
    state = replace(state, external_input=contact)
    search, refusal = follow_search(state.search, state.supply_limits, state.wired, inputs, moment)
    state = _settle(replace(state, search=search), inputs, is_unplugged)
    offer: LoadOffer | None = None
    if state.has_published or _is_heard(state, inputs) or moment.reached(state.begun_s + HEAR_S):
        offer = _decide(state, inputs, moment)
        state = replace(
            state,
            has_published=True,
            others_a=claims.without_proof_a(offer),
            rest=note_pause(state.rest, offer, inputs.now_s, is_charging=not inputs.is_idle),
        )
    asked = None if refusal else search.shown
    return state, Outputs(offer=offer, due_s=moment.due_s, search=asked, refusal=refusal)


def is_sent_after_start(state: State, sent_s: float | None) -> bool:
    """Return whether pilot/status, sent then [s], already has the last offer before this start."""
    return sent_s is not None and sent_s >= state.begun_s + FOLLOWED_S


def _see_offer(state: State, inputs: Inputs, moment: Moment) -> State:
    """Take what pilot offers, once the last offer before this start is in it."""
    if state.start_a is not None:
        return state
    if inputs.pilot is None or not inputs.is_sent_after_start:
        if not moment.reached(state.begun_s + HEAR_S):  # looks for pilot/status until then
            periods = math.floor((inputs.now_s - state.begun_s) / FOLLOWED_S + 1e-6) + 1
            moment.wake_at(state.begun_s + periods * FOLLOWED_S)
        return state
    # rounded, because it is calculated back from the duty
    return replace(state, start_a=round(finite_a(inputs.pilot.offered_a), 2))


def _see_plug(state: State, inputs: Inputs) -> State:
    """Record since when the plug is out."""
    if inputs.cp_state is not CpState.A:
        return replace(state, out_since_s=None)
    return replace(state, out_since_s=inputs.now_s) if state.out_since_s is None else state


def _adopt(state: State, limits: SupplyLimits, inputs: Inputs) -> State:
    """Follow changed settings: a lower offer at once, a higher one by the ramp.

    After a meter has been switched on or changed, at most 10 A are offered until its first good
    reading, and no more than before.
    """
    before, now_s = state.supply_limits, inputs.now_s
    state = without_headroom(replace(state, supply_limits=limits))
    was_monitoring = before is not None and before.monitoring
    if before is not None and is_wired_otherwise(before, limits):
        state = replace(state, clamps=Clamps())
    if not limits.monitoring:
        house = HouseMeterState(meter=HouseMeter.OFF, since_s=now_s)
        ramp_ends_s = now_s + RAISE_AFTER_S if was_monitoring else state.ramp_ends_s
        return replace(state, house=house, headroom_ns=0, ramp_ends_s=ramp_ends_s)
    if before is None:
        return replace(
            state, house=HouseMeterState(meter=HouseMeter.STARTING, since_s=state.begun_s)
        )
    if was_monitoring and before.meter == limits.meter:
        return state
    counts_from_s = -math.inf
    state = replace(state, pace=MeterPace(), budget=None)
    if not was_monitoring:  # not observed meanwhile: it may be another vehicle
        state = replace(state, vehicle=VehicleDraw())
        counts_from_s = now_s
    ramp = state.ramp
    if ramp is None and state.is_start_over:  # before that the claim `start` limits
        ramp = begin(UNMEASURED_A, inputs.offered_a)
    if ramp is not None:
        ramp = replace(cap(ramp, UNMEASURED_A), since_s=None)
    return replace(
        state,
        house=HouseMeterState(
            meter=HouseMeter.STARTING, since_s=now_s, counts_from_s=counts_from_s
        ),
        headroom_ns=0,
        ramp=ramp,
        ramp_ends_s=None,
    )


def _settle(state: State, inputs: Inputs, is_unplugged: bool) -> State:
    """Find the configured claims that are not known yet since the start.

    The wait for a claim ends when it is heard, is switched off, or the plug is out; it has no time
    limit.
    """
    limits = state.supply_limits
    is_house_known = state.is_house_known or (
        state.house.meter is HouseMeter.ONLINE
        and state.ramp is not None
        and state.headroom is not None
    )
    unknown = [
        source.name for source in inputs.sources if source.is_configured and source.wishes is None
    ]
    if (
        limits is not None
        and limits.monitoring
        and limits.main_fuse_a is not None
        and not is_house_known
    ):
        unknown.append(HOUSE)
    given_up_claims = tuple(
        name for name in unknown if is_unplugged or name in state.given_up_claims
    )
    awaited_claims = tuple(name for name in unknown if name not in given_up_claims)
    is_start_over = state.is_start_over or (
        limits is not None and state.start_a is not None and not awaited_claims
    )
    return replace(
        state,
        is_house_known=is_house_known,
        given_up_claims=given_up_claims,
        awaited_claims=awaited_claims,
        is_start_over=is_start_over,
    )


def _is_heard(state: State, inputs: Inputs) -> bool:
    """Return whether all is known that the first offer needs.

    If no current was offered before the start, the first offer does not wait for the claims.
    """
    is_lost = state.house.meter is HouseMeter.LOST
    is_known = state.start_a == 0.0 or all(
        name == HOUSE and is_lost for name in state.awaited_claims
    )
    return (
        state.supply_limits is not None
        and inputs.safety is not None
        and inputs.safety.cp_state is not None
        and state.start_a is not None
        and is_known
    )


def _decide(state: State, inputs: Inputs, moment: Moment) -> LoadOffer:
    meter = state.house.meter
    chain: FuseChain | None = None
    if state.supply_limits is None:
        is_silent = moment.reached(state.begun_s + SETTINGS_S)
        fuse = claims.no_settings(is_silent=is_silent)
        lost = Limit(source="meter_lost", limit_a=None)
    else:
        lost = claims.meter_lost(meter, state.ramp, state.house.complaint)
        fuse = claims.fuse(
            meter,
            state.headroom,
            state.ramp,
            state.supply_limits.main_fuse_a,
            state.house.complaint,
        )
        if state.supply_limits.monitoring and meter is HouseMeter.ONLINE:
            chain = claims.fuse_chain(state.headroom, state.ramp, state.pace.period_s)
    waits_for = () if state.is_start_over else state.awaited_claims
    if state.supply_limits is None:
        waits_for = (*waits_for, "the settings")
    if not state.is_start_over and state.start_a is None:
        waits_for = (*waits_for, "pilot")
    return claims.arbitrate(
        [
            claims.dip(inputs.safety),
            claims.temperature(inputs.safety),
            *external_input.claims_of(
                state.external_input, inputs.safety, finite_a(inputs.external_limit_a)
            ),
            *(_wish(state, source, moment) for source in inputs.sources if source.is_configured),
            lost,
            claims.meter_proof(state.clamps, _missing(state)),
            search_claim(state.search),
            fuse,
            claim_rest(state.rest, moment),
            *owner.claims_of(state, inputs, moment),
            claims.after_start(state.start_a, waits_for),
        ],
        meter,
        chain,
        state.search.shown,
    )


def _missing(state: State) -> list[tuple[int, int]]:
    """Return the lines of box and meter of which the proof is missing, while it is needed."""
    limits = state.supply_limits
    if limits is None or not limits.monitoring or state.house.meter is not HouseMeter.ONLINE:
        return []
    return unproven(state.clamps, assigned(limits.lines(state.wired)))


def _wish(state: State, source: Source, moment: Moment) -> Limit:
    """Return the claim of a source, also before it is heard for the first time."""
    if source.name in state.awaited_claims:
        start_a = math.inf if state.is_start_over else state.start_a or 0.0
        return unheard(source, start_a)
    return claim(source, moment)
