"""The claims that the owner switches on: solar power, schedule, energy limit. Pure."""

from msgspec.structs import replace

from bus.moment import Moment
from msgs.load_manager import Limit
from nodes.load_manager import solar
from nodes.load_manager.inputs import Inputs
from nodes.load_manager.state import State
from nodes.load_manager.wishes import owner_claims


def follow(state: State, inputs: Inputs, moment: Moment, is_unplugged: bool) -> State:
    """Return the state after a look; a claim begins with the first offer that is known."""
    after = solar.follow(
        state.solar,
        inputs.solar,
        inputs.house,
        inputs.box_readings,
        None if state.start_a is None else inputs.offered_a,
        is_unplugged,
        moment,
    )
    return state if after is state.solar else replace(state, solar=after)


def claims_of(state: State, inputs: Inputs, moment: Moment) -> list[Limit]:
    """Return the claims that are switched on."""
    claims = owner_claims(inputs.sources, moment)
    if inputs.solar.enabled:
        claims.append(solar.claim(state.solar, inputs.solar))
    return claims
