"""So many kilowatt-hours, then pause: the energy limit of a charge, from plug to plug. Pure.

The app sets the limit of this charge, or the setting `charge.energy_limit_kwh` has it for each
charge. The energy is the growth of the box's register since the first session of the plug-in that
had a limit, so that neither a stop and a new start nor a restart of the box begins it again. Once
it is reached the charge pauses until the plug is out, or until the limit is raised.

The limit, its begin and whether it is reached are stored. A plug changed while this node did not
run ends no limit, as with the app's wish.
"""

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.session import SessionRecord
from msgs.units import WattHours
from msgs.wish import ENERGY_LIMIT, Wish
from nodes.session import charge_end
from nodes.session.app_wish import RETRY_S, WishInputs
from nodes.session.charge_end import ChargeEnd

ROUNDING_WH = 0.01  # assumed: above any rounding of a register, below what a meter counts


class ChargeLimit(Struct, frozen=True, kw_only=True):
    """The limit of one charge, as it is stored."""

    limit_wh: Annotated[WattHours, Meta(ge=0.0)] | None = None  # None: no limit
    is_asked: bool = False  # by the app, for this charge; else the setting has it
    start_wh: WattHours | None = None  # of the box's register; None: no session yet
    is_reached: bool = False
    was_plugged: bool = False


NO_CHARGE_LIMIT = ChargeLimit()
LOST_LIMIT = ChargeLimit(limit_wh=0.0, is_asked=True, is_reached=True)
"""The limit while the stored one cannot be read: reached, until the plug is out or the next one."""


class LimitInputs(Struct, frozen=True, kw_only=True):
    """What a limit depends on, beside the plug."""

    is_default_known: bool  # the settings have been heard
    default_wh: float | None  # of the settings; None: no limit
    counter_wh: float | None  # the box's register; None: not known
    session: SessionRecord | None  # that runs


class LimitState(Struct, frozen=True, kw_only=True):
    """What is remembered of the limit."""

    limit: ChargeLimit
    stored: ChargeLimit  # on the disk
    retry_ns: int = 0  # nothing is written before
    end: ChargeEnd = ChargeEnd()
    taken_wh: float = 0.0  # by this charge


def begin(stored: ChargeLimit | None) -> LimitState:
    """Return the state to start with, from the store."""
    limit = stored or NO_CHARGE_LIMIT
    return LimitState(limit=limit, stored=limit)


def asked(state: LimitState, energy_wh: float | None, *, is_plugged: bool) -> ChargeLimit:
    """Return the limit of a request; the energy that the charge has taken already counts."""
    return ChargeLimit(
        limit_wh=energy_wh,
        is_asked=True,
        start_wh=state.limit.start_wh if is_plugged else None,
        is_reached=energy_wh is not None and state.limit.is_reached and is_plugged,
        was_plugged=is_plugged,
    )


def take(state: LimitState, limit: ChargeLimit) -> LimitState:
    """Return the state with another limit, which is stored."""
    return replace(state, limit=limit, stored=limit)


def step(
    state: LimitState, seen: WishInputs, inputs: LimitInputs, moment: Moment
) -> tuple[LimitState, ChargeLimit | None]:
    """Return the next state, and a limit to store unless a write is under way."""
    end, is_unplugged = charge_end.follow(
        state.end, now_ns=seen.now_ns, is_out=seen.is_out, unplugs=seen.unplugs, moment=moment
    )
    state = replace(state, end=end)
    if is_unplugged and (state.limit.was_plugged or not state.limit.is_asked):
        state = replace(state, limit=NO_CHARGE_LIMIT, taken_wh=0.0)
    limit = state.limit
    if not limit.is_asked and inputs.is_default_known:
        limit = replace(limit, limit_wh=inputs.default_wh)
    if limit.limit_wh is None and not limit.is_asked:
        limit = NO_CHARGE_LIMIT
    if limit != NO_CHARGE_LIMIT and seen.is_plugged and not is_unplugged:
        limit = replace(limit, was_plugged=True)
    state = _count(replace(state, limit=limit), inputs)
    is_wanted = state.limit != state.stored and moment.reached(state.retry_ns / 1e9)
    return state, state.limit if is_wanted else None


def written(state: LimitState, limit: ChargeLimit, *, is_stored: bool, now_ns: int) -> LimitState:
    """Take the result of a write."""
    if is_stored:
        return replace(state, stored=limit)
    return replace(state, retry_ns=now_ns + int(RETRY_S * 1e9))


def _count(state: LimitState, inputs: LimitInputs) -> LimitState:
    """Count what this charge has taken; without the register nothing changes."""
    limit, counter_wh, session = state.limit, inputs.counter_wh, inputs.session
    if limit.limit_wh is None or counter_wh is None:
        return state
    start_wh = limit.start_wh
    if start_wh is None:
        if session is None:
            return state
        start_wh = session.start_energy_wh
    taken_wh = max(state.taken_wh, 0.0 if session is None else session.energy_wh)
    if counter_wh - start_wh < taken_wh - ROUNDING_WH:  # the register has lost its last minute
        start_wh = counter_wh - taken_wh
    taken_wh = max(counter_wh - start_wh, taken_wh)
    limit = replace(limit, start_wh=start_wh, is_reached=taken_wh >= limit.limit_wh)
    return replace(state, limit=limit, taken_wh=taken_wh)


def wish(state: LimitState) -> Wish | None:
    """Return the limit as a wish: a pause once it is reached, before that only its text."""
    limit = state.limit
    if limit.limit_wh is None:
        return None
    amount = f"{limit.limit_wh / 1000.0:g} kWh"
    if limit.is_reached:
        said = f"{amount} are charged" if limit.limit_wh else "it cannot be read"
    else:
        said = f"a pause at {amount}, {'for one charge' if limit.is_asked else 'by the settings'}"
    return Wish(name=ENERGY_LIMIT, pause=limit.is_reached, detail=said)
