"""The headline: one for every state and reason; nothing is invited that is not possible now."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as changed

import nodes.load_manager
from msgs.fault_cause import Cause
from msgs.load_manager import HouseMeter
from msgs.pilot import CpState
from msgs.remedies import REMEDIES
from msgs.rfid import RfidMode
from msgs.safety import LATCHED, FaultCode, SafetyPhase
from msgs.session import WallboxState
from msgs.state_reason import StateReason, Wait
from msgs.topics import WISHES
from msgs.wish import OWNER_WISHES
from nodes.session import words as session_words
from nodes.session.states import StateInputs
from nodes.session.suspension import after_fault, after_log_off, after_stop
from tests.builders import fault_record, load_offer, rfid_status
from tests.view.charge import METER, SESSION, but, charging, silent
from tests.view.snapshot import said
from view.acts import offered_acts
from view.headline import PAUSES, Headline, HeadlineKind, headline
from view.snapshot import Snapshot

INVITES = ("Present", "plug the car in", "Plug the car in")
MOST_LETTERS = 52  # two lines on a phone


def because(reason: StateReason, wait: Wait | None = None, **safety: Any) -> Snapshot:
    snapshot = but("session", because=reason, waits_for=wait)
    snapshot = replace(snapshot, rfid=said("rfid", rfid_status()))
    return replace(snapshot, safety=but("safety", **safety).safety)


def invites(shown: Headline) -> bool:
    return any(word in shown.words for word in INVITES)


ALL = [
    *((reason, None) for reason in StateReason),
    *product((StateReason.EXPECTED, StateReason.WAITING), Wait),
]


@pytest.mark.req("STA-1")
@pytest.mark.parametrize(("reason", "wait"), ALL, ids=str)
def test_every_reason_has_its_headline(reason: StateReason, wait: Wait | None) -> None:
    shown = headline(because(reason, wait))
    assert 4 < len(shown.words) <= MOST_LETTERS
    assert not shown.words.endswith(".")
    names = {state.value for state in WallboxState} - {"Charging"}
    assert shown.words not in names  # the manual's word is in the overview


@pytest.mark.parametrize("state", list(WallboxState))
def test_a_session_that_gives_no_reason_is_shown_by_the_manuals_word(state: WallboxState) -> None:
    assert headline(but("session", state=state)).words == state.value


@pytest.mark.parametrize("phase", list(SafetyPhase))
@pytest.mark.parametrize("cp_state", [*CpState, None], ids=str)
@pytest.mark.parametrize("offered_a", [0.0, 16.0])
def test_a_vehicle_is_waited_for_only_once_it_is_offered_current(
    phase: SafetyPhase, cp_state: CpState | None, offered_a: float
) -> None:
    shown = headline(
        because(StateReason.VEHICLE, phase=phase, cp_state=cp_state, offered_a=offered_a)
    )
    asks = cp_state in (CpState.C, CpState.D)
    waits = phase in (SafetyPhase.IDLE, SafetyPhase.READY) and offered_a > 0.0 and not asks
    is_full = "full" in shown.words  # SESSION has charged before
    assert is_full is waits
    assert (shown.kind is HeadlineKind.READY) is waits


@pytest.mark.parametrize(
    ("session_id", "energy_wh", "words"),
    [
        ("s1", 8.0, "Waiting for the car"),
        ("s1", 4200.0, "The car is full, or does not want to charge"),
        ("", 4200.0, "Waiting for the car"),  # of the session before
    ],
)
def test_a_car_that_has_charged_and_asks_no_more_may_be_full(
    session_id: str, energy_wh: float, words: str
) -> None:
    snapshot = because(
        StateReason.VEHICLE, phase=SafetyPhase.READY, cp_state=CpState.B, offered_a=16.0
    )
    session = but(
        "session", because=StateReason.VEHICLE, session_id=session_id, energy_wh=energy_wh
    ).session
    assert headline(replace(snapshot, session=session)).words == words


def test_a_car_that_asks_while_the_box_measures_nothing_is_not_shown_a_start() -> None:
    asking = because(
        StateReason.VEHICLE, phase=SafetyPhase.READY, cp_state=CpState.C, offered_a=16.0
    )
    assert headline(asking).words == "Starting"
    unread = replace(asking.box, message=changed(METER, online=False))
    for box in (unread, replace(asking.box, age_s=12.0)):
        shown = headline(replace(asking, box=box))
        assert (shown.words, shown.kind) == ("The meter of the box does not answer", "fault")


A_CARD = ("Present a card to the reader", "action", "Nothing is charged without one.")
FULL_DISK = "sessions.sqlite: [Errno 28] No space left on device: '/var/lib/wallbox/x'"


@pytest.mark.parametrize(
    ("reason", "wait"),
    [(StateReason.NOT_STORED, None), (StateReason.WAITING, Wait.DISK_REFUSES)],
)
def test_a_disk_that_takes_nothing_is_said_plainly_with_its_error_apart(
    reason: StateReason, wait: Wait | None
) -> None:
    snapshot = but(
        "session",
        because=reason,
        waits_for=wait,
        reason=f"The session cannot be stored: {FULL_DISK}",
        unrecorded=FULL_DISK,
    )
    shown = headline(snapshot)
    assert "call the service" in shown.more
    for technical in ("Errno", "/", "sqlite"):
        assert technical not in f"{shown.words} {shown.more}"
    assert shown.detail == FULL_DISK
    acts = offered_acts(snapshot)
    assert (acts.possible, acts.why_not) == ((), "Charges cannot be recorded.")


@pytest.mark.parametrize(
    ("snapshot", "words", "kind", "more"),
    [
        (because(StateReason.CHARGING), "Charging", "charging", ""),
        (
            because(StateReason.SELF_TEST),
            "Self-test",
            "working",
            "The protection against leakage is tested; after that the car may start.",
        ),
        (because(StateReason.READY), "Ready: plug the car in", "ready", ""),
        (because(StateReason.EXPECTED, Wait.CARD), *A_CARD),
        (because(StateReason.WAITING, Wait.CARD), *A_CARD),
        (because(StateReason.EXPECTED, Wait.PLUG), "Plug the car in", "action", SESSION.reason),
    ],
)
def test_a_charge_has_plain_words(snapshot: Snapshot, words: str, kind: str, more: str) -> None:
    shown = headline(snapshot)
    assert (shown.words, shown.kind, shown.more) == (words, kind, more)


@pytest.mark.req("MET-3")
def test_a_reduced_charge_says_why_and_to_what() -> None:
    lost = replace(
        because(StateReason.REDUCED, offered_a=10.0),
        offer=said("offer", load_offer(10.0, "meter_lost", house_meter=HouseMeter.LOST)),
    )
    assert headline(lost).words == "House meter lost: 10.0 A"
    warm = because(StateReason.REDUCED, offered_a=12.0)
    shown = headline(warm)
    assert (shown.words, shown.kind) == ("The box is warm: 12.0 A", HeadlineKind.REDUCED)


@pytest.mark.req("MET-7")
@pytest.mark.parametrize(
    ("house_meter", "words"),
    [(HouseMeter.LOST, "House meter lost"), (HouseMeter.ONLINE, "The box is warm")],
)
def test_a_reduced_charge_claims_no_amount_that_another_limit_sets(
    house_meter: HouseMeter, words: str
) -> None:
    snapshot = replace(
        because(StateReason.REDUCED, offered_a=8.0),
        offer=said("offer", load_offer(8.0, "app", house_meter=house_meter)),
    )
    assert headline(snapshot).words == words


def sources_of_limits() -> set[str]:
    """Return the sources of all limits: what load_manager says, and the wishes' names."""
    found = {source.name for source in WISHES} | set(OWNER_WISHES)
    folder = Path(nodes.load_manager.__file__).parent
    for path in folder.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Limit"):
                continue
            for keyword in node.keywords:
                if keyword.arg == "source" and isinstance(keyword.value, ast.Constant):
                    found.add(str(keyword.value.value))
                elif keyword.arg == "source" and isinstance(keyword.value, ast.Name):
                    found.add(str(constants[keyword.value.id]))
    return found


@pytest.mark.req("MET-7")
def test_a_pause_of_every_source_has_its_headline() -> None:
    sources = sources_of_limits()
    assert {"fuse", "app", "dip", "rest", "solar", "unbalance"} <= sources
    assert set(PAUSES) == sources
    for source in sources:
        held = replace(
            because(StateReason.OFFER_HELD), offer=said("offer", load_offer(0.0, source))
        )
        shown = headline(held)
        assert shown.words == PAUSES[source]
        assert len(shown.words) <= MOST_LETTERS
        assert shown.kind is (HeadlineKind.WORKING if source == "start" else HeadlineKind.PAUSED)


@pytest.mark.parametrize("mode", list(RfidMode))
@pytest.mark.parametrize("plugged", [False, True])
def test_a_card_is_asked_for_by_what_it_will_do(mode: RfidMode, plugged: bool) -> None:
    snapshot = but("session", because=StateReason.LEARNING, plugged=plugged)
    shown = headline(replace(snapshot, rfid=said("rfid", rfid_status(mode=mode))))
    assert 4 < len(shown.words) <= MOST_LETTERS
    if mode is RfidMode.MASTER and plugged:
        assert not invites(shown)  # the reader takes no master now


IMPOSSIBLE: dict[str, dict[str, Any]] = {
    "service mode": {"commissioning": True},
    "showroom": {"showroom": True},
    "no mains": {"has_mains": False},
    "8007": {"faults": (FaultCode.SAFETY_CIRCUIT,)},
    "all red": {"faults": (FaultCode.RED,)},
}


@pytest.mark.req("STA-2", "STA-4")
@pytest.mark.parametrize("why", IMPOSSIBLE)
@pytest.mark.parametrize(("reason", "wait"), ALL, ids=str)
def test_nothing_is_invited_that_is_not_possible_now(
    reason: StateReason, wait: Wait | None, why: str
) -> None:
    if reason is StateReason.LEARNING and why in ("service mode", "showroom"):
        return  # cards can be learned then
    assert not invites(headline(because(reason, wait, **IMPOSSIBLE[why])))


@pytest.mark.parametrize("wait_reason", [StateReason.EXPECTED, StateReason.WAITING])
def test_no_card_is_asked_for_that_the_reader_cannot_read(wait_reason: StateReason) -> None:
    snapshot = because(wait_reason, Wait.CARD)
    dead = replace(snapshot, rfid=said("rfid", rfid_status(works=False)))
    assert headline(dead).words == "The card reader does not answer"
    assert headline(replace(snapshot, rfid=said("rfid"))).words == "The card reader does not answer"


@pytest.mark.parametrize("code", list(FaultCode))
@pytest.mark.parametrize("has_mains", [True, False])
@pytest.mark.parametrize("silent_node", ["", "session", "safety"])
def test_an_older_fault_hides_no_newer_truth(
    code: FaultCode, has_mains: bool, silent_node: str
) -> None:
    record = fault_record(code, cause=Cause.STILL_LIVE if code in LATCHED else Cause.MAINS_RANGE)
    snapshot = but("safety", faults=(code,), records=(record,), has_mains=has_mains)
    if silent_node:
        gone = getattr(silent(silent_node), silent_node)
        snapshot = replace(snapshot, **{silent_node: gone})
    shown = headline(snapshot).words
    if silent_node == "safety":
        assert shown == "The protection of the box does not answer"
    elif code in LATCHED:
        assert shown == REMEDIES[Cause.STILL_LIVE].title
    elif not has_mains:
        assert shown == "The box has no mains"
    elif silent_node == "session":
        assert shown == "The charge control does not answer"
    else:
        assert shown == REMEDIES[Cause.MAINS_RANGE].title


def test_nothing_heard_is_nothing_promised() -> None:
    assert headline(silent("session", "safety", "offer", "rfid")).kind is HeadlineKind.FAULT
    unheard = replace(charging(), offer=said("offer"))
    held = replace(unheard, session=because(StateReason.OFFER_HELD).session)
    assert headline(held).kind is HeadlineKind.FAULT


INSIDE = re.compile(r"\b(safety|session|pilot|load_manager|led|rfid|Errno|state [A-F])\b|/|_")


@pytest.mark.parametrize(("reason", "wait"), ALL, ids=str)
def test_no_fault_is_said_in_words_of_the_inside(reason: StateReason, wait: Wait | None) -> None:
    snapshot = because(reason, wait)
    given = changed(SESSION, because=reason, waits_for=wait, reason="safety: [Errno 5] /dev/x")
    shown = headline(replace(snapshot, session=said("session", given)))
    if shown.kind is HeadlineKind.FAULT and reason is not StateReason.FAULTS:
        expected = reason in PLAIN_ALREADY
        assert bool(INSIDE.search(f"{shown.words} {shown.more}")) is expected, shown
        if not expected and reason is not StateReason.ENDED_BY_FAULT:  # it has no detail
            assert shown.detail == "safety: [Errno 5] /dev/x"


PLAIN_ALREADY = {StateReason.NO_MAINS}
"""Its text in nodes/session/words.py has what to do."""


SAME = {
    "car": ("vehicle", "vehicles", "cars"),
    "box": ("wallbox",),
    "plug": ("plugged", "unplug", "unplugged"),
    "stop": ("stopped", "stopping", "ended"),
    "charge": ("charging", "charged", "charges", "session"),
    "wake": ("waking", "woken"),
    "card": ("cards",),
    "present": ("presented",),
    "energy": ("full",),
    "self-test": ("selftest",),
    "ask": ("want", "asks", "wants", "needed", "required", "authorisation"),
}
"""Words that say the same: one is not news below a headline with the other."""
MEANS = {other: word for word, others in SAME.items() for other in others}
SMALL = set(
    re.findall(
        r"\w+",
        "a an and are be becomes become been being by does for from has in is it its mode no not "
        "of or out ready that the then there this to was were with",
    )
)


def content(text: str) -> set[str]:
    """Return the words of a text that carry its meaning."""
    found = re.findall(r"[a-z0-9][a-z0-9.-]*(?<![.-])", text.lower())
    return {MEANS.get(word, word) for word in found} - SMALL


def repeats(shown: Headline) -> list[str]:
    """Return the parts of the sentence below a headline that say nothing new."""
    parts = [part for part in re.split(r"[.;:](?:\s|$)", shown.more) if part.strip()]
    return [part for part in parts if content(part) <= content(shown.words)]


def said_by_session() -> Iterator[tuple[str, Snapshot]]:
    """Return each state that session gives a reason for, in its own words."""
    for (reason, wait), mode, plugged, runs, showroom in product(
        ALL, RfidMode, (False, True), (False, True), (False, True)
    ):
        if (reason is StateReason.LEARNING) is (mode is RfidMode.READY):
            continue
        by_fault = reason is StateReason.ENDED_BY_FAULT
        logged_off = reason is StateReason.LOGGED_OFF
        snapshot = because(reason, wait, showroom=showroom)
        inputs = StateInputs(
            safety=snapshot.safety.message,
            hears_pilot=True,
            offer=snapshot.offer.message,
            plugged=plugged,
            permitted=False,
            suspension=(
                after_fault(0) if by_fault else after_log_off() if logged_off else after_stop("")
            ),
            waiting_for=wait or Wait.CARD,
            expects=wait,
            runs=runs,
            rfid_mode=mode,
        )
        session = changed(
            SESSION,
            because=reason,
            waits_for=wait,
            reason=session_words.reason(reason, inputs),
            plugged=plugged,
            session_id="s" if runs else "",
        )
        rfid = said("rfid", rfid_status(mode=mode))
        name = f"{reason} {wait} {mode} {plugged} {runs} {showroom}"
        yield name, replace(snapshot, session=said("session", session), rfid=rfid)


def test_what_stands_below_a_headline_says_something_new() -> None:
    wrong = {
        (shown.words, shown.more)
        for _, snapshot in said_by_session()
        if repeats(shown := headline(snapshot))
    }
    assert wrong == set()


def test_a_full_car_is_not_said_twice() -> None:
    snapshot = because(
        StateReason.VEHICLE, phase=SafetyPhase.READY, cp_state=CpState.B, offered_a=16.0
    )
    text = "Not charging: the vehicle does not ask for energy."
    for energy_wh, more in ((8.0, text), (4200.0, "")):
        session = changed(
            SESSION, because=StateReason.VEHICLE, session_id="s", energy_wh=energy_wh, reason=text
        )
        assert headline(replace(snapshot, session=said("session", session))).more == more


def test_a_warm_box_says_its_temperature_and_not_the_limit_of_the_installation() -> None:
    warm = because(StateReason.REDUCED, offered_a=12.0, temperature_c=71.4)
    assert headline(warm).more.startswith("71 °C are measured in the box")


def test_the_mains_are_said_once_with_what_follows() -> None:
    text = "The box has no mains. The session goes on when they are back."
    snapshot = because(StateReason.NO_MAINS, has_mains=False)
    session = changed(SESSION, because=StateReason.NO_MAINS, reason=text)
    shown = headline(replace(snapshot, session=said("session", session)))
    assert (shown.words, shown.more) == (
        "The box has no mains",
        "The session goes on when they are back.",
    )


def test_a_silent_part_is_said_plainly() -> None:
    for source in ("safety", "session"):
        shown = headline(silent(source))
        assert not INSIDE.search(f"{shown.words} {shown.more}"), shown
        assert source in shown.detail
