"""All wishes that session publishes: the app's, the energy limit's and the schedule's. Pure.

Nothing is published before the settings are known: load_manager keeps the wishes of before a
restart of this node, and after a start of its own limits to a fallback until it hears them.
"""

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.wish import Wish, Wishes
from nodes.session import app_wish, energy_limit, schedule
from nodes.session.app_wish import AppWish
from nodes.session.duration import SET_NS
from nodes.session.energy_limit import ChargeLimit, LimitInputs, LimitState
from nodes.session.schedule import NO_PLAN, ScheduleState
from nodes.session.state import Inputs
from nodes.session.state import State as SessionState


class WishesState(Struct, frozen=True, kw_only=True):
    """What is remembered of all wishes."""

    app: app_wish.State
    limit: LimitState
    schedule: ScheduleState = ScheduleState()
    said: Wishes | None = None


class WishesOutputs(Struct, frozen=True, kw_only=True):
    """What is to be done now."""

    wishes: Wishes | None = None  # to publish
    app: AppWish | None = None  # to store, unless a write of it is under way
    limit: ChargeLimit | None = None  # likewise


def step(
    state: WishesState, session: SessionState, inputs: Inputs, moment: Moment
) -> tuple[WishesState, WishesOutputs]:
    """Return the next state and the outputs."""
    seen = app_wish.inputs_of(session, inputs, moment)
    app, of_app = app_wish.step(state.app, seen, moment)
    owner = inputs.owner
    limits = LimitInputs(
        is_default_known=owner is not None,
        default_wh=None if owner is None else owner.energy_limit_wh,
        counter_wh=inputs.counter_wh,
        session=session.running.session,
    )
    limit, limit_to_write = energy_limit.step(state.limit, seen, limits, moment)
    plan = NO_PLAN if owner is None else owner.plan
    week = schedule.follow(state.schedule, plan, inputs.wall_offset_ns, inputs.is_utc_set, moment)
    found = (of_app.wish, energy_limit.wish(limit), schedule.wish(week))
    wishes = Wishes(wishes=tuple(wish for wish in found if wish is not None))
    is_said = owner is None or _is_same(state.said, wishes)
    after = WishesState(app=app, limit=limit, schedule=week, said=state.said if is_said else wishes)
    return after, WishesOutputs(
        wishes=None if is_said else wishes, app=of_app.write, limit=limit_to_write
    )


def _is_same(said: Wishes | None, wishes: Wishes) -> bool:
    """Return whether this has been published: an end that has not jumped is the same."""
    if said is None or len(said.wishes) != len(wishes.wishes):
        return False
    return all(map(_is_same_wish, said.wishes, wishes.wishes))


def _is_same_wish(before: Wish, after: Wish) -> bool:
    if before.end_ns is None or after.end_ns is None:
        return before == after
    is_leap = abs(after.end_ns - before.end_ns) > SET_NS
    return not is_leap and replace(after, end_ns=before.end_ns) == before
