"""The rules of the invariants, each a pure function of the observation.

A rule returns since when it has been broken [s]: EVENT for "since the last change", a time if an
age has run out, None while the rule is kept.
"""

import math

from msgs.pilot import MIN_OFFER_A, CpState, classify_high_v, offer_of_duty, shows_diode
from msgs.safety import Contactor, FaultCode, SafetyStatus
from verifier.observation import NEVER_S, Observation

EVENT = float("-inf")

SIGNALS_HOLD_S = 0.05
POWER_HOLD_S = 0.5
PILOT_HOLD_S = 1.0
SAFETY_HOLD_S = 1.0
SESSION_HOLD_S = 3.0
OFFER_HOLD_S = 3.0
CARD_S = 70.0  # RFID-4 and the master's 5 s (RFID-10), a sleeping node, a slow disk
METER_HOLD_S = 5.0
FROZEN_S = 5.0
WATCHDOG_S = 1.0
UNDISTURBED_S = 15.0  # after the last disturbance: every node has received every message again
PILOT_START_S = 0.5  # a restarted pilot is valid again within half of its hold

EARTH_OHM = 500.0
HOT_C = 80.0
UNLOADED_A = 1.0
FUSE_SLACK_A = 1.0  # between two looks at a current that moves
ROUNDING_A = 1e-6
TRIPPED = frozenset({FaultCode.RESIDUAL_CURRENT, FaultCode.RED})
LATCHED = frozenset({FaultCode.SAFETY_CIRCUIT, FaultCode.RED})


def of_current(seen: Observation) -> float | None:
    """Apply while the coil has current and safety runs."""
    return seen.safety.runs_since_s if seen.coil else None


def of_safety(seen: Observation) -> float | None:
    """Apply while safety runs."""
    return seen.safety.runs_since_s


def of_pilot(seen: Observation) -> float | None:
    """Apply while pilot runs, from `PILOT_START_S` after its start on."""
    return None if seen.pilot.runs_since_s is None else seen.pilot.runs_since_s + PILOT_START_S


def when_undisturbed(seen: Observation) -> float | None:
    """Apply from `UNDISTURBED_S` after the last disturbance on."""
    return None if seen.undisturbed_since_s is None else seen.undisturbed_since_s + UNDISTURBED_S


def of_world(seen: Observation) -> float | None:
    """Apply always."""
    return EVENT


def without_vehicle(seen: Observation, now_s: float) -> float | None:
    """The pilot's high plateau shows neither C nor D."""
    signals = seen.safety.signals.message
    asks = signals is not None and classify_high_v(signals.high_v) in (CpState.C, CpState.D)
    return None if asks else EVENT


def without_diode(seen: Observation, now_s: float) -> float | None:
    """The low plateau of a PWM is not that of a vehicle."""
    signals = seen.safety.signals.message
    if signals is None or offer_of_duty(signals.duty_percent) < MIN_OFFER_A:
        return None  # only PWM shows the negative half
    return None if shows_diode(signals.low_v) else EVENT


def without_test(seen: Observation, now_s: float) -> float | None:
    """No self-test has passed."""
    return None if seen.is_tested else EVENT


def without_sensors(seen: Observation, now_s: float) -> float | None:
    """Safety's own inputs are stale."""
    return _stale_s(seen.safety.signals.stamp_s, SIGNALS_HOLD_S, now_s)


def without_pilot(seen: Observation, now_s: float) -> float | None:
    """The pilot node is silent."""
    return _stale_s(seen.safety.pilot.stamp_s, PILOT_HOLD_S, now_s)


def without_permission(seen: Observation, now_s: float) -> float | None:
    """Session, meter or offer do not allow the charge; the vehicle has time to drop its load."""
    pilot, signals = seen.safety.pilot.message, seen.safety.signals.message
    if pilot is not None and pilot.offered_a < MIN_OFFER_A:
        return EVENT
    if signals is not None and offer_of_duty(signals.duty_percent) < MIN_OFFER_A:
        return EVENT
    return _without_authority_s(seen, now_s)


def permitting(seen: Observation, now_s: float) -> float | None:
    """Safety permits an offer without session or box meter."""
    status = seen.safety.status
    if status is None or not status.permitted:
        return None
    return _without_authority_s(seen, now_s)


def _without_authority_s(seen: Observation, now_s: float) -> float | None:
    session, meter = seen.safety.session, seen.safety.meter
    if session.message is not None and not session.message.permitted:
        return EVENT
    metered_s = meter.stamp_s
    if meter.message is not None and not meter.message.online:
        metered_s = meter.message.sampled_ns / 1e9
    return _earliest_s(
        _stale_s(session.stamp_s, SESSION_HOLD_S, now_s),
        _stale_s(metered_s, METER_HOLD_S, now_s),
    )


def unloaded(seen: Observation, now_s: float) -> float | None:
    """There is no permission, and the vehicle draws nothing."""
    if not seen.coil:
        return None
    power = seen.safety.power
    if power.message is None or _stale_s(power.stamp_s, POWER_HOLD_S, now_s) is not None:
        return None
    if any(abs(line.current_a) >= UNLOADED_A for line in power.message.lines):
        return None
    return without_permission(seen, now_s)


def without_card(seen: Observation, now_s: float) -> float | None:
    """No card was presented in this plug-in or just before it, or it does not count any more."""
    if not seen.needs_card:
        return None
    since_s = max(seen.plugged_s - CARD_S, seen.card_since_s)
    return None if since_s <= seen.carded_s != NEVER_S else EVENT


def repeating(seen: Observation, now_s: float) -> float | None:
    """The meter chip shows a current, and has shown the same values for `FROZEN_S`."""
    power = seen.safety.power
    if power.message is None or _stale_s(power.stamp_s, POWER_HOLD_S, now_s) is not None:
        return None
    if all(abs(line.current_a) <= UNLOADED_A for line in power.message.lines):
        return None
    return _stale_s(seen.safety.chip_since_s, FROZEN_S, now_s)


def without_earth(seen: Observation, now_s: float) -> float | None:
    """The protective earth is missing or high-ohmic."""
    signals = seen.safety.signals.message
    return None if signals is None or 0.0 <= signals.earth_ohm <= EARTH_OHM else EVENT


def hot(seen: Observation, now_s: float) -> float | None:
    """A sensor shows more than 80 degC."""
    signals = seen.safety.signals.message
    is_hot = signals is not None and max(signals.terminal_c, signals.board_c) > HOT_C
    return EVENT if is_hot else None


def latched(seen: Observation, now_s: float) -> float | None:
    """A latched fault is raised."""
    return EVENT if is_latched(seen) else None


def is_latched(seen: Observation) -> bool:
    """Return whether safety has raised a fault that only mains off and on clear."""
    status = seen.safety.status
    return status is not None and not LATCHED.isdisjoint(status.faults)


def forgotten(seen: Observation, now_s: float) -> float | None:
    """A latched fault is not published, and nothing has cleared it."""
    status = seen.safety.status
    published = frozenset() if status is None else frozenset(status.faults)
    return None if seen.kept <= published else EVENT


def is_trip_reported(seen: Observation) -> bool:
    """Return whether safety has raised a fault that stands for a trip of the monitor."""
    status = seen.safety.status
    return status is not None and not TRIPPED.isdisjoint(status.faults)


def without_watchdog(seen: Observation, now_s: float) -> float | None:
    """The watchdog has had no edge."""
    onset_s = seen.edge_s + WATCHDOG_S
    return onset_s if seen.coil and now_s > onset_s else None


def enabled_despite_trip(seen: Observation, now_s: float) -> float | None:
    """The enable line is on while an output of the monitor is active."""
    signals = seen.safety.signals.message
    if not seen.safety.enable or signals is None:
        return None
    return EVENT if signals.residual_ac or signals.residual_dc else None


def unreported_trip(seen: Observation, now_s: float) -> float | None:
    """The monitor has tripped with closed contacts, and safety has not published it."""
    return EVENT if seen.is_tripped else None


def closed_without_coil(seen: Observation, now_s: float) -> float | None:
    """A main pole is closed without current in the coil."""
    return EVENT if seen.closed and not seen.coil and not seen.may_stick else None


def open_though_closed(seen: Observation, now_s: float) -> float | None:
    """Safety publishes open, and the contactor is closed."""
    status = seen.safety.status
    if not seen.closed or status is None:
        return None
    return EVENT if status.contactor is Contactor.OPEN else None


def unreported_weld(seen: Observation, now_s: float) -> float | None:
    """A main pole is closed without current in the coil, and safety does not publish a weld."""
    if not seen.closed or seen.coil:
        return None
    if _stale_s(seen.safety.signals.stamp_s, SIGNALS_HOLD_S, now_s) is not None:
        return None  # its inputs are stale
    status = seen.safety.status
    is_reported = status is not None and status.contactor is Contactor.WELDED
    return None if is_reported and is_latched(seen) else EVENT


def beyond_offer(seen: Observation, now_s: float) -> float | None:
    """The duty offers more than the messages that have reached pilot allow."""
    pilot = seen.pilot
    offered_a = offer_of_duty(seen.duty_percent)
    if offered_a == 0.0 or pilot.runs_since_s is None:
        return None
    safety, session, offer = pilot.safety.message, pilot.session.message, pilot.offer.message
    limits_a = (
        (pilot.safety, SAFETY_HOLD_S, 0.0 if safety is None else _limit_of_safety_a(safety)),
        (pilot.session, SESSION_HOLD_S, math.inf if session and session.permitted else 0.0),
        (pilot.offer, OFFER_HOLD_S, 0.0 if offer is None else offer.limit_a),
    )
    onsets = []
    for heard, hold_s, limit_a in limits_a:
        if heard.message is None:  # after a start this is no silence before its hold is over
            onsets.append(_stale_s(pilot.runs_since_s, hold_s, now_s))
        elif offered_a > limit_a + ROUNDING_A:
            return EVENT
        else:
            onsets.append(_stale_s(heard.stamp_s, hold_s, now_s))
    return _earliest_s(*onsets)


def _limit_of_safety_a(safety: SafetyStatus) -> float:
    return min(safety.limit_a, safety.installation_limit_a) if safety.permitted else 0.0


def beyond_dip(seen: Observation, now_s: float) -> float | None:
    """The duty offers more than the installation carries."""
    return EVENT if offer_of_duty(seen.duty_percent) > seen.dip_a + ROUNDING_A else None


def beyond_fuse(seen: Observation, now_s: float) -> float | None:
    """The connection carries more than its fuse allows, because of the vehicle."""
    fuse_a, house = seen.fuse_a, seen.house
    if fuse_a is None or house is None or not house.online:
        return None
    for line, drawn_a in zip(house.lines, seen.drawn_a, strict=True):
        others_a = line.current_a - drawn_a
        if line.current_a > fuse_a + FUSE_SLACK_A and others_a < fuse_a - FUSE_SLACK_A:
            return EVENT
    return None


def disturbed(seen: Observation, now_s: float) -> float | None:
    """The contactor has opened without a cause."""
    return EVENT if not seen.coil and now_s < seen.stays_until_s else None


def outlived_plug(seen: Observation, now_s: float) -> float | None:
    """The running session belongs to an earlier plug-in."""
    return EVENT if seen.session_id and seen.session_plug != seen.plug else None


def _stale_s(stamp_s: float, hold_s: float, now_s: float) -> float | None:
    """Return since when a message of `stamp_s` is older than its hold; None while it is not."""
    onset_s = stamp_s + hold_s
    return onset_s if now_s > onset_s else None


def _earliest_s(*onsets_s: float | None) -> float | None:
    return min((onset_s for onset_s in onsets_s if onset_s is not None), default=None)
