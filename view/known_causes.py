"""What the box knows now of each possible cause of a symptom. Pure.

One function for each cause. A source that is silent is said, and its cause counts as unseen.
"""

import math
from typing import NamedTuple

from msgs.load_manager import HouseMeter, amount_words
from msgs.pilot import MIN_OFFER_A, PLUGGED, CpState
from msgs.safety import LATCHED, Contactor, FaultCode, SafetyPhase, SafetyStatus
from msgs.state_reason import StateReason
from msgs.wish import OWNER_WISHES
from view.charge import cp_words
from view.fault_names import FAULT_NAMES, code_title
from view.faults import faults, is_unproven
from view.limits import source_name
from view.meters import online
from view.silence import silence, troubles
from view.snapshot import Snapshot

LESS_A = 2.0  # assumed: what a vehicle may stay below the offer by itself, being full enough
DRAWS_A = 0.5  # assumed: more than the noise of the meter

FUSE = frozenset({"fuse"})
UNBALANCE = frozenset({"unbalance"})
SUN = frozenset({"solar"})
INSTALLATION = frozenset({"dip"})
PROOF = frozenset({"meter_proof", "phase_search"})
"""Sources in load/offer that compare the house meter with the vehicle."""

MOMENT = frozenset({"rest", "start"})
"""Sources in load/offer that end by themselves after some minutes."""

CONTROLLERS = frozenset({"dcs", "smart_home", "external_input"})
"""Sources in load/offer outside the box."""

OWNERS = frozenset({"app", *OWNER_WISHES})
"""Sources in load/offer that the owner sets."""

ENDED = {
    StateReason.LOGGED_OFF: "Its card has logged off.",
    StateReason.STOPPED: "It was stopped on the page, by an app or by the charging service.",
    StateReason.ENDED_BY_FAULT: "It was ended by a fault.",
}


class Known(NamedTuple):
    """What is known of a cause."""

    holds: bool | None  # None: the box cannot see it
    text: str


def no_mains(snapshot: Snapshot) -> Known:
    """Return whether the box has no mains."""
    safety = snapshot.safety.fresh
    if safety is None:
        return _silent(silence(snapshot, snapshot.safety))
    if not safety.has_mains:
        return Known(True, "The box measures no mains.")
    box = online(snapshot.box)
    lines = enumerate(box.lines if box else (), 1)
    volts = ", ".join(f"L{number} {line.voltage_v:.0f} V" for number, line in lines)
    return Known(False, f"The box has mains{f': {volts}' if volts else ''}.")


def card_needed(snapshot: Snapshot) -> Known:
    """Return whether a card is needed and none has been accepted."""
    session = snapshot.session.fresh
    if session is None:
        return _silent(silence(snapshot, snapshot.session))
    if not session.authorization_required:
        return Known(False, "No card is needed: the authorisation is off.")
    if session.authorized or session.token:
        return Known(False, "A card has been accepted.")
    rfid = snapshot.rfid.fresh
    if rfid is not None and not rfid.works:
        return Known(True, "A card is needed, and the card reader does not answer.")
    return Known(True, "A card is needed, and none has been accepted.")


def front_silent(snapshot: Snapshot) -> Known:
    """Return whether the lights are not driven."""
    frame = snapshot.front.fresh
    if frame is None:
        return Known(True, _sentence(silence(snapshot, snapshot.front)))
    return Known(False, f"The status LED should show now: {frame.caption or 'dark'}.")


def light_broken(_: Snapshot) -> Known:
    """Return that the box does not see its own lights."""
    return Known(None, "The box cannot see its own lights.")


def not_seated(snapshot: Snapshot) -> Known:
    """Return whether no plug is seen at the vehicle."""
    safety = snapshot.safety.fresh
    if safety is None:
        return _silent(silence(snapshot, snapshot.safety))
    if safety.cp_state is None:
        return Known(None, "The box has not read its line to the vehicle yet.")
    line = f"The line to the vehicle is in state {cp_words(safety.cp_state)}."
    return Known(safety.cp_state not in PLUGGED, line)


def vehicle_waits(snapshot: Snapshot) -> Known:
    """Return whether the vehicle has an offer and does not take it."""
    safety = snapshot.safety.fresh
    if safety is None:
        return _silent(silence(snapshot, snapshot.safety))
    if safety.cp_state not in PLUGGED:
        return Known(None, "No vehicle is seen.")
    if safety.cp_state is not CpState.B:
        return Known(False, "The vehicle asks for energy.")
    if safety.offered_a < MIN_OFFER_A:
        return Known(None, "The vehicle is offered nothing yet, so it cannot ask.")
    return Known(True, f"{amount_words(safety.offered_a)} are offered, and it does not ask.")


def no_current(snapshot: Snapshot) -> Known:
    """Return whether the lowest limit is 0 A."""
    offer = snapshot.offer.fresh
    if offer is None:
        return _silent(silence(snapshot, snapshot.offer))
    if offer.limit_a < MIN_OFFER_A:
        return Known(True, _sentence(f"{source_name(offer.reason)}: {offer.detail}"))
    return Known(False, f"Up to {amount_words(offer.limit_a)} may be drawn.")


def ended(snapshot: Snapshot) -> Known:
    """Return whether the charge of this plug-in was ended."""
    session = snapshot.session.fresh
    if session is None:
        return _silent(silence(snapshot, snapshot.session))
    if session.because in ENDED:
        return Known(True, ENDED[session.because])
    return Known(False, "It has not been ended.")


def fault(snapshot: Snapshot) -> Known:
    """Return the faults that are raised."""
    safety = snapshot.safety.fresh
    if safety is None:
        return _silent(silence(snapshot, snapshot.safety))
    names = [f"{code_title(code)}: {FAULT_NAMES[code]}" for code in safety.faults]
    return Known(bool(names), f"{'; '.join(names)}." if names else "No fault is raised.")


def may_be_live(snapshot: Snapshot) -> Known:
    """Return whether plug and cable may carry voltage though nothing is charged."""
    safety = snapshot.safety.fresh
    if safety is None:
        return _silent(silence(snapshot, snapshot.safety))
    if is_unproven(safety) or safety.contactor is Contactor.WELDED:
        return Known(True, "The contactor is not proven open.")
    dangers = [each for each in faults(snapshot) if each.code in LATCHED and each.danger]
    if dangers:
        code = dangers[0].code
        return Known(True, f"{code_title(code)}: {FAULT_NAMES[code]}.")
    if safety.contactor is Contactor.CLOSED:
        return Known(False, "The contactor obeys the box.")
    return Known(False, "The contactor is proven open.")


def may_be_touched(snapshot: Snapshot) -> bool:
    """Return whether nothing known speaks against touching plug and cable."""
    is_live = may_be_live(snapshot).holds
    return is_live is False and not any(each.danger for each in faults(snapshot))


def starting(snapshot: Snapshot) -> Known:
    """Return whether the box starts, tests itself, or waits after a power cut."""
    safety = snapshot.safety.fresh
    if safety is None:
        return _silent(silence(snapshot, snapshot.safety))
    if safety.starts_in_s is not None:
        wait = f"The mains are back; the box starts in {safety.starts_in_s:.0f} s."
        return Known(True, wait)
    if safety.phase in (SafetyPhase.START, SafetyPhase.SELF_TEST):
        return Known(True, _sentence(safety.detail or "it tests itself"))
    return Known(False, "The box is ready.")


def special_mode(snapshot: Snapshot) -> Known:
    """Return whether the box is in a mode without charging."""
    safety = snapshot.safety.fresh
    if safety is None:
        return _silent(silence(snapshot, snapshot.safety))
    if safety.commissioning:
        return Known(True, "The box is in commissioning mode (DSW2.8).")
    if safety.showroom:
        return Known(True, "The box is in showroom mode.")
    return Known(False, "The box is in its usual mode.")


def part_missing(snapshot: Snapshot) -> Known:
    """Return whether a node does not run, or is silent."""
    down = troubles(snapshot)
    if down:
        return Known(True, " ".join(_sentence(f"{each.node}: {each.words}") for each in down))
    return Known(False, "All parts run.")


def house_needs(snapshot: Snapshot) -> Known:
    """Return whether the loads of the house set the lowest limit."""
    offer = snapshot.offer.fresh
    if offer is not None and offer.house_meter is HouseMeter.OFF:
        return Known(False, "The house is not monitored.")
    return _bound(snapshot, FUSE, "The house leaves enough.")


def meter_lost(snapshot: Snapshot) -> Known:
    """Return whether the house meter is monitored and not heard."""
    offer = snapshot.offer.fresh
    if offer is None:
        return _silent(silence(snapshot, snapshot.offer))
    match offer.house_meter:
        case HouseMeter.LOST:
            return Known(True, "The house meter is not heard: at most 10 A are given.")
        case HouseMeter.STARTING:
            return Known(None, "The house meter has not been read yet.")
        case HouseMeter.ONLINE:
            return Known(False, "The house meter is heard.")
        case HouseMeter.OFF:
            return Known(False, "The house is not monitored.")


def meter_proof(snapshot: Snapshot) -> Known:
    """Return whether the house meter has to show the vehicle's current first."""
    return _bound(snapshot, PROOF, "The house meter is not being compared.")


def unbalance(snapshot: Snapshot) -> Known:
    """Return whether the difference between the phases sets the lowest limit."""
    return _bound(snapshot, UNBALANCE, "The phases are loaded equally enough.")


def moment(snapshot: Snapshot) -> Known:
    """Return whether a rest or a start that passes sets the lowest limit."""
    return _bound(snapshot, MOMENT, "No pause or start is going on.")


def app_limits(snapshot: Snapshot) -> Known:
    """Return whether a wish of the owner sets a limit below that of the installation."""
    return _limited_by(snapshot, OWNERS)


def controller_limits(snapshot: Snapshot) -> Known:
    """Return whether something outside the box sets a limit below that of the installation."""
    return _limited_by(snapshot, CONTROLLERS)


def waits_for_sun(snapshot: Snapshot) -> Known:
    """Return whether charging with the sun sets the lowest limit."""
    return _bound(snapshot, SUN, "The sun sets no limit now.")


def vehicle_takes_less(snapshot: Snapshot) -> Known:
    """Return whether the vehicle draws clearly less than it is offered."""
    draw = _draw(snapshot)
    if isinstance(draw, Known):
        return draw
    safety, currents_a = draw
    most_a = max(currents_a)
    words = f"It draws {amount_words(most_a)} of {amount_words(safety.offered_a)} offered."
    return Known(most_a < safety.offered_a - LESS_A, words)


def fewer_phases(snapshot: Snapshot) -> Known:
    """Return whether the vehicle leaves a phase of the box unused."""
    draw = _draw(snapshot)
    if isinstance(draw, Known):
        return draw
    safety, currents_a = draw
    used = [number for number, current_a in enumerate(currents_a, 1) if current_a > DRAWS_A]
    wired = sum(safety.wired_phases) or len(currents_a)
    words = f"It draws on {', '.join(f'L{number}' for number in used) or 'no phase'}."
    return Known(0 < len(used) < wired, words)


def heat(snapshot: Snapshot) -> Known:
    """Return whether the box gives less because of its temperature."""
    safety = snapshot.safety.fresh
    if safety is None:
        return _silent(silence(snapshot, snapshot.safety))
    words = f"The box has {safety.temperature_c:.0f} °C"
    if FaultCode.TOO_HOT in safety.faults:
        return Known(True, f"{words}: the charge pauses until it has cooled.")
    if safety.limit_a < safety.installation_limit_a:
        return Known(True, f"{words}: at most {amount_words(safety.limit_a)} are given.")
    return Known(False, f"{words}. It cannot measure the vehicle.")


def installation_limit(snapshot: Snapshot) -> Known:
    """Return whether the DIP switches set the lowest limit."""
    return _bound(snapshot, INSTALLATION, "The installation allows more.")


def still_charging(snapshot: Snapshot) -> Known:
    """Return whether the vehicle still asks for energy or draws it."""
    safety = snapshot.safety.fresh
    if safety is None:
        return _silent(silence(snapshot, snapshot.safety))
    if is_unproven(safety) or safety.contactor is Contactor.WELDED:
        return Known(None, "It is not proven that the cable carries no voltage.")
    if safety.contactor is Contactor.CLOSED:
        return Known(True, "The cable carries mains voltage: the charge goes on.")
    if safety.cp_state in (CpState.C, CpState.D):
        return Known(True, "The vehicle still asks for energy.")
    return Known(False, "The cable carries no voltage, and the vehicle does not ask for energy.")


def lock(_: Snapshot) -> Known:
    """Return that only the vehicle knows its lock."""
    return Known(None, "The lock is in the vehicle; the box cannot see or open it.")


def _draw(snapshot: Snapshot) -> tuple[SafetyStatus, tuple[float, ...]] | Known:
    """Return safety's status and the currents of a charge; without one, what is known instead."""
    safety, box = snapshot.safety.fresh, online(snapshot.box)
    if safety is None:
        return _silent(silence(snapshot, snapshot.safety))
    if box is None:
        return _silent(silence(snapshot, snapshot.box) or "the box's meter was not read")
    if safety.contactor is not Contactor.CLOSED:
        return Known(None, "Nothing is charged now.")
    return safety, tuple(line.current_a for line in box.lines)


def _bound(snapshot: Snapshot, sources: frozenset[str], otherwise: str) -> Known:
    """Return whether one of these sources sets the lowest limit."""
    offer = snapshot.offer.fresh
    if offer is None:
        return _silent(silence(snapshot, snapshot.offer))
    if offer.reason in sources:
        return Known(True, _sentence(offer.detail))
    return Known(False, otherwise)


def _limited_by(snapshot: Snapshot, sources: frozenset[str]) -> Known:
    offer = snapshot.offer.fresh
    if offer is None:
        return _silent(silence(snapshot, snapshot.offer))
    amounts = {each.source: each.limit_a for each in offer.limits if each.limit_a is not None}
    most_a = amounts.get("dip", math.inf)
    found = [
        each
        for each in offer.limits
        if each.source in sources and amounts.get(each.source, math.inf) < most_a
    ]
    if not found:
        return Known(False, "It sets no limit now.")
    return Known(True, " ".join(_sentence(each.detail) for each in found))


def _silent(words: str) -> Known:
    return Known(None, _sentence(words))


def _sentence(words: str) -> str:
    begun = words[:1].upper() + words[1:]
    return begun if begun.endswith((".", "!", "?")) else f"{begun}."
