"""The nine states follow from the nodes' facts (STA-1, STA-3)."""

import itertools
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from msgs.load_manager import HouseMeter, LoadOffer
from msgs.pilot import CpState
from msgs.rfid import RfidMode
from msgs.safety import Contactor, Fault, FaultCode, SafetyPhase, SafetyStatus
from msgs.session import WallboxState
from nodes.session.states import MOST_CHARACTERS, Facts, wallbox_state

CLOSED = SafetyStatus(
    contactor=Contactor.CLOSED,
    permitted=True,
    faults=(),
    retries=0,
    temperature_c=25.0,
    installation_limit_a=32.0,
    limit_a=32.0,
    phase=SafetyPhase.CLOSED,
    cp_state=CpState.C,
    offered_a=16.0,
)
OFFER = LoadOffer(limit_a=16.0, reason="dip", limits=(), detail="The installation allows 16 A.")
CHARGING = Facts(
    safety=CLOSED,
    hears_pilot=True,
    offer=OFFER,
    plugged=True,
    authorized=True,
    held="",
    waiting_for="",
)


def safety(**changes: Any) -> SafetyStatus:
    return msgspec.structs.replace(CLOSED, **changes)


def offer(**changes: Any) -> LoadOffer:
    return msgspec.structs.replace(OFFER, **changes)


OPEN = safety(contactor=Contactor.OPEN, phase=SafetyPhase.READY)


@pytest.mark.req("STA-1", "STA-2", "STA-3")
@pytest.mark.parametrize(
    ("changes", "state", "word"),
    [
        # nothing connected
        ({"plugged": False, "authorized": False, "safety": OPEN}, WallboxState.IDLE, "Ready"),
        # connected, no active charge
        (
            {"authorized": False, "waiting_for": "Authorisation is required."},
            WallboxState.READY_FOR_CHARGING,
            "Authorisation",
        ),
        ({"safety": safety(cp_state=CpState.B)}, WallboxState.READY_FOR_CHARGING, "vehicle"),
        ({"safety": OPEN}, WallboxState.READY_FOR_CHARGING, "vehicle"),
        ({"safety": safety(offered_a=0.0)}, WallboxState.READY_FOR_CHARGING, "vehicle"),
        (
            {"safety": safety(contactor=Contactor.OPEN, phase=SafetyPhase.SELF_TEST)},
            WallboxState.READY_FOR_CHARGING,
            "Self-test",
        ),
        (
            {"safety": safety(contactor=Contactor.OPEN, detail="the contactor is not proven")},
            WallboxState.READY_FOR_CHARGING,
            "Not charging: the contactor is not proven.",
        ),
        # current flows, or may
        ({}, WallboxState.CHARGING, "installation"),
        ({"safety": safety(cp_state=CpState.D)}, WallboxState.CHARGING, "installation"),
        ({"offer": offer(detail="")}, WallboxState.CHARGING, "16.0 A, by dip"),
        # held by somebody
        (
            {"offer": offer(limit_a=0.0, detail="The app pauses.")},
            WallboxState.SUSPENDED,
            "The app pauses.",
        ),
        (
            {"offer": offer(limit_a=0.0, reason="fuse", detail="")},
            WallboxState.SUSPENDED,
            "Held by fuse.",
        ),
        ({"offer": None}, WallboxState.SUSPENDED, "load_manager"),
        (
            {"held": "The charge was stopped (app).", "authorized": False},
            WallboxState.SUSPENDED,
            "(app)",
        ),
        # reduced for safety
        ({"safety": safety(limit_a=20.0)}, WallboxState.DEGRADED, "installation"),
        ({"offer": offer(house_meter=HouseMeter.LOST)}, WallboxState.DEGRADED, "installation"),
        (
            {"offer": offer(house_meter=HouseMeter.LOST, detail="", reason="meter_lost")},
            WallboxState.DEGRADED,
            "meter_lost",
        ),
        # regaining readiness
        (
            {"safety": safety(faults=(FaultCode.RESIDUAL_CURRENT,), retry_in_s=10.0)},
            WallboxState.RECOVER_FROM_ERROR,
            "8005",
        ),
        (
            {"safety": safety(faults=(FaultCode.TOO_HOT,), retries=5)},
            WallboxState.RECOVER_FROM_ERROR,
            "Fault 3.",
        ),
        (
            {"safety": safety(faults=(FaultCode.MAINS_VOLTAGE,), retries=4)},
            WallboxState.RECOVER_FROM_ERROR,
            "8002",
        ),
        (
            {"safety": safety(faults=(FaultCode.TOO_HOT,)), "plugged": False},
            WallboxState.RECOVER_FROM_ERROR,
            "Fault 3.",
        ),
        ({"safety": None}, WallboxState.RECOVER_FROM_ERROR, "from safety"),
        ({"hears_pilot": False}, WallboxState.RECOVER_FROM_ERROR, "from pilot"),
        (
            {"is_blind": True, "safety": safety(detail="no mains"), "held": "stopped"},
            WallboxState.RECOVER_FROM_ERROR,
            "No current: no mains.",
        ),
        (
            {"runs": True, "safety": safety(cp_state=CpState.E)},
            WallboxState.RECOVER_FROM_ERROR,
            "state E",
        ),
        (
            {"runs": True, "safety": safety(cp_state=CpState.F, detail="no CP")},
            WallboxState.RECOVER_FROM_ERROR,
            "No current: no CP.",
        ),
        # no mains: nothing is known, and what passes by itself is not told
        ({"safety": safety(has_mains=False)}, WallboxState.RECOVER_FROM_ERROR, "has no mains."),
        (
            {"safety": safety(has_mains=False), "runs": True},
            WallboxState.RECOVER_FROM_ERROR,
            "The session goes on when they are back",
        ),
        (
            {"safety": safety(has_mains=False, commissioning=True), "plugged": False},
            WallboxState.RECOVER_FROM_ERROR,
            "no mains",
        ),
        (
            {"safety": safety(has_mains=False, faults=(FaultCode.MAINS_VOLTAGE,), retries=5)},
            WallboxState.RECOVER_FROM_ERROR,
            "no mains",
        ),
        (
            {"safety": safety(has_mains=False, faults=(FaultCode.SAFETY_CIRCUIT,))},
            WallboxState.UNRECOVERABLE_ERROR,
            "8007",
        ),
        # fault state
        (
            {"safety": safety(faults=(FaultCode.MAINS_VOLTAGE,), retries=5)},
            WallboxState.UNRECOVERABLE_ERROR,
            "8002",
        ),
        (
            {"safety": safety(faults=(FaultCode.TOO_HOT, FaultCode.SAFETY_CIRCUIT))},
            WallboxState.UNRECOVERABLE_ERROR,
            "8007",
        ),
        (
            {"safety": safety(faults=(FaultCode.RED,)), "plugged": False},
            WallboxState.UNRECOVERABLE_ERROR,
            "red",
        ),
        # special modes
        ({"safety": safety(commissioning=True)}, WallboxState.SERVICE_MODE, "DSW2.8"),
        (
            {"safety": safety(showroom=True), "authorized": False, "waiting_for": "waits"},
            WallboxState.READY_FOR_CHARGING,
            "Showroom mode: vehicles are not charged.",
        ),
        ({"safety": safety(showroom=True), "plugged": False}, WallboxState.IDLE, "Ready"),
        (
            {"safety": safety(showroom=True, commissioning=True)},
            WallboxState.SERVICE_MODE,
            "DSW2.8",
        ),
        (
            {"safety": safety(showroom=True, faults=(FaultCode.NO_VEHICLE,))},
            WallboxState.UNRECOVERABLE_ERROR,
            "Fault 5.",
        ),
        # woken through F and x1
        *(
            (
                {"is_waking": True, "runs": True, "safety": safety(cp_state=cp, offered_a=0.0)},
                WallboxState.READY_FOR_CHARGING,
                "The vehicle is being woken.",
            )
            for cp in (CpState.F, CpState.E, CpState.B, None)
        ),
        (
            {"is_waking": True, "authorized": False, "held": "stopped (app)"},
            WallboxState.SUSPENDED,
            "(app)",
        ),
        (
            {
                "is_waking": True,
                "runs": True,
                "safety": safety(cp_state=CpState.F, faults=(FaultCode.SAFETY_CIRCUIT,)),
            },
            WallboxState.UNRECOVERABLE_ERROR,
            "8007",
        ),
        (
            {"rfid_mode": RfidMode.NEW_CARD, "plugged": False, "authorized": False},
            WallboxState.TOKEN_PROGRAMMING_MODE,
            "hold the new card to the box within 5 s",
        ),
        (
            {"rfid_mode": RfidMode.CONFIRM, "plugged": False, "authorized": False},
            WallboxState.TOKEN_PROGRAMMING_MODE,
            "Hold the master card to the box again within 5 s",
        ),
        (
            {"rfid_mode": RfidMode.MASTER, "plugged": False, "authorized": False},
            WallboxState.TOKEN_PROGRAMMING_MODE,
            "no master card",
        ),
        # the vehicle comes first once its session runs, before that the card that is awaited
        ({"rfid_mode": RfidMode.MASTER, "runs": True}, WallboxState.CHARGING, "installation"),
        (
            {"rfid_mode": RfidMode.MASTER, "authorized": False, "waiting_for": "waits"},
            WallboxState.TOKEN_PROGRAMMING_MODE,
            "no master card",
        ),
        # and what is wrong with the box comes before the cards
        (
            {"rfid_mode": RfidMode.MASTER, "hears_pilot": False},
            WallboxState.RECOVER_FROM_ERROR,
            "pilot",
        ),
        (
            {"rfid_mode": RfidMode.MASTER, "safety": safety(faults=(FaultCode.RED,))},
            WallboxState.UNRECOVERABLE_ERROR,
            "red",
        ),
        (
            {"rfid_mode": RfidMode.MASTER, "safety": safety(commissioning=True)},
            WallboxState.SERVICE_MODE,
            "DSW2.8",
        ),
        # what is expected of a person where nothing is plugged in
        ({"plugged": False, "expects": "Hold a card."}, WallboxState.IDLE, "Hold a card."),
        (
            {"plugged": False, "expects": "Hold a card.", "safety": safety(showroom=True)},
            WallboxState.IDLE,
            "Ready",
        ),
    ],
)
def test_the_state_follows_from_the_facts(
    changes: dict[str, Any], state: WallboxState, word: str
) -> None:
    found, reason = wallbox_state(replace(CHARGING, **changes))
    assert found is state
    assert word in reason


@pytest.mark.req("STA-4")
def test_a_fault_is_told_in_commissioning_too() -> None:
    facts = replace(CHARGING, safety=safety(commissioning=True, faults=(FaultCode.SAFETY_CIRCUIT,)))
    assert wallbox_state(facts)[0] is WallboxState.UNRECOVERABLE_ERROR


def test_a_fault_is_told_in_sentences() -> None:
    pulled = Fault(
        code=FaultCode.UNPLUGGED,
        since_utc_ns=1,
        count=1,
        detail="the plug was pulled while charging",
        remedy="Put the plug in again.",
    )
    facts = replace(CHARGING, safety=safety(faults=(FaultCode.UNPLUGGED,), records=(pulled,)))
    _, reason = wallbox_state(facts)
    assert reason == "Fault 1. The plug was pulled while charging. Put the plug in again."


def test_every_combination_has_a_state_and_a_reason_that_fits_its_field() -> None:
    long_fault = Fault(
        code=FaultCode.SAFETY_CIRCUIT, since_utc_ns=1, count=1, detail="x" * 300, remedy="y" * 300
    )
    seen = set()
    pilots: tuple[dict[str, Any], ...] = (
        {"cp_state": None},
        {"cp_state": CpState.A},
        {"cp_state": CpState.B},
        {"cp_state": CpState.C},
    )
    for pilot, safety_, offer_, plugged, authorized, held in itertools.product(
        pilots,
        (
            None,
            CLOSED,
            OPEN,
            safety(limit_a=10.0),
            safety(commissioning=True),
            safety(faults=(FaultCode.SAFETY_CIRCUIT,), records=(long_fault,)),
        ),
        (None, OFFER, offer(limit_a=0.0)),
        (True, False),
        (True, False),
        ("", "held"),
    ):
        state, reason = wallbox_state(
            Facts(
                safety=safety_ and replace(safety_, **pilot),
                hears_pilot=pilot["cp_state"] is not None,
                offer=offer_,
                plugged=plugged,
                authorized=authorized,
                held=held,
                waiting_for="waits",
            )
        )
        seen.add(state)
        assert 0 < len(reason) <= MOST_CHARACTERS
        if state in (WallboxState.CHARGING, WallboxState.DEGRADED):
            assert plugged
            assert authorized
            assert not held
            assert safety_ is not None
            assert safety_.contactor is Contactor.CLOSED
    assert seen == set(WallboxState) - {WallboxState.TOKEN_PROGRAMMING_MODE}
