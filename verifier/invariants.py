"""What must hold at every instant: a table of rules, each with the time that a breach may last.

Pure. The times are the holds and reactions of the architecture: what the rule itself allows, and
one round of the node. Rules about what safety or pilot does are not asked while the node is dead
or held; what holds then is the watchdog's. A node that is back gets the full time again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from verifier import rules
from verifier.seen import Seen

ROUND_S = 0.01  # of safety
PILOT_ROUND_S = 0.02
SLACK_S = 0.002  # rounding of the clock, and the world's own steps
REACTION_S = 0.05  # from a reading that leaves C and D to a coil without current
VEHICLE_S = 6.0  # a vehicle has so long to drop its load
DROP_OUT_S = 0.025  # coil to contacts, in the simulated world 18 ms
EARTH_S = 0.1  # protective earth and temperature are believed after so long
FUSE_S = 15.0  # poll, the vehicle's delay of up to 5 s, its ramp, the next poll
PLUG_S = 2.0  # session looks each 0.2 s, and has heard everybody 1.4 s after a start
TRIP_S = 0.6  # a restarted safety says its first word within 0.5 s
WELD_S = 2.0  # a restarted safety waits 1.5 s for the proof

Breach = Callable[[Seen, float], float | None]
"""At a time [s]: since when a rule is broken; see `rules`."""

Asked = Callable[[Seen], float | None]
"""Since when a rule is asked: a node that is back gets the full time again; None: not now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """One rule.

    A breach may last `within_s` while the rule is asked, and must not have lasted longer than
    `closing_s` when the coil gets current.
    """

    name: str
    says: str
    within_s: float
    breach: Breach
    asked: Asked
    closing_s: float | None = None


class Broken(NamedTuple):
    """An invariant that did not hold."""

    name: str
    detail: str


class Watch:
    """Follows every invariant through time; tells each breach once."""

    def __init__(self, invariants: tuple[Invariant, ...]) -> None:
        self._rules = tuple(enumerate(invariants))
        self._since_s: list[float | None] = [None] * len(invariants)
        self._is_told = [False] * len(invariants)

    def look(self, seen: Seen, now_s: float) -> list[Broken]:
        """Judge the instant that has lasted from `seen.since_s` until now; return what is new."""
        broken = []
        for index, rule in self._rules:
            onset_s = rule.breach(seen, now_s)
            since_s = self._since_s[index]
            if onset_s is None:
                if since_s is not None:
                    self._since_s[index] = None
                    self._is_told[index] = False
                continue
            if since_s is None:
                since_s = self._since_s[index] = max(onset_s, seen.since_s)
            lasted_s = _lasted_s(rule, since_s, seen, now_s)
            if lasted_s > rule.within_s + SLACK_S and not self._is_told[index]:
                self._is_told[index] = True
                detail = f"for {lasted_s:.3f} s; {rule.within_s:g} s are allowed"
                broken.append(Broken(rule.name, detail))
        return broken

    def look_at_closing(self, seen: Seen, now_s: float) -> list[Broken]:
        """Judge the instant at which the coil gets current."""
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


def _lasted_s(rule: Invariant, since_s: float, seen: Seen, now_s: float) -> float:
    """Return how long a rule has been broken while it was asked [s]."""
    asked_s = rule.asked(seen)
    return 0.0 if asked_s is None else now_s - max(since_s, asked_s)


INVARIANTS = (
    Invariant(
        name="vehicle",
        says="The coil has current only while safety's own reading of the pilot is C or D.",
        within_s=REACTION_S + ROUND_S,
        breach=rules.without_vehicle,
        asked=rules.of_current,
        closing_s=REACTION_S,
    ),
    Invariant(
        name="diode",
        says="The coil has current only while the negative half of the PWM shows a diode.",
        within_s=REACTION_S + ROUND_S,
        breach=rules.without_diode,
        asked=rules.of_current,
        closing_s=REACTION_S,
    ),
    Invariant(
        name="self_test",
        says="The coil has current only after both outputs of the residual-current monitor have "
        "answered a test and let go, since the plug went in and since safety started.",
        within_s=REACTION_S + ROUND_S,
        breach=rules.without_test,
        asked=rules.of_current,
        closing_s=REACTION_S,
    ),
    Invariant(
        name="sensors",
        says="The coil has current only while safety's own inputs are younger than 50 ms.",
        within_s=ROUND_S,
        breach=rules.without_sensors,
        asked=rules.of_current,
        closing_s=0.0,
    ),
    Invariant(
        name="pilot_node",
        says="The coil has current only while pilot/status is younger than 1.0 s.",
        within_s=ROUND_S,
        breach=rules.without_pilot,
        asked=rules.of_current,
        closing_s=0.0,
    ),
    Invariant(
        name="permission",
        says="The coil has current only with a session/status that permits (3 s), a box meter "
        "that is heard (5 s), and an offer of 6 A or more by pilot and on its line; without, the "
        "vehicle has 6 s to drop its load.",
        within_s=VEHICLE_S + ROUND_S,
        breach=rules.without_permission,
        asked=rules.of_current,
        closing_s=0.0,
    ),
    Invariant(
        name="unloaded",
        says="Without that permission the coil has no current once the vehicle draws less than "
        "1 A on every phase.",
        within_s=2 * ROUND_S,
        breach=rules.unloaded,
        asked=rules.of_current,
    ),
    Invariant(
        name="permitted",
        says="Safety permits an offer only with a session/status that permits (3 s) and a box "
        "meter that is heard (5 s).",
        within_s=2 * ROUND_S,
        breach=rules.permitting,
        asked=rules.of_safety,
    ),
    Invariant(
        name="earth",
        says="The coil has current only while the protective earth is below 500 ohm.",
        within_s=EARTH_S + ROUND_S,
        breach=rules.without_earth,
        asked=rules.of_current,
        closing_s=EARTH_S,
    ),
    Invariant(
        name="heat",
        says="Above 80 degC the charge is paused: the vehicle has 6 s to drop its load.",
        within_s=EARTH_S + VEHICLE_S + ROUND_S,
        breach=rules.hot,
        asked=rules.of_current,
    ),
    Invariant(
        name="latched",
        says="With 8007 or all red the coil has no current.",
        within_s=ROUND_S,
        breach=rules.latched,
        asked=rules.of_current,
        closing_s=0.0,
    ),
    Invariant(
        name="watchdog",
        says="The coil has no current 1.0 s after safety's last watchdog edge: a safety that is "
        "dead or hangs opens the contactor.",
        within_s=0.0,
        breach=rules.unwatched,
        asked=rules.of_world,
    ),
    Invariant(
        name="residual",
        says="Safety's enable line is off while an output of the residual-current monitor is "
        "active.",
        within_s=ROUND_S,
        breach=rules.leaking,
        asked=rules.of_safety,
    ),
    Invariant(
        name="trip",
        says="A trip of the monitor that safety reads behind closed contacts is said to be 8005, "
        "or all red.",
        within_s=TRIP_S,
        breach=rules.untold_trip,
        asked=rules.of_safety,
    ),
    Invariant(
        name="contacts",
        says="No main pole is closed without current in the coil, unless it is welded.",
        within_s=DROP_OUT_S,
        breach=rules.hanging,
        asked=rules.of_world,
    ),
    Invariant(
        name="truth",
        says="Safety never says that the contactor is open while a main pole is closed.",
        within_s=rules.SIGNALS_HOLD_S + 2 * ROUND_S,
        breach=rules.mistaken,
        asked=rules.of_safety,
    ),
    Invariant(
        name="weld",
        says="A main pole that stays closed is said to be welded, with 8007 or all red.",
        within_s=WELD_S,
        breach=rules.untold,
        asked=rules.of_safety,
    ),
    Invariant(
        name="offer",
        says="The duty never says more than the lowest of load/offer (3 s), safety's limits (1 s) "
        "and session's permission (3 s), as they have reached pilot.",
        within_s=PILOT_ROUND_S,
        breach=rules.beyond_offer,
        asked=rules.of_pilot,
    ),
    Invariant(
        name="dip",
        says="The duty never says more than the DIP switches allow.",
        within_s=0.0,
        breach=rules.beyond_dip,
        asked=rules.of_world,
    ),
    Invariant(
        name="fuse",
        says="With a house meter and nothing wrong, the vehicle does not push the connection "
        "beyond its main fuse.",
        within_s=FUSE_S,
        breach=rules.beyond_fuse,
        asked=rules.of_calm,
    ),
    Invariant(
        name="undisturbed",
        says="A charge goes on through a restart in place of any node but safety, and through a "
        "node that is away or a message that does not come for less than half of its hold.",
        within_s=0.0,
        breach=rules.disturbed,
        asked=rules.of_world,
    ),
    Invariant(
        name="one_plug",
        says="A session does not outlive its plug, once safety has had the time to see it out.",
        within_s=PLUG_S,
        breach=rules.outlived,
        asked=rules.of_calm,
    ),
)
"""Every rule that is judged at every instant."""

OF_A_LIFE = {
    "energy": "A stored session has the energy that flowed, as far as session heard the meter.",
    "stored_once": "Every session that was ever said to run is stored, once, and not begun again.",
    "ended": "Every stored session but the running one has an end, before the next one begins.",
    "alive": "After all faults are mended and the plug was out, a vehicle charges within 120 s.",
    "card": "Where a card is required, each session has the one held at most 70 s before it began.",
    "no_false_fault": "Every fault that safety raises has its cause in the world, now or 1 s ago.",
    "no_crash": "No node ends by an exception.",
    "understood": "No node refuses a frame: all speak the same schema.",
    "stopped_open": "When the whole graph has stopped, the contactor is open.",
}
"""What is judged after a visit, when it happens, or at the end of a box's life."""
