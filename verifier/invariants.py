"""The rules that apply at every instant: a table, each row with the time a breach may last.

Pure. The times are the holds (msgs/topics.py) and reaction times of the nodes, plus one round of
the node. Rules about what safety or pilot does do not apply while the node is killed or frozen; the
rule `watchdog` does. After its start a node has the full time again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from verifier import rules
from verifier.observation import Observation

ROUND_S = 0.01  # of safety
PILOT_ROUND_S = 0.02
SLACK_S = 0.002  # rounding of the clock, and steps of the simulated world
REACTION_S = 0.05  # from a reading that leaves C and D to a coil without current
VEHICLE_S = 6.0  # time for a vehicle to drop its load
DROP_OUT_S = 0.025  # coil to contacts, in the simulated world 18 ms
EARTH_S = 0.1  # until safety acts on protective earth and temperature
FUSE_S = 21.0  # poll, 5 s in which 6 A ride out a peak, the vehicle's delay and ramp, a poll
PLUG_S = 2.0  # session looks each 0.2 s, and has received every topic 1.4 s after a start
TRIP_S = 0.6  # a restarted safety publishes within 0.5 s
KEPT_S = 1.0  # a restarted safety publishes within 0.5 s
WELD_S = 2.0  # a restarted safety waits 1.5 s for the proof

Breach = Callable[[Observation, float], float | None]
"""At a time [s]: since when a rule is broken; see `rules`."""

Applies = Callable[[Observation], float | None]
"""Since when a rule applies [s]: a node has the full time again after a start; None: not now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """One rule.

    A breach may last `within_s` while the rule applies. When the coil gets current it must not have
    lasted longer than `closing_s`.
    """

    name: str
    says: str
    within_s: float
    breach: Breach
    applies: Applies
    closing_s: float | None = None


class Broken(NamedTuple):
    """An invariant that was broken."""

    name: str
    detail: str


class InvariantMonitor:
    """Checks every invariant over time; returns each breach once."""

    def __init__(self, invariants: tuple[Invariant, ...]) -> None:
        self._rules = tuple(enumerate(invariants))
        self._since_s: list[float | None] = [None] * len(invariants)
        self._is_returned = [False] * len(invariants)

    def look(self, seen: Observation, now_s: float) -> list[Broken]:
        """Check the time from `seen.since_s` until now; return the new breaches."""
        broken = []
        for index, rule in self._rules:
            onset_s = rule.breach(seen, now_s)
            since_s = self._since_s[index]
            if onset_s is None:
                if since_s is not None:
                    self._since_s[index] = None
                    self._is_returned[index] = False
                continue
            if since_s is None:
                since_s = self._since_s[index] = max(onset_s, seen.since_s)
            lasted_s = _lasted_s(rule, since_s, seen, now_s)
            if lasted_s > rule.within_s + SLACK_S and not self._is_returned[index]:
                self._is_returned[index] = True
                detail = f"for {lasted_s:.3f} s; {rule.within_s:g} s are allowed"
                broken.append(Broken(rule.name, detail))
        return broken

    def look_at_closing(self, seen: Observation, now_s: float) -> list[Broken]:
        """Check the instant at which the coil gets current."""
        broken = self.look(seen, now_s)
        for index, rule in self._rules:
            since_s = self._since_s[index]
            if since_s is None or rule.closing_s is None:
                continue
            lasted_s = _lasted_s(rule, since_s, seen, now_s)
            if lasted_s > rule.closing_s + SLACK_S:
                detail = f"for {lasted_s:.3f} s when the coil got current"
                broken.append(Broken(rule.name, detail))
        return broken


def _lasted_s(rule: Invariant, since_s: float, seen: Observation, now_s: float) -> float:
    """Return how long a rule has been broken while it applied [s]."""
    applies_s = rule.applies(seen)
    return 0.0 if applies_s is None else now_s - max(since_s, applies_s)


def _of_current(name: str, says: str, breach: Breach, reaction_s: float = 0.0) -> Invariant:
    """Return a rule of the coil's current: its breach may last the reaction and a round.

    It must not have lasted longer than the reaction when the coil gets current.
    """
    return Invariant(
        name=name,
        says=says,
        within_s=reaction_s + ROUND_S,
        breach=breach,
        applies=rules.of_current,
        closing_s=reaction_s,
    )


INVARIANTS = (
    _of_current(
        "vehicle",
        "The coil has current only while safety's own reading of the pilot is C or D.",
        rules.without_vehicle,
        REACTION_S,
    ),
    _of_current(
        "diode",
        "The coil has current only while the negative half of the PWM shows a diode.",
        rules.without_diode,
        REACTION_S,
    ),
    _of_current(
        "self_test",
        "The coil has current only after both outputs of the residual-current monitor have "
        "answered a test and released, since the plug went in and since safety started.",
        rules.without_test,
        REACTION_S,
    ),
    _of_current(
        "sensors",
        "The coil has current only while safety's own inputs are younger than 50 ms.",
        rules.without_sensors,
    ),
    _of_current(
        "pilot_node",
        "The coil has current only while pilot/status is younger than 1.0 s.",
        rules.without_pilot,
    ),
    Invariant(
        name="permission",
        says="The coil has current only with a session/status that permits (3 s), a box meter "
        "that is heard (5 s), and an offer of 6 A or more by pilot and on its line; without, the "
        "vehicle has 6 s to drop its load.",
        within_s=VEHICLE_S + ROUND_S,
        breach=rules.without_permission,
        applies=rules.of_current,
        closing_s=0.0,
    ),
    Invariant(
        name="unloaded",
        says="Without that permission the coil has no current once the vehicle draws less than "
        "1 A on every phase.",
        within_s=2 * ROUND_S,
        breach=rules.unloaded,
        applies=rules.of_current,
    ),
    Invariant(
        name="permitted",
        says="Safety permits an offer only with a session/status that permits (3 s) and a box "
        "meter that is heard (5 s).",
        within_s=2 * ROUND_S,
        breach=rules.permitting,
        applies=rules.of_safety,
    ),
    _of_current(
        "earth",
        "The coil has current only while the protective earth is below 500 ohm.",
        rules.without_earth,
        EARTH_S,
    ),
    Invariant(
        name="heat",
        says="Above 80 degC the charge is paused: the vehicle has 6 s to drop its load.",
        within_s=EARTH_S + VEHICLE_S + ROUND_S,
        breach=rules.hot,
        applies=rules.of_current,
    ),
    Invariant(
        name="carded",
        says="Where a card is required, the coil has current only if one was presented in this "
        "plug-in or at most 70 s before it, and since the box was last restarted in order.",
        within_s=VEHICLE_S + ROUND_S,
        breach=rules.without_card,
        applies=rules.of_current,
        closing_s=0.0,
    ),
    Invariant(
        name="frozen",
        says="While the meter chip shows more than 1 A, the coil has current only if a value has "
        "changed within 5 s.",
        within_s=ROUND_S,
        breach=rules.repeating,
        applies=rules.of_current,
    ),
    _of_current("latched", "With 8007 or all red the coil has no current.", rules.latched),
    Invariant(
        name="kept",
        says="8007 and all red are published until mains were off and on, all red until a restart "
        "of the box that a person has asked for; also after a crash of safety.",
        within_s=KEPT_S,
        breach=rules.forgotten,
        applies=rules.of_safety,
    ),
    Invariant(
        name="watchdog",
        says="The coil has no current 1.0 s after safety's last watchdog edge: a safety that is "
        "dead or hangs opens the contactor.",
        within_s=0.0,
        breach=rules.without_watchdog,
        applies=rules.of_world,
    ),
    Invariant(
        name="residual",
        says="Safety's enable line is off while an output of the residual-current monitor is "
        "active.",
        within_s=ROUND_S,
        breach=rules.enabled_despite_trip,
        applies=rules.of_safety,
    ),
    Invariant(
        name="trip",
        says="A trip of the monitor that safety reads with closed contacts is published as 8005 or "
        "all red.",
        within_s=TRIP_S,
        breach=rules.unreported_trip,
        applies=rules.of_safety,
    ),
    Invariant(
        name="contacts",
        says="No main pole is closed without current in the coil, unless it is welded.",
        within_s=DROP_OUT_S,
        breach=rules.closed_without_coil,
        applies=rules.of_world,
    ),
    Invariant(
        name="truth",
        says="Safety never publishes that the contactor is open while a main pole is closed.",
        within_s=rules.SIGNALS_HOLD_S + 2 * ROUND_S,
        breach=rules.open_though_closed,
        applies=rules.of_safety,
    ),
    Invariant(
        name="weld",
        says="A main pole that stays closed is published as welded, with 8007 or all red.",
        within_s=WELD_S,
        breach=rules.unreported_weld,
        applies=rules.of_safety,
    ),
    Invariant(
        name="offer",
        says="The duty never offers more than the lowest of load/offer (3 s), safety's limits "
        "(1 s) and session's permission (3 s), as they have reached pilot.",
        within_s=PILOT_ROUND_S,
        breach=rules.beyond_offer,
        applies=rules.of_pilot,
    ),
    Invariant(
        name="dip",
        says="The duty never offers more than the DIP switches allow.",
        within_s=0.0,
        breach=rules.beyond_dip,
        applies=rules.of_world,
    ),
    Invariant(
        name="fuse",
        says="With a house meter and without a disturbance, the vehicle does not load the "
        "connection beyond its main fuse.",
        within_s=FUSE_S,
        breach=rules.beyond_fuse,
        applies=rules.when_undisturbed,
    ),
    Invariant(
        name="undisturbed",
        says="A charge goes on through a restart in place of any node but safety, and while a node "
        "is stopped or a message is lost for less than half of its hold.",
        within_s=0.0,
        breach=rules.disturbed,
        applies=rules.of_world,
    ),
    Invariant(
        name="one_plug",
        says="A session ends with its plug-in, after the time in which safety detects it.",
        within_s=PLUG_S,
        breach=rules.outlived_plug,
        applies=rules.when_undisturbed,
    ),
)
"""Every rule that is checked at every instant."""

OF_A_RUN = {
    "energy": "A stored session has the energy that flowed, as far as meter values reached it.",
    "stored_once": "Every session that was published as running is stored once, and begins once.",
    "ended": "Every stored session but the running one has an end, before the next one begins.",
    "alive": "After all faults are cleared, what the page asks for was done and the plug was out, "
    "a vehicle charges within 120 s.",
    "retried": "After one short disturbance of a sensor in a charge (10 ms to 5 s), and what the "
    "page asks for if a fault is latched, the vehicle is charged again within 120 s.",
    "resumed": "No session goes on after an ordered restart, after more than 4 h without mains, or "
    "while its age is unknown because UTC is not set.",
    "card": "Where a card is required, one was presented at most 70 s before the session began, "
    "and for it alone.",
    "no_false_fault": "Every fault that safety raises has its cause in the world, now or 1 s ago.",
    "no_crash": "No node ends by an exception.",
    "understood": "No node refuses a frame: all use the same schema.",
    "stopped_open": "When the whole graph has stopped, the contactor is open.",
}
"""What is checked after a visit, at an event, or at the end of a box's run."""
