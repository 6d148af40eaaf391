"""Help by symptom: what the box knows of each cause, as the messages have it (TRB-1)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from msgs.launch import ProcessState
from msgs.load_manager import HouseMeter, Limit
from msgs.pilot import CpState
from msgs.remedies import remedy_of
from msgs.safety import Contactor, FaultCode, SafetyPhase
from msgs.state_reason import StateReason
from msgs.topics import WISHES
from msgs.wish import OWNER_WISHES
from nodes.load_manager import claims, external_input, rest, solar, unbalance
from tests.builders import fault_record, load_offer, meter_reading, rfid_status, session_status
from tests.view.charge import but, charging, graph, silent
from tests.view.snapshot import said
from view import known_causes as known
from view.fault_help import CAUSES
from view.faults import faults
from view.known_causes import ENDED, Known
from view.silence import trouble_words
from view.snapshot import Snapshot
from view.symptoms import SYMPTOMS, CauseVerdict, symptoms

pytestmark = pytest.mark.req("TRB-1")

Look = Callable[[Snapshot], Known]


def offered(limit_a: float, reason: str, **fields: Any) -> Snapshot:
    """Return a charge with another offer."""
    return replace(charging(), offer=said("offer", load_offer(limit_a, reason, **fields)))


def limited(source: str, limit_a: float | None, detail: str = "It allows less.") -> Snapshot:
    limits = (
        Limit(source=source, limit_a=limit_a, detail=detail),
        Limit(source="dip", limit_a=16.0, detail="16 A."),
    )
    return offered(limit_a or 16.0, source, limits=limits)


def drawing(*currents_a: float) -> Snapshot:
    l1, l2, l3 = currents_a
    return replace(charging(), box=said("box", meter_reading((l1, l2, l3))))


def unplugged(cp_state: CpState | None = CpState.A, **fields: Any) -> Snapshot:
    return but("safety", cp_state=cp_state, contactor=Contactor.OPEN, offered_a=0.0, **fields)


CARD = but("session", authorization_required=True, authorized=False, token="")
NO_READER = replace(CARD, rfid=said("rfid", rfid_status(works=False)))
LATER = but("safety", cp_state=CpState.B, contactor=Contactor.OPEN)
LOST = "The house meter is not heard: at most 10 A are given."
MISSING = replace(charging(), graph=said("graph", graph(meter=ProcessState.FAILED)))

ROWS: tuple[tuple[Look, Snapshot, bool | None, str], ...] = (
    (known.no_mains, charging(), False, "The box has mains: L1 230 V, L2 230 V, L3 230 V."),
    (known.no_mains, but("safety", has_mains=False), True, "The box measures no mains."),
    (known.no_mains, silent("box"), False, "The box has mains."),
    (known.no_mains, silent("safety"), None, "No message from safety for 12 s."),
    (known.card_needed, charging(), False, "No card is needed: the authorisation is off."),
    (known.card_needed, CARD, True, "A card is needed, and none has been accepted."),
    (known.card_needed, NO_READER, True, "A card is needed, and the card reader does not answer."),
    (
        known.card_needed,
        but("session", authorization_required=True, authorized=True),
        False,
        "A card has been accepted.",
    ),
    (known.card_needed, silent("session"), None, "No message from session for 12 s."),
    (known.front_silent, charging(), False, "The status LED should show now: charging."),
    (known.front_silent, silent("front"), True, "No message from led for 12 s."),
    (known.light_broken, charging(), None, "The box cannot see its own lights."),
    (
        known.not_seated,
        unplugged(),
        True,
        "The line to the vehicle is in state A, no vehicle.",
    ),
    (
        known.not_seated,
        charging(),
        False,
        "The line to the vehicle is in state C, vehicle ready.",
    ),
    (
        known.not_seated,
        unplugged(None),
        None,
        "The box has not read its line to the vehicle yet.",
    ),
    (known.not_seated, silent("safety"), None, "No message from safety for 12 s."),
    (known.vehicle_waits, LATER, True, "16.0 A are offered, and it does not ask."),
    (
        known.vehicle_waits,
        but("safety", cp_state=CpState.B, offered_a=0.0),
        None,
        "The vehicle is offered nothing yet, so it cannot ask.",
    ),
    (known.vehicle_waits, charging(), False, "The vehicle asks for energy."),
    (known.vehicle_waits, unplugged(), None, "No vehicle is seen."),
    (known.vehicle_waits, silent("safety"), None, "No message from safety for 12 s."),
    (known.no_current, charging(), False, "Up to 16.0 A may be drawn."),
    (
        known.no_current,
        offered(0.0, "fuse", detail="The other loads use it all."),
        True,
        "Main fuse: The other loads use it all.",
    ),
    (known.no_current, silent("offer"), None, "No message from load_manager for 12 s."),
    (known.ended, charging(), False, "It has not been ended."),
    *(
        (known.ended, but("session", because=reason), True, words)
        for reason, words in ENDED.items()
    ),
    (known.ended, but("session", because=StateReason.CHARGING), False, "It has not been ended."),
    (known.ended, silent("session"), None, "No message from session for 12 s."),
    (known.fault, charging(), False, "No fault is raised."),
    (
        known.fault,
        but("safety", faults=(FaultCode.RED, FaultCode.UNPLUGGED)),
        True,
        "All red: the cable may be live, or the protective earth is missing; "
        "Fault 1: the plug was pulled.",
    ),
    (known.fault, silent("safety"), None, "No message from safety for 12 s."),
    (known.starting, charging(), False, "The box is ready."),
    (
        known.starting,
        but("safety", phase=SafetyPhase.SELF_TEST, detail="the monitor is being tested"),
        True,
        "The monitor is being tested.",
    ),
    (known.starting, but("safety", phase=SafetyPhase.START), True, "It tests itself."),
    (
        known.starting,
        but("safety", starts_in_s=30.0),
        True,
        "The mains are back; the box starts in 30 s.",
    ),
    (known.starting, silent("safety"), None, "No message from safety for 12 s."),
    (known.special_mode, charging(), False, "The box is in its usual mode."),
    (
        known.special_mode,
        but("safety", commissioning=True),
        True,
        "The box is in commissioning mode (DSW2.8).",
    ),
    (known.special_mode, but("safety", showroom=True), True, "The box is in showroom mode."),
    (known.special_mode, silent("safety"), None, "No message from safety for 12 s."),
    (known.part_missing, charging(), False, "All parts run."),
    (known.part_missing, MISSING, True, f"Meter: {trouble_words(ProcessState.FAILED)}."),
    (known.house_needs, charging(), True, "The main fuse leaves 16 A."),
    (
        known.house_needs,
        offered(16.0, "dip", house_meter=HouseMeter.ONLINE),
        False,
        "The house leaves enough.",
    ),
    (known.house_needs, offered(16.0, "dip"), False, "The house is not monitored."),
    (known.house_needs, silent("offer"), None, "No message from load_manager for 12 s."),
    (known.meter_lost, offered(10.0, "meter_lost", house_meter=HouseMeter.LOST), True, LOST),
    (
        known.meter_lost,
        offered(10.0, "meter_lost", house_meter=HouseMeter.STARTING),
        None,
        "The house meter has not been read yet.",
    ),
    (known.meter_lost, charging(), False, "The house meter is heard."),
    (known.meter_lost, offered(16.0, "dip"), False, "The house is not monitored."),
    (known.meter_lost, silent("offer"), None, "No message from load_manager for 12 s."),
    (known.app_limits, limited("app", 8.0), True, "It allows less."),
    (known.app_limits, limited("energy_limit", 0.0), True, "It allows less."),
    (known.app_limits, limited("schedule", 0.0), True, "It allows less."),
    (known.app_limits, limited("app", 20.0), False, "It sets no limit now."),
    (known.app_limits, limited("app", None), False, "It sets no limit now."),
    (known.app_limits, limited("dcs", 8.0), False, "It sets no limit now."),
    (known.app_limits, silent("offer"), None, "No message from load_manager for 12 s."),
    (known.controller_limits, limited("dcs", 8.0), True, "It allows less."),
    (known.controller_limits, limited("smart_home", 8.0), True, "It allows less."),
    (known.controller_limits, limited("external_input", 0.0), True, "It allows less."),
    (known.controller_limits, limited("app", 8.0), False, "It sets no limit now."),
    (
        known.meter_proof,
        offered(10.0, "meter_proof", detail="10 A at most."),
        True,
        "10 A at most.",
    ),
    (known.meter_proof, charging(), False, "The house meter is not being compared."),
    (known.meter_proof, silent("offer"), None, "No message from load_manager for 12 s."),
    (known.unbalance, offered(16.0, "unbalance", detail="20 A apart."), True, "20 A apart."),
    (known.unbalance, charging(), False, "The phases are loaded equally enough."),
    (known.unbalance, silent("offer"), None, "No message from load_manager for 12 s."),
    (known.moment, offered(0.0, "rest", detail="A rest of 2 min."), True, "A rest of 2 min."),
    (known.moment, offered(6.0, "start", detail="6 A at first."), True, "6 A at first."),
    (known.moment, charging(), False, "No pause or start is going on."),
    (known.moment, silent("offer"), None, "No message from load_manager for 12 s."),
    (known.waits_for_sun, offered(0.0, "solar", detail="Too little sun."), True, "Too little sun."),
    (known.waits_for_sun, charging(), False, "The sun sets no limit now."),
    (known.waits_for_sun, silent("offer"), None, "No message from load_manager for 12 s."),
    (known.vehicle_takes_less, drawing(9.0, 9.0, 9.0), True, "It draws 9.0 A of 16.0 A offered."),
    (known.vehicle_takes_less, drawing(15.8, 0, 0), False, "It draws 15.8 A of 16.0 A offered."),
    (known.vehicle_takes_less, LATER, None, "Nothing is charged now."),
    (known.vehicle_takes_less, silent("safety"), None, "No message from safety for 12 s."),
    (known.vehicle_takes_less, silent("box"), None, "No message from meter for 12 s."),
    (known.fewer_phases, drawing(16.0, 0.0, 0.0), True, "It draws on L1."),
    (known.fewer_phases, drawing(16.0, 16.0, 16.0), False, "It draws on L1, L2, L3."),
    (known.fewer_phases, drawing(0.0, 0.0, 0.0), False, "It draws on no phase."),
    (
        known.fewer_phases,
        replace(
            but("safety", wired_phases=(True, False, False)),
            box=said("box", meter_reading((16.0, 0.0, 0.0))),
        ),
        False,
        "It draws on L1.",
    ),
    (known.fewer_phases, LATER, None, "Nothing is charged now."),
    (known.heat, charging(), False, "The box has 25 °C. It cannot measure the vehicle."),
    (
        known.heat,
        but("safety", temperature_c=71.0, limit_a=12.0),
        True,
        "The box has 71 °C: at most 12.0 A are given.",
    ),
    (
        known.heat,
        but("safety", temperature_c=85.0, faults=(FaultCode.TOO_HOT,)),
        True,
        "The box has 85 °C: the charge pauses until it has cooled.",
    ),
    (known.heat, silent("safety"), None, "No message from safety for 12 s."),
    (known.installation_limit, offered(16.0, "dip", detail="16 A."), True, "16 A."),
    (known.installation_limit, charging(), False, "The installation allows more."),
    (known.installation_limit, silent("offer"), None, "No message from load_manager for 12 s."),
    (
        known.still_charging,
        charging(),
        True,
        "The cable carries mains voltage: the charge goes on.",
    ),
    (
        known.still_charging,
        but("safety", contactor=Contactor.WELDED),
        None,
        "It is not proven that the cable carries no voltage.",
    ),
    (
        known.still_charging,
        but("safety", contactor=Contactor.CLOSED, phase=SafetyPhase.START),
        None,
        "It is not proven that the cable carries no voltage.",
    ),
    (
        known.still_charging,
        but("safety", contactor=Contactor.OPEN),
        True,
        "The vehicle still asks for energy.",
    ),
    (
        known.still_charging,
        unplugged(),
        False,
        "The cable carries no voltage, and the vehicle does not ask for energy.",
    ),
    (known.still_charging, silent("safety"), None, "No message from safety for 12 s."),
    (known.may_be_live, charging(), False, "The contactor obeys the box."),
    (known.may_be_live, unplugged(), False, "The contactor is proven open."),
    (
        known.may_be_live,
        but("safety", contactor=Contactor.WELDED, phase=SafetyPhase.FAULT),
        True,
        "The contactor is not proven open.",
    ),
    (
        known.may_be_live,
        but("safety", contactor=Contactor.CLOSED, phase=SafetyPhase.START),
        True,
        "The contactor is not proven open.",
    ),
    (
        known.may_be_live,
        unplugged(faults=(FaultCode.RED,), phase=SafetyPhase.FAULT),
        True,
        "All red: the cable may be live, or the protective earth is missing.",
    ),
    (known.may_be_live, silent("safety"), None, "No message from safety for 12 s."),
    (known.lock, charging(), None, "The lock is in the vehicle; the box cannot see or open it."),
)


@pytest.mark.parametrize(
    ("look", "snapshot", "holds", "text"),
    ROWS,
    ids=[f"{row[0].__name__}-{index}" for index, row in enumerate(ROWS)],
)
def test_what_the_box_knows_of_a_cause(
    look: Look, snapshot: Snapshot, holds: bool | None, text: str
) -> None:
    assert look(snapshot) == Known(holds, text)


def test_each_cause_of_each_symptom_has_its_rows() -> None:
    looks = {cause.look for symptom in SYMPTOMS for cause in symptom.causes}
    assert looks == {row[0] for row in ROWS}
    for look in looks - {known.light_broken, known.lock, known.front_silent, known.part_missing}:
        verdicts = {row[2] for row in ROWS if row[0] is look}
        if look is known.controller_limits:
            verdicts.add(None)  # by the same function as app_limits
        assert verdicts == {True, False, None}, look


def test_every_source_of_a_limit_is_a_cause_of_a_slow_charge() -> None:
    sources = {claims.PROOF, rest.REST, external_input.SOURCE, solar.SOURCE, unbalance.SOURCE}
    sources |= {"dip", "fuse", "start", "phase_search"}  # of claims.py, without a name there
    sources |= {source.name for source in WISHES} | set(OWNER_WISHES)
    of_other_facts = {"temperature", "meter_lost"}  # known.heat and known.meter_lost
    assert not of_other_facts & sources
    assert sources == (
        known.FUSE
        | known.UNBALANCE
        | known.SUN
        | known.INSTALLATION
        | known.PROOF
        | known.MOMENT
        | known.CONTROLLERS
        | known.OWNERS
    )


def test_what_holds_comes_first_and_what_is_excluded_last() -> None:
    shown = {each.key: each for each in symptoms(CARD)}
    dark = shown["dark"]
    assert [cause.verdict for cause in dark.causes] == [
        CauseVerdict.HOLDS,
        CauseVerdict.UNSEEN,
        CauseVerdict.EXCLUDED,
        CauseVerdict.EXCLUDED,
    ]
    assert dark.holding == 1
    assert dark.causes[0].title == "A card is needed, and none has been presented"
    assert shown["red"].holding == 0


def test_every_symptom_of_the_manual_is_there_with_causes_and_remedies() -> None:
    keys = [symptom.key for symptom in SYMPTOMS]
    assert keys == ["dark", "not-starting", "slow", "stuck", "red"]
    for symptom in SYMPTOMS:
        for cause in symptom.causes:
            assert cause.remedy.endswith(".")


def test_a_box_of_which_nothing_is_heard_knows_nothing() -> None:
    fields = ("safety", "session", "offer", "box", "front", "rfid")
    for symptom in symptoms(silent(*fields)):
        for cause in symptom.causes:
            known_at_all = cause.title in (
                "The front is not driven",
                "A part of the box's software does not run",
            )
            assert (cause.verdict is CauseVerdict.HOLDS) == known_at_all, cause


def test_an_idle_box_has_no_fault_and_waits_for_a_plug() -> None:
    idle = replace(unplugged(), session=said("session", session_status()))
    starting = next(each for each in symptoms(idle) if each.key == "not-starting")
    assert [cause.title for cause in starting.causes if cause.verdict is CauseVerdict.HOLDS] == [
        "The plug is not seated"
    ]


LIVE = but("safety", contactor=Contactor.WELDED, phase=SafetyPhase.FAULT, faults=(FaultCode.RED,))


@pytest.mark.req("ERR-RED")
@pytest.mark.parametrize("key", ["not-starting", "stuck", "red"])
def test_the_first_cause_of_a_symptom_of_the_plug_is_that_it_may_be_live(key: str) -> None:
    shown = next(each for each in symptoms(LIVE) if each.key == key)
    assert shown.causes[0].key == "may_be_live"
    assert shown.causes[0].verdict is CauseVerdict.HOLDS
    assert shown.causes[0].remedy.startswith("Do not touch plug or cable")


@pytest.mark.req("ERR-RED")
def test_no_symptom_asks_to_switch_the_mains_on_after_all_red() -> None:
    for shown in symptoms(LIVE):
        for cause in shown.causes:
            if cause.verdict is not CauseVerdict.EXCLUDED:
                before, asks, _ = cause.remedy.partition("switch the mains on")
                assert not asks or "not all segments are red" in before, cause


ASKS_TO_TOUCH = re.compile(
    r"\b(un)?plug (it|the plug|the car|in)\b|\b(pull|push|put|remove)\b|\bunlock\b"
    r"|\bswitch(es)? (on|the mains on)\b|\bon again after\b",
    re.IGNORECASE,
)


def test_what_asks_to_touch_plug_or_cable_is_marked() -> None:
    for symptom in SYMPTOMS:
        for cause in symptom.causes:
            asks = ASKS_TO_TOUCH.search(cause.remedy) is not None
            assert cause.touches is asks, cause.title
    for code, causes in CAUSES.items():
        for each in (None, *causes):
            remedy = remedy_of(code, each)
            asks = any(ASKS_TO_TOUCH.search(step) for step in remedy.steps)
            assert remedy.danger or remedy.touches is asks, remedy.title


def in_danger() -> Iterator[Snapshot]:
    """Yield boxes with each danger: alone, beside each other fault, and in each state."""
    plugs = [CpState.A, CpState.B, CpState.C, CpState.E]
    idle = {"phase": SafetyPhase.FAULT, "offered_a": 0.0}
    for cp_state, has_mains, because in product(plugs, (True, False), [None, *ENDED]):
        session = said("session", session_status(because=because))
        state = {**idle, "cp_state": cp_state, "has_mains": has_mains}
        for contactor in (Contactor.WELDED, Contactor.CLOSED):
            yield replace(but("safety", contactor=contactor, **state), session=session)
    every = [(code, each) for code, causes in CAUSES.items() for each in causes]
    dangers = [(code, each) for code, each in every if remedy_of(code, each).danger]
    for danger, (code, cause) in product(dangers, every):
        pairs = dict([danger, (code, cause)])
        records = tuple(fault_record(each, cause=why) for each, why in pairs.items())
        state = {**idle, "cp_state": CpState.A, "contactor": Contactor.OPEN, "retries": 5}
        yield but("safety", faults=tuple(pairs), records=records, retry_in_s=None, **state)


@pytest.mark.req("ERR-T")
def test_no_advice_touches_plug_or_cable_while_a_danger_is_shown() -> None:
    count = 0
    for snapshot in in_danger():
        shown = faults(snapshot)
        if not (any(each.danger for each in shown) or known.may_be_live(snapshot).holds):
            continue  # the other cause of the same code
        for symptom in symptoms(snapshot):
            for cause in symptom.causes:
                is_of_danger = cause.key == "may_be_live"
                if cause.verdict is not CauseVerdict.EXCLUDED and not is_of_danger:
                    assert not ASKS_TO_TOUCH.search(cause.remedy), (symptom.title, cause)
                    count += 1
        for fault in shown:
            assert not any("unplug the car to begin" in each for each in fault.known), fault
            if not fault.danger:
                assert not any(ASKS_TO_TOUCH.search(step) for step in fault.steps), fault
    assert count > 1000


def test_no_advice_touches_plug_or_cable_while_it_is_not_known_whether_they_are_live() -> None:
    for symptom in symptoms(silent("safety", "session", "offer")):
        for cause in symptom.causes:
            if cause.key != "may_be_live":
                assert not ASKS_TO_TOUCH.search(cause.remedy), (symptom.title, cause)
