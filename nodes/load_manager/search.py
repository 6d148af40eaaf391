"""The guided measurement of the phase assignment: it moves the offer, and proposes. Pure.

While it runs, a claim changes between 6, 8 and 10 A. Each stage lasts until the vehicle has
followed and the meter has shown it, and for a few seconds more, irregularly: no other load has the
same steps at the same times. As every claim it only lowers the offer. It changes no setting.

It needs neither the monitoring of the house nor a right assignment, only readings of the house
meter. `phases` judges what was measured.
"""

import math
from collections.abc import Sequence
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.load_manager import Limit, PhaseCandidate, PhaseSearch, PhaseSearchAction
from msgs.meter import MeterReading
from msgs.pilot import MIN_OFFER_A, CpState
from msgs.safety import Contactor
from msgs.topics import METER_HOUSE
from nodes.load_manager import search_words as words
from nodes.load_manager.clamps import FOLLOW_S, STEADY_A
from nodes.load_manager.house import UNMEASURED_A, active_a
from nodes.load_manager.inputs import Inputs
from nodes.load_manager.phases import STEP_A, Judgement, Step, Voltages, judge
from nodes.load_manager.supply_limits import SupplyLimits
from nodes.load_manager.vehicle import GAP_S, USED_ABOVE_A, Currents

SEARCH_S = 120.0  # assumed: as long as a person waits beside the vehicle
LAG_S = 2.0  # assumed: and a poll; a meter shows a step within that time
MIDDLE_A = 8.0
# What is offered in one stage after the other: no other load has the same steps.
LEVELS_A = (
    *(UNMEASURED_A, MIN_OFFER_A, MIDDLE_A, UNMEASURED_A, MIDDLE_A, MIN_OFFER_A),
    *(UNMEASURED_A, MIDDLE_A, UNMEASURED_A, MIN_OFFER_A, MIDDLE_A, MIN_OFFER_A),
)
# Assumed: how long both meters are read in each stage, irregularly.
READ_S = (2.0, 4.0, 3.0, 5.0, 2.0, 3.0, 5.0, 4.0, 2.0, 5.0)
LEAST_READINGS = 2
IDLE_S = 20.0  # assumed: a vehicle that draws nothing for that time has stopped
ALIKE_A = 1.0  # a vehicle draws the same on three phases within this
KEPT_S = 20.0  # box readings, for a house meter that answers late
LEFT_OVER = 0.02  # assumed: a candidate with less confidence is not named


class OwnDraw(Struct, frozen=True, kw_only=True):
    """One reading of the box's own meter."""

    at_s: float
    drawn_a: Currents  # the active part
    voltages_v: Currents


class Sample(Struct, frozen=True, kw_only=True):
    """Both meters at one instant."""

    at_s: float
    drawn_a: Currents
    shown_a: Currents


class Stage(Struct, frozen=True, kw_only=True):
    """The currents between two changes of the offer."""

    drawn_a: Currents
    shown_a: Currents
    noise_a: Currents


class Search(Struct, frozen=True, kw_only=True):
    """What is remembered of a measurement that runs."""

    begun_s: float
    limits: SupplyLimits  # when it began
    switched_s: float  # when the offer was changed last
    drew_s: float  # when the vehicle drew current last
    sampled_s: float  # when the newest good reading of the house meter was taken
    box: tuple[OwnDraw, ...] = ()  # oldest first
    samples: tuple[Sample, ...] = ()  # of this stage, oldest first
    stages: int = 0
    last: Stage | None = None
    steps: tuple[Step, ...] = ()
    voltages: tuple[Voltages, ...] = ()


class SearchState(Struct, frozen=True, kw_only=True):
    """The measurement that runs, if any, and what is published of it or of the last one."""

    running: Search | None = None
    shown: PhaseSearch | None = None


def follow(
    state: SearchState,
    limits: SupplyLimits | None,
    wired: tuple[bool, bool, bool],
    inputs: Inputs,
    moment: Moment,
) -> tuple[SearchState, str]:
    """Return the state after the newest readings, and why what was asked is refused; "": it is not.

    :param wired: the phases that safety has found wired to the box; none: not known
    """
    refused = "" if inputs.asked is None else _refusal(state, limits, inputs)
    if inputs.asked is PhaseSearchAction.BEGIN and limits is not None and not refused:
        now_s = inputs.now_s
        begun = Search(
            begun_s=now_s, limits=limits, switched_s=now_s, drew_s=now_s, sampled_s=now_s
        )
        state = SearchState(running=begun, shown=_shown(begun, judge((), (), wired)))
    if state.running is None:
        return state, refused
    search = _take(state.running, inputs)
    end = _end(search, limits, inputs, moment)
    if search.stages == state.running.stages and end is None:
        return replace(state, running=search), refused
    judgement = judge(search.steps, search.voltages, wired)
    if end is None and judgement.proposal is None:
        return SearchState(running=search, shown=_shown(search, judgement)), refused
    return SearchState(shown=_shown(search, judgement, end or "")), refused


def _refusal(state: SearchState, limits: SupplyLimits | None, inputs: Inputs) -> str:
    """Return why what was asked is refused, for a person; "" if it is not."""
    if inputs.asked is not PhaseSearchAction.BEGIN:
        return "" if state.shown is not None else words.NONE_SHOWN
    if state.running is not None:
        return words.RUNS_ALREADY
    if limits is None or not limits.meter:
        return words.NO_METER
    house = inputs.house
    if house is None or house.meter != limits.meter or not house.online:
        return words.NO_READING
    safety = inputs.safety
    if safety is None or safety.contactor is not Contactor.CLOSED or not inputs.offered_a:
        return words.NO_CHARGE
    return ""


def claim(state: SearchState) -> Limit:
    """Return the claim of a measurement: 6, 8 or 10 A while it runs."""
    if state.running is None or state.shown is None:
        return Limit(source="phase_search", limit_a=None)
    limit_a = LEVELS_A[state.running.stages % len(LEVELS_A)]
    return Limit(source="phase_search", limit_a=limit_a, detail=state.shown.detail)


def _end(search: Search, limits: SupplyLimits | None, inputs: Inputs, moment: Moment) -> str | None:
    """Return why a measurement ends before it has a proposal; None if it goes on."""
    if inputs.asked is PhaseSearchAction.STOP:
        return words.STOPPED
    if inputs.cp_state is CpState.A:
        return words.UNPLUGGED
    if limits != search.limits:
        return words.SETTINGS_CHANGED
    if moment.reached(search.sampled_s + METER_HOUSE.hold_of(inputs.house)):  # as MET-3
        return words.METER_LOST
    if moment.reached(search.drew_s + IDLE_S):
        return words.NO_CURRENT
    return words.TIMEOUT if moment.reached(search.begun_s + SEARCH_S) else None


def _take(search: Search, inputs: Inputs) -> Search:
    """Take the newest readings of both meters; end the stage if it has lasted."""
    box = [*search.box, *(_box_sample(each, search) for each in inputs.box_readings if each.online)]
    if inputs.box_readings:
        newest = box[-1] if box else None
        if newest is not None and max(newest.drawn_a) > USED_ABOVE_A:
            search = replace(search, drew_s=max(search.drew_s, newest.at_s))
        kept = tuple(each for each in box if each.at_s >= inputs.now_s - KEPT_S)
        search = replace(search, box=kept)
    house = inputs.house
    if house is None or not house.online or house.meter != search.limits.meter:
        return search
    at_s = house.sampled_ns / 1e9
    if at_s <= search.sampled_s:
        return search
    drawn = _at(search.box, at_s)
    if drawn is None:  # the box's reading after it has not come yet
        return search
    one, two, three = (active_a(line, search.limits.grid) for line in house.lines)
    sample = Sample(at_s=at_s, drawn_a=drawn.drawn_a, shown_a=(one, two, three))
    search = replace(search, sampled_s=at_s, samples=(*search.samples, sample))
    if max(drawn.drawn_a) > USED_ABOVE_A and max(drawn.drawn_a) - min(drawn.drawn_a) <= ALIKE_A:
        one, two, three = (line.voltage_v for line in house.lines)
        pair = Voltages(box_v=drawn.voltages_v, house_v=(one, two, three))
        search = replace(search, voltages=(*search.voltages, pair))
    return _end_stage(search, house.poll_s, inputs.now_s)


def _end_stage(search: Search, poll_s: float, now_s: float) -> Search:
    """Return the search in its next stage, if both meters have shown this one for long enough."""
    samples = [each for each in search.samples if each.at_s > search.switched_s]
    if not samples:
        return search
    newest = samples[-1]
    steady: list[Sample] = []
    for each in reversed(samples):
        if _apart_a(each.drawn_a, newest.drawn_a) > STEADY_A:
            break
        steady.insert(0, each)
    lag_s = LAG_S + poll_s
    from_s = steady[0].at_s + lag_s
    last = search.last
    if last is not None and _apart_a(last.drawn_a, newest.drawn_a) < STEP_A:
        from_s = max(from_s, search.switched_s + FOLLOW_S + lag_s)  # it may still follow
    usable = [each for each in steady if each.at_s >= from_s]
    until_s = from_s + READ_S[search.stages % len(READ_S)]
    if len(usable) < LEAST_READINGS or newest.at_s < until_s:
        return search
    stage = _stage(usable)
    steps = search.steps
    if last is not None and _apart_a(last.drawn_a, stage.drawn_a) >= STEP_A:
        steps = (*steps, _step(last, stage))
    return replace(
        search,
        switched_s=now_s,
        samples=(),
        stages=search.stages + 1,
        last=stage,
        steps=steps,
    )


def _stage(samples: Sequence[Sample]) -> Stage:
    drawn = list(zip(*(each.drawn_a for each in samples), strict=True))
    shown = list(zip(*(each.shown_a for each in samples), strict=True))
    return Stage(
        drawn_a=_three([median(each) for each in drawn]),
        shown_a=_three([median(each) for each in shown]),
        noise_a=_three([(max(each) - min(each)) / 2.0 for each in shown]),
    )


def _step(before: Stage, after: Stage) -> Step:
    return Step(
        drawn_a=_three([b - a for a, b in zip(before.drawn_a, after.drawn_a, strict=True)]),
        shown_a=_three([b - a for a, b in zip(before.shown_a, after.shown_a, strict=True)]),
        noise_a=_three(
            [math.hypot(a, b) for a, b in zip(before.noise_a, after.noise_a, strict=True)]
        ),
    )


def _box_sample(reading: MeterReading, search: Search) -> OwnDraw:
    return OwnDraw(
        at_s=reading.sampled_ns / 1e9,
        drawn_a=_three([active_a(line, search.limits.grid) for line in reading.lines]),
        voltages_v=_three([line.voltage_v for line in reading.lines]),
    )


def _at(box: Sequence[OwnDraw], at_s: float) -> OwnDraw | None:
    """Return what the box's own meter has shown at an instant between two readings."""
    before = [each for each in box if each.at_s <= at_s]
    after = [each for each in box if each.at_s > at_s]
    if not before or not after or after[0].at_s - before[-1].at_s > GAP_S:
        return None
    one, two = before[-1], after[0]
    share = (at_s - one.at_s) / (two.at_s - one.at_s)
    return OwnDraw(
        at_s=at_s,
        drawn_a=_between(one.drawn_a, two.drawn_a, share),
        voltages_v=_between(one.voltages_v, two.voltages_v, share),
    )


def _between(one: Currents, two: Currents, share: float) -> Currents:
    return _three([a + share * (b - a) for a, b in zip(one, two, strict=True)])


def _apart_a(one: Currents, two: Currents) -> float:
    """Return by how much two currents differ, on the phase where it is most."""
    return max(abs(a - b) for a, b in zip(one, two, strict=True))


def _three(values: Sequence[float]) -> Currents:
    one, two, three = values
    return one, two, three


def _shown(search: Search, judgement: Judgement, end: str | None = None) -> PhaseSearch:
    """Return what is published; `end` is why it has ended, "" with a proposal."""
    left = [pair for pair in judgement.confidences if pair[1] >= LEFT_OVER]
    return PhaseSearch(
        running=end is None,
        steps=judgement.steps,
        candidates=tuple(
            PhaseCandidate(phase_assignment=each, confidence=min(confidence, 1.0))
            for each, confidence in left
        ),
        proposal=judgement.proposal,
        detail=words.detail(judgement, search.limits.phases, end),
        ends_ns=round((search.begun_s + SEARCH_S) * 1e9),
    )
