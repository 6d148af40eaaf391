"""The claims that the owner switches on: solar power, unbalance, schedule, energy limit. Pure."""

from msgspec.structs import replace

from bus.moment import Moment
from msgs.load_manager import Limit
from nodes.load_manager import solar, unbalance
from nodes.load_manager.inputs import Inputs
from nodes.load_manager.state import State
from nodes.load_manager.wishes import owner_claims


def follow(state: State, inputs: Inputs, moment: Moment, is_unplugged: bool) -> State:
    """Return the state after a look; a claim begins with the first offer that is known."""
    offered_a = None if state.start_a is None else inputs.offered_a
    sun = solar.follow(
        state.solar,
        inputs.solar,
        inputs.house,
        inputs.box_readings,
        offered_a,
        is_unplugged,
        moment,
    )
    difference = unbalance.follow(
        state.unbalance,
        inputs.unbalance,
        inputs.house,
        inputs.box_readings,
        offered_a,
        inputs.is_paused,
        inputs.is_idle,
        is_unplugged,
        moment,
    )
    if sun is state.solar and difference is state.unbalance:
        return state
    return replace(state, solar=sun, unbalance=difference)


def claims_of(state: State, inputs: Inputs, moment: Moment) -> list[Limit]:
    """Return the claims that are switched on."""
    claims = owner_claims(inputs.sources, moment)
    if inputs.solar.enabled:
        claims.append(solar.claim(state.solar, inputs.solar))
    if inputs.unbalance.enabled:
        claims.append(unbalance.claim(state.unbalance, inputs.unbalance))
    return claims
