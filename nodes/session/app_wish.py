"""The app's wish: how long it holds, over plugs, restarts and a clock that is set. Pure.

    for this charge  (the default) it ends when the plug is out; if no plug is in, when the next
                     plug-in ends
    until replaced   it ends with the next wish
    until a time     of UTC: its end is converted again when UTC is set; a wish that is over because
                     UTC was set forward holds again when it is set back
    for a duration   by the monotonic clock of this boot. In another boot UTC counts, if it was set
                     in both; as long as that is not known the duration begins again, as a limit
                     must not end early

A stored wish means the same after a restart. A plug changed while this node did not run ends no
wish: the limit of the previous vehicle holds until a plug is seen out.
"""

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import CpState
from msgs.requests import WishArguments
from msgs.units import Nanoseconds, Text
from msgs.wish import Wish, WishAmps
from nodes.session import charge_end
from nodes.session.charge_end import ChargeEnd
from nodes.session.duration import SET_NS
from nodes.session.state import Inputs
from nodes.session.state import State as SessionState

NAME = "app"
RETRY_S = 5.0  # assumed: until a write that failed is tried again
MOST_NS = 2**63 - 1  # of a Wish


class AppWish(Struct, frozen=True, kw_only=True):
    """One wish, as it is stored; without limit and pause it is no wish."""

    limit_a: WishAmps | None = None
    pause: bool = False
    detail: Text = ""
    until_replaced: bool = False
    until_utc_ns: Annotated[Nanoseconds, Meta(ge=0)] | None = None  # its end by UTC
    # End of a duration by the monotonic clock of `boot`, or of the boot of `run`.
    end_ns: Annotated[Nanoseconds, Meta(ge=0)] | None = None
    for_ns: Annotated[Nanoseconds, Meta(ge=0)] | None = None  # None: stored by an older version
    boot: Annotated[str, Meta(max_length=64)] = ""  # "": not known
    run: int = 0  # when the supervisor of that run started [UTC ns]; 0: not known
    is_utc_set: bool = False  # when `until_utc_ns` was made from a duration
    was_plugged: bool = False  # for this charge: a plug has been in

    @property
    def is_none(self) -> bool:
        """Return whether there is no wish."""
        return self.limit_a is None and not self.pause

    @property
    def is_for_charge(self) -> bool:
        """Return whether it ends with a plug."""
        return not self.until_replaced and self.until_utc_ns is None


NO_APP_WISH = AppWish()


class WishInputs(Struct, frozen=True, kw_only=True):
    """What a wish depends on."""

    now_ns: int  # monotonic
    utc_ns: int
    is_utc_set: bool  # in this boot
    boot: str  # "": not known
    run: int  # of the graph; 0: not known
    is_run_decided: bool  # a run unknown by now counts as another one
    is_plugged: bool  # seen in
    is_out: bool  # in state A
    unplugs: int  # plugs that went out in this incarnation


class State(Struct, frozen=True, kw_only=True):
    """What is remembered of the wish."""

    wish: AppWish
    stored: AppWish  # on the disk
    began_ns: int  # monotonic, when the node started
    retry_ns: int = 0  # nothing is written before
    end: ChargeEnd = ChargeEnd()


class Outputs(Struct, frozen=True, kw_only=True):
    """What is to be done now."""

    wish: Wish | None = None  # that holds now
    write: AppWish | None = None  # to store, unless a write is under way


def begin(stored: AppWish | None, now_ns: int) -> State:
    """Return the state to start with, from the store."""
    wish = stored or NO_APP_WISH
    return State(wish=wish, stored=wish, began_ns=now_ns)


def inputs_of(session: SessionState, inputs: Inputs, moment: Moment) -> WishInputs:
    """Return the inputs from the state of the session's machine."""
    pilot, safety = inputs.pilot, inputs.safety
    now_ns = round(inputs.now_s * 1e9)
    return WishInputs(
        now_ns=now_ns,
        utc_ns=now_ns + inputs.wall_offset_ns,
        is_utc_set=inputs.is_utc_set,
        boot=inputs.boot,
        run=session.run,
        is_run_decided=session.run > 0 or moment.reached(session.hear_by_s),
        is_plugged=session.plug.is_seated,
        is_out=CpState.A in (pilot and pilot.cp_state, safety and safety.cp_state),
        unplugs=session.plug.unplugs,
    )


def asked(
    arguments: WishArguments,
    detail: Text,
    *,
    now_ns: Nanoseconds,
    utc_ns: Nanoseconds,
    is_utc_set: bool,
    boot: str,
    run: int,
    is_plugged: bool,
) -> AppWish | None:
    """Return the wish of a request; None if its time has passed already."""
    if arguments.until_utc_ns is not None and utc_ns >= arguments.until_utc_ns:
        return None
    wish = AppWish(
        limit_a=arguments.limit_a,
        pause=arguments.pause,
        detail=detail,
        until_replaced=arguments.until_replaced,
        until_utc_ns=arguments.until_utc_ns,
    )
    if wish.is_none:
        return NO_APP_WISH
    if arguments.for_s is not None:
        for_ns = int(arguments.for_s * 1e9)
        return replace(
            wish,
            until_utc_ns=utc_ns + for_ns,
            end_ns=now_ns + for_ns,
            for_ns=for_ns,
            boot=boot,
            run=run,
            is_utc_set=is_utc_set,
        )
    return replace(wish, was_plugged=wish.is_for_charge and is_plugged)


def take(state: State, wish: AppWish) -> State:
    """Return the state with another wish, which is stored."""
    return replace(state, wish=wish, stored=wish)


def step(state: State, seen: WishInputs, moment: Moment) -> tuple[State, Outputs]:
    """Return the next state and the outputs."""
    state = _follow_plug(state, seen, moment)
    state = replace(state, wish=_in_this_boot(state.wish, seen))
    end_ns = _end_ns(state, seen)
    is_over = end_ns is not None and moment.reached(end_ns / 1e9)
    wanted = NO_APP_WISH if is_over else state.wish
    return state, Outputs(
        wish=None if is_over else _wish(state.wish, end_ns),
        write=wanted if wanted != state.stored and moment.reached(state.retry_ns / 1e9) else None,
    )


def written(state: State, wish: AppWish, is_stored: bool, now_ns: int) -> State:
    """Take the result of a write."""
    if is_stored:
        return replace(state, stored=wish)
    return replace(state, retry_ns=now_ns + int(RETRY_S * 1e9))


def _follow_plug(state: State, seen: WishInputs, moment: Moment) -> State:
    """End a wish for one charge when its plug is out; record that its plug is in."""
    end, is_unplugged = charge_end.follow(
        state.end, now_ns=seen.now_ns, is_out=seen.is_out, unplugs=seen.unplugs, moment=moment
    )
    wish = state.wish
    if wish.is_for_charge and wish.was_plugged and is_unplugged:
        wish = NO_APP_WISH
    if wish.is_for_charge and not wish.is_none and seen.is_plugged:
        wish = replace(wish, was_plugged=True)
    return replace(state, wish=wish, end=end)


def _in_this_boot(wish: AppWish, seen: WishInputs) -> AppWish:
    """Return a duration by the clocks of this boot.

    In its own boot its UTC is kept up to date; in another one only the UTC is left, once it is
    known to count. Where it can never count, the duration begins again, once, and is one of the new
    boot.
    """
    if wish.end_ns is None:
        return wish
    if _is_own_boot(wish, seen):
        until_utc_ns = max(seen.utc_ns + wish.end_ns - seen.now_ns, 0)
        is_jump = wish.until_utc_ns is None or abs(until_utc_ns - wish.until_utc_ns) > SET_NS
        if is_jump or wish.is_utc_set is not seen.is_utc_set:
            return replace(wish, until_utc_ns=until_utc_ns, is_utc_set=seen.is_utc_set)
        return wish
    is_decided = bool(seen.boot and wish.boot) or seen.is_run_decided
    if is_decided and seen.boot and wish.for_ns is not None and not wish.is_utc_set:
        return replace(
            wish,
            end_ns=seen.now_ns + wish.for_ns,
            until_utc_ns=seen.utc_ns + wish.for_ns,
            is_utc_set=seen.is_utc_set,
            boot=seen.boot,
            run=seen.run,
        )
    is_utc_known = wish.for_ns is None or (wish.is_utc_set and seen.is_utc_set)
    return replace(wish, end_ns=None, run=0) if is_decided and is_utc_known else wish


def _is_own_boot(wish: AppWish, seen: WishInputs) -> bool:
    return "" != wish.boot == seen.boot or 0 != wish.run == seen.run


def _end_ns(state: State, seen: WishInputs) -> int | None:
    """Return when a wish ends by the monotonic clock; None: not by time, or not known yet."""
    wish = state.wish
    if wish.end_ns is not None:
        if _is_own_boot(wish, seen):
            return wish.end_ns
        return None if wish.for_ns is None else state.began_ns + wish.for_ns
    if wish.until_utc_ns is None:
        return None
    return min(max(seen.now_ns + wish.until_utc_ns - seen.utc_ns, 0), MOST_NS)


def _wish(wish: AppWish, end_ns: int | None) -> Wish | None:
    if wish.is_none:
        return None
    return Wish(
        name=NAME,
        limit_a=wish.limit_a,
        pause=wish.pause,
        end_ns=end_ns,
        detail=wish.detail,
        until_replaced=wish.until_replaced,
    )
