"""Whether the house meter shows the current of the vehicle: the proof of its clamps. Pure.

A clamp that is open, loose, reversed or on another phase makes a full fuse look empty. So more than
10 A are offered only after the meter has shown a step of the vehicle's own current on the assigned
phase in this plug-in. A step that the other loads disturb is no evidence: the offer goes to 6 A and
back, up to three times, and then again after a while. Three of the last four steps that contradict
withdraw the proof. After a step that contradicted, two in a row have to agree; and one that
contradicts a proof is a doubt, with which no more than 10 A are offered until a step agrees, for a
kettle that is switched on at the right second proves a wrong clamp.

Only a line on which the vehicle has drawn more than 4 A needs a proof; before that, all of them.

`compare` judges one step between one line of the box and one of the meter; finding the phase
assignment by measurement needs the same.
"""

import math
from collections.abc import Sequence
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import MIN_OFFER_A
from nodes.load_manager.house import UNMEASURED_A
from nodes.load_manager.vehicle import USED_ABOVE_A, Currents

LEAST_STEP_A = 2.8  # of 4 A offered, what a vehicle takes that uses 70 % of the offer
WITHIN = 0.3  # of the step
FOLLOW_S = 5.0  # a vehicle follows the offer within that time (IEC 61851-1, Table A.6)
SETTLE_S, SETTLE_PERIODS = 5.0, 2  # the meter shows a step within so many periods and this time
STEADY_A = 0.5  # assumed: noise of a vehicle's current
QUIET_S = 10.0  # assumed: other loads that moved in this time before a step disturb it
BALANCED_W = 200.0  # assumed: a home battery keeps the power of the connection within this
APART_S = 0.5  # closer readings are dropped
DROP_FROM_A, DROP_BELOW_A = 7.5, 10.5  # a drop of the offer to 6 A is a step from this current
TRIES = 3
RETRY_S = 900.0  # assumed: the other loads may be quieter then
VERDICTS, CONTRADICTIONS, RESTORED_BY = 4, 3, 2


class Shown(Enum):
    """What the meter has shown of a step."""

    STEP = "step"
    NOTHING = "nothing"  # the clamp is open, or on another phase
    REVERSED = "reversed"
    UNCLEAR = "unclear"  # the other loads moved as well: no evidence


class Pair(Struct, frozen=True, kw_only=True):
    """What the vehicle drew and what the house meter showed, at one instant."""

    at_s: float
    drawn_a: Currents  # lines of the box
    shown_a: Currents  # lines of the meter: the active part, negative for an export
    power_w: float  # of the connection
    period_s: float = 1.0  # between two readings of the meter

    @property
    def settle_s(self) -> float:
        """Return how long after a step the meter may take to show it [s]."""
        return SETTLE_S + SETTLE_PERIODS * self.period_s


class LineProof(Struct, frozen=True, kw_only=True):
    """What is known of the clamp that has to show one line of the box."""

    has_drawn: bool = False  # more than 4 A
    is_proven: bool = False
    verdicts: tuple[Shown, ...] = ()  # newest last
    judged_s: float = -math.inf  # a step begins after this

    @property
    def is_trusted(self) -> bool:
        """Return whether the line is proven, and the newest step does not contradict that."""
        return self.is_proven and self.last in (None, Shown.STEP)

    @property
    def last(self) -> Shown | None:
        """Return the newest verdict."""
        return self.verdicts[-1] if self.verdicts else None


class Clamps(Struct, frozen=True, kw_only=True):
    """What is known of all clamps since the plug went in, and the steps made to learn it."""

    pairs: tuple[Pair, ...] = ()  # oldest first
    lines: tuple[LineProof, LineProof, LineProof] = (LineProof(), LineProof(), LineProof())
    tries: int = 0  # drops to 6 A in this plug-in
    drop_until_s: float | None = None
    next_try_s: float = -math.inf


def take(clamps: Clamps, pair: Pair, lines: Sequence[tuple[int, int]]) -> Clamps:
    """Return the clamps after a reading.

    :param lines: which line of the box the assignment has on which of the meter
    """
    if clamps.pairs and pair.at_s - clamps.pairs[-1].at_s < APART_S:
        return clamps
    from_s = pair.at_s - QUIET_S - 2.0 * pair.settle_s
    kept = tuple(each for each in clamps.pairs if each.at_s >= from_s)
    clamps = replace(clamps, pairs=(*kept, pair))
    proofs = list(clamps.lines)
    for box, meter in lines:
        if pair.drawn_a[box] > USED_ABOVE_A and not proofs[box].has_drawn:
            proofs[box] = replace(proofs[box], has_drawn=True)
        shown = compare(clamps.pairs, box, meter, proofs[box].judged_s)
        if shown is not None:
            proofs[box] = _judge(proofs[box], shown, pair.at_s)
    one, two, three = proofs
    return replace(clamps, lines=(one, two, three))


def compare(
    pairs: Sequence[Pair], box: int, meter: int, after_s: float = -math.inf
) -> Shown | None:
    """Return what a line of the meter shows of the newest step of a line of the box.

    None: there is no step that began after `after_s`, or the meter may still show it.
    """
    newest = pairs[-1]
    begin = _begin(pairs, box, after_s)
    if begin is None:
        return None
    before = pairs[begin]
    step_a = abs(newest.drawn_a[box] - before.drawn_a[box])
    quiet = [
        each.shown_a[meter] - each.drawn_a[box]
        for each in pairs[: begin + 1]
        if each.at_s >= max(before.at_s - QUIET_S, after_s)
    ]
    is_quiet = max(quiet) - min(quiet) <= WITHIN * step_a
    if any(_agrees(before, after, box, meter) for after in pairs[begin + 1 :]):
        return Shown.STEP if is_quiet else Shown.UNCLEAR
    settled_s = newest.at_s
    for each in reversed(pairs):
        if abs(each.drawn_a[box] - newest.drawn_a[box]) > STEADY_A:
            break
        settled_s = each.at_s
    if newest.at_s - settled_s < newest.settle_s:
        return None
    is_balanced = max(abs(before.power_w), abs(newest.power_w)) <= BALANCED_W
    if not is_quiet or is_balanced:
        return Shown.UNCLEAR
    drawn_a = newest.drawn_a[box] - before.drawn_a[box]
    shown_a = newest.shown_a[meter] - before.shown_a[meter]
    if abs(shown_a) <= WITHIN * step_a:
        return Shown.NOTHING
    return Shown.REVERSED if abs(shown_a + drawn_a) <= WITHIN * step_a else Shown.UNCLEAR


def _begin(pairs: Sequence[Pair], box: int, after_s: float) -> int | None:
    """Return the last steady reading from which the vehicle's current has changed by a step."""
    newest_a = pairs[-1].drawn_a[box]
    for place in reversed(range(len(pairs) - 1)):
        if pairs[place].at_s < after_s:
            return None
        before_a = pairs[place].drawn_a[box]
        is_steady = place == 0 or abs(before_a - pairs[place - 1].drawn_a[box]) <= STEADY_A
        if is_steady and abs(newest_a - before_a) >= LEAST_STEP_A:
            return place
    return None


def _agrees(before: Pair, after: Pair, box: int, meter: int) -> bool:
    """Return whether the meter shows the same change as the box, which is a step."""
    drawn_a = after.drawn_a[box] - before.drawn_a[box]
    shown_a = after.shown_a[meter] - before.shown_a[meter]
    return abs(drawn_a) >= LEAST_STEP_A and abs(shown_a - drawn_a) <= WITHIN * abs(drawn_a)


def _judge(proof: LineProof, shown: Shown, at_s: float) -> LineProof:
    """Return the proof of a line after a step."""
    proof = replace(proof, judged_s=at_s)
    if shown is Shown.UNCLEAR:
        return proof
    verdicts = (*proof.verdicts, shown)[-VERDICTS:]
    if proof.is_proven:
        against = sum(each is not Shown.STEP for each in verdicts)
        is_proven = against < CONTRADICTIONS
    else:
        has_failed = any(each is not Shown.STEP for each in verdicts)
        needed = RESTORED_BY if has_failed else 1
        is_proven = verdicts[-needed:] == (Shown.STEP,) * needed
    return replace(proof, is_proven=is_proven, verdicts=verdicts)


def unproven(clamps: Clamps, lines: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the lines of box and meter of which the proof is missing, or in doubt."""
    drawn_on = [pair for pair in lines if clamps.lines[pair[0]].has_drawn]
    return [pair for pair in drawn_on or lines if not clamps.lines[pair[0]].is_trusted]


def claim_a(clamps: Clamps, missing: Sequence[tuple[int, int]]) -> float | None:
    """Return the most that may be offered without the missing proofs [A]; None: any current."""
    if not missing:
        return None
    return UNMEASURED_A if clamps.drop_until_s is None else MIN_OFFER_A


def make_steps(clamps: Clamps, missing: Sequence[tuple[int, int]], moment: Moment) -> Clamps:
    """Begin or end a drop to 6 A, which makes a step that the meter has to show."""
    if clamps.drop_until_s is not None:
        if missing and not moment.reached(clamps.drop_until_s):
            return clamps
        return replace(clamps, drop_until_s=None)
    if not missing or not moment.reached(clamps.next_try_s):
        return clamps
    if not clamps.pairs:
        return clamps
    newest = clamps.pairs[-1]
    wait_s = newest.settle_s
    from_s = moment.now_s - wait_s - newest.period_s
    steady = [each for each in clamps.pairs if each.at_s >= from_s]
    is_ready = (
        bool(steady)
        and steady[0].at_s <= moment.now_s - wait_s
        and any(
            all(DROP_FROM_A <= each.drawn_a[box] <= DROP_BELOW_A for each in steady)
            for box, _ in missing
        )
    )
    if not is_ready:
        return clamps
    tries = clamps.tries + 1
    step_s = wait_s + FOLLOW_S
    after_s = RETRY_S if tries >= TRIES else 2.0 * step_s
    return replace(
        clamps,
        tries=tries,
        drop_until_s=moment.now_s + step_s,
        next_try_s=moment.now_s + after_s,
    )
