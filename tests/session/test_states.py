"""The nine states follow from the nodes' facts (STA-1, STA-3)."""

import itertools
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from msgs.load_manager import HouseMeter, LoadOffer
from msgs.pilot import CpState
from msgs.rfid import RfidMode
from msgs.safety import Contactor, FaultCode, SafetyPhase
from msgs.session import WallboxState
from msgs.state_reason import StateReason, Wait
from msgs.units import MOST_TEXT
from nodes.session.states import StateInputs, wallbox_state
from nodes.session.suspension import after_fault, after_log_off, after_stop
from nodes.session.words import reason
from tests.builders import charging_safety, fault_record, load_offer

CLOSED = charging_safety()
OFFER = load_offer(detail="The installation allows 16 A.")
CHARGING = StateInputs(
    safety=CLOSED,
    hears_pilot=True,
    offer=OFFER,
    plugged=True,
    permitted=True,
    suspension=None,
    waiting_for=Wait.DISK,
)


def offer(**changes: Any) -> LoadOffer:
    return msgspec.structs.replace(OFFER, **changes)


OPEN = charging_safety(contactor=Contactor.OPEN, phase=SafetyPhase.READY)


@pytest.mark.req("STA-1", "STA-2", "STA-3")
@pytest.mark.parametrize(
    ("changes", "state", "because"),
    [
        # nothing connected
        (
            {"plugged": False, "permitted": False, "safety": OPEN},
            WallboxState.IDLE,
            StateReason.READY,
        ),
        # connected, no active charge
        (
            {"permitted": False, "waiting_for": Wait.CARD},
            WallboxState.READY_FOR_CHARGING,
            StateReason.WAITING,
        ),
        (
            {"safety": charging_safety(cp_state=CpState.B)},
            WallboxState.READY_FOR_CHARGING,
            StateReason.VEHICLE,
        ),
        ({"safety": OPEN}, WallboxState.READY_FOR_CHARGING, StateReason.VEHICLE),
        (
            {"safety": charging_safety(offered_a=0.0)},
            WallboxState.READY_FOR_CHARGING,
            StateReason.VEHICLE,
        ),
        (
            {"safety": charging_safety(contactor=Contactor.OPEN, phase=SafetyPhase.SELF_TEST)},
            WallboxState.READY_FOR_CHARGING,
            StateReason.SELF_TEST,
        ),
        (
            {
                "safety": charging_safety(
                    contactor=Contactor.OPEN, detail="the contactor is not proven"
                )
            },
            WallboxState.READY_FOR_CHARGING,
            StateReason.VEHICLE,
        ),
        # current flows, or may
        ({}, WallboxState.CHARGING, StateReason.CHARGING),
        (
            {"safety": charging_safety(cp_state=CpState.D)},
            WallboxState.CHARGING,
            StateReason.CHARGING,
        ),
        ({"offer": offer(detail="")}, WallboxState.CHARGING, StateReason.CHARGING),
        # held by somebody
        (
            {"offer": offer(limit_a=0.0, detail="The app pauses.")},
            WallboxState.SUSPENDED,
            StateReason.OFFER_HELD,
        ),
        (
            {"offer": offer(limit_a=0.0, reason="fuse", detail="")},
            WallboxState.SUSPENDED,
            StateReason.OFFER_HELD,
        ),
        ({"offer": None}, WallboxState.SUSPENDED, StateReason.OFFER_SILENT),
        (
            {"suspension": after_stop("app"), "permitted": False},
            WallboxState.SUSPENDED,
            StateReason.STOPPED,
        ),
        (
            {"suspension": after_log_off(), "permitted": False},
            WallboxState.READY_FOR_CHARGING,
            StateReason.LOGGED_OFF,
        ),
        (
            {"suspension": after_fault(7), "permitted": False},
            WallboxState.SUSPENDED,
            StateReason.ENDED_BY_FAULT,
        ),
        # reduced for safety
        ({"safety": charging_safety(limit_a=20.0)}, WallboxState.DEGRADED, StateReason.REDUCED),
        ({"offer": offer(house_meter=HouseMeter.LOST)}, WallboxState.DEGRADED, StateReason.REDUCED),
        (
            {"offer": offer(house_meter=HouseMeter.LOST, detail="", reason="meter_lost")},
            WallboxState.DEGRADED,
            StateReason.REDUCED,
        ),
        # regaining readiness
        (
            {"safety": charging_safety(faults=(FaultCode.RESIDUAL_CURRENT,), retry_in_s=10.0)},
            WallboxState.RECOVER_FROM_ERROR,
            StateReason.FAULTS,
        ),
        (
            {"safety": charging_safety(faults=(FaultCode.TOO_HOT,), retries=5)},
            WallboxState.RECOVER_FROM_ERROR,
            StateReason.FAULTS,
        ),
        (
            {"safety": charging_safety(faults=(FaultCode.MAINS_VOLTAGE,), retries=4)},
            WallboxState.RECOVER_FROM_ERROR,
            StateReason.FAULTS,
        ),
        (
            {"safety": charging_safety(faults=(FaultCode.TOO_HOT,)), "plugged": False},
            WallboxState.RECOVER_FROM_ERROR,
            StateReason.FAULTS,
        ),
        ({"safety": None}, WallboxState.RECOVER_FROM_ERROR, StateReason.SAFETY_SILENT),
        ({"hears_pilot": False}, WallboxState.RECOVER_FROM_ERROR, StateReason.PILOT_SILENT),
        (
            {
                "is_unproven": True,
                "safety": charging_safety(detail="no mains"),
                "suspension": after_stop("app"),
            },
            WallboxState.RECOVER_FROM_ERROR,
            StateReason.UNPROVEN,
        ),
        (
            {"runs": True, "safety": charging_safety(cp_state=CpState.E)},
            WallboxState.RECOVER_FROM_ERROR,
            StateReason.PILOT_LINE,
        ),
        (
            {"runs": True, "safety": charging_safety(cp_state=CpState.F, detail="no CP")},
            WallboxState.RECOVER_FROM_ERROR,
            StateReason.PILOT_LINE,
        ),
        # no mains: nothing is known, and what passes by itself is not published
        (
            {"safety": charging_safety(has_mains=False)},
            WallboxState.RECOVER_FROM_ERROR,
            StateReason.NO_MAINS,
        ),
        (
            {"safety": charging_safety(has_mains=False), "runs": True},
            WallboxState.RECOVER_FROM_ERROR,
            StateReason.NO_MAINS,
        ),
        (
            {"safety": charging_safety(has_mains=False, commissioning=True), "plugged": False},
            WallboxState.RECOVER_FROM_ERROR,
            StateReason.NO_MAINS,
        ),
        (
            {
                "safety": charging_safety(
                    has_mains=False, faults=(FaultCode.MAINS_VOLTAGE,), retries=5
                )
            },
            WallboxState.RECOVER_FROM_ERROR,
            StateReason.NO_MAINS,
        ),
        (
            {"safety": charging_safety(has_mains=False, faults=(FaultCode.SAFETY_CIRCUIT,))},
            WallboxState.UNRECOVERABLE_ERROR,
            StateReason.FAULTS,
        ),
        # fault state
        (
            {"safety": charging_safety(faults=(FaultCode.MAINS_VOLTAGE,), retries=5)},
            WallboxState.UNRECOVERABLE_ERROR,
            StateReason.FAULTS,
        ),
        (
            {"safety": charging_safety(faults=(FaultCode.TOO_HOT, FaultCode.SAFETY_CIRCUIT))},
            WallboxState.UNRECOVERABLE_ERROR,
            StateReason.FAULTS,
        ),
        (
            {"safety": charging_safety(faults=(FaultCode.RED,)), "plugged": False},
            WallboxState.UNRECOVERABLE_ERROR,
            StateReason.FAULTS,
        ),
        # special modes
        (
            {"safety": charging_safety(commissioning=True)},
            WallboxState.SERVICE_MODE,
            StateReason.COMMISSIONING,
        ),
        (
            {
                "safety": charging_safety(showroom=True),
                "permitted": False,
                "waiting_for": Wait.CARD,
            },
            WallboxState.READY_FOR_CHARGING,
            StateReason.SHOWROOM,
        ),
        (
            {"safety": charging_safety(showroom=True), "plugged": False},
            WallboxState.IDLE,
            StateReason.READY,
        ),
        (
            {"safety": charging_safety(showroom=True, commissioning=True)},
            WallboxState.SERVICE_MODE,
            StateReason.COMMISSIONING,
        ),
        (
            {"safety": charging_safety(showroom=True, faults=(FaultCode.NO_VEHICLE,))},
            WallboxState.UNRECOVERABLE_ERROR,
            StateReason.FAULTS,
        ),
        # woken through F and x1
        *(
            (
                {
                    "is_waking": True,
                    "runs": True,
                    "safety": charging_safety(cp_state=cp, offered_a=0.0),
                },
                WallboxState.READY_FOR_CHARGING,
                StateReason.WAKING,
            )
            for cp in (CpState.F, CpState.E, CpState.B, None)
        ),
        (
            {"is_waking": True, "permitted": False, "suspension": after_stop("app")},
            WallboxState.SUSPENDED,
            StateReason.STOPPED,
        ),
        (
            {
                "is_waking": True,
                "runs": True,
                "safety": charging_safety(cp_state=CpState.F, faults=(FaultCode.SAFETY_CIRCUIT,)),
            },
            WallboxState.UNRECOVERABLE_ERROR,
            StateReason.FAULTS,
        ),
        (
            {"rfid_mode": RfidMode.NEW_CARD, "plugged": False, "permitted": False},
            WallboxState.TOKEN_PROGRAMMING_MODE,
            StateReason.LEARNING,
        ),
        (
            {"rfid_mode": RfidMode.CONFIRM, "plugged": False, "permitted": False},
            WallboxState.TOKEN_PROGRAMMING_MODE,
            StateReason.LEARNING,
        ),
        (
            {"rfid_mode": RfidMode.MASTER, "plugged": False, "permitted": False},
            WallboxState.TOKEN_PROGRAMMING_MODE,
            StateReason.LEARNING,
        ),
        # the vehicle comes first once its session runs, before that the card that is awaited
        ({"rfid_mode": RfidMode.MASTER, "runs": True}, WallboxState.CHARGING, StateReason.CHARGING),
        (
            {"rfid_mode": RfidMode.MASTER, "permitted": False, "waiting_for": Wait.CARD},
            WallboxState.TOKEN_PROGRAMMING_MODE,
            StateReason.LEARNING,
        ),
        # and what is wrong with the box comes before the cards
        (
            {"rfid_mode": RfidMode.MASTER, "hears_pilot": False},
            WallboxState.RECOVER_FROM_ERROR,
            StateReason.PILOT_SILENT,
        ),
        (
            {"rfid_mode": RfidMode.MASTER, "safety": charging_safety(faults=(FaultCode.RED,))},
            WallboxState.UNRECOVERABLE_ERROR,
            StateReason.FAULTS,
        ),
        (
            {"rfid_mode": RfidMode.MASTER, "safety": charging_safety(commissioning=True)},
            WallboxState.SERVICE_MODE,
            StateReason.COMMISSIONING,
        ),
        # what is expected of a person where nothing is plugged in
        ({"plugged": False, "expects": Wait.CARD}, WallboxState.IDLE, StateReason.EXPECTED),
        (
            {"plugged": False, "expects": Wait.CARD, "safety": charging_safety(showroom=True)},
            WallboxState.IDLE,
            StateReason.READY,
        ),
    ],
)
def test_the_state_follows_from_the_facts(
    changes: dict[str, Any], state: WallboxState, because: StateReason
) -> None:
    assert wallbox_state(replace(CHARGING, **changes)) == (state, because)


@pytest.mark.req("STA-4")
def test_a_fault_is_published_in_commissioning_too() -> None:
    facts = replace(
        CHARGING, safety=charging_safety(commissioning=True, faults=(FaultCode.SAFETY_CIRCUIT,))
    )
    assert wallbox_state(facts)[0] is WallboxState.UNRECOVERABLE_ERROR


def test_every_combination_has_a_state_and_a_reason_that_fits_its_field() -> None:
    long_fault = fault_record(FaultCode.SAFETY_CIRCUIT, detail="x" * 300, remedy="y" * 300)
    seen = set()
    pilots: tuple[dict[str, Any], ...] = (
        {"cp_state": None},
        {"cp_state": CpState.A},
        {"cp_state": CpState.B},
        {"cp_state": CpState.C},
    )
    for pilot, safety_, offer_, plugged, permitted, hold in itertools.product(
        pilots,
        (
            None,
            CLOSED,
            OPEN,
            charging_safety(limit_a=10.0),
            charging_safety(commissioning=True),
            charging_safety(faults=(FaultCode.SAFETY_CIRCUIT,), records=(long_fault,)),
        ),
        (None, OFFER, offer(limit_a=0.0)),
        (True, False),
        (True, False),
        (None, after_stop("app")),
    ):
        facts = StateInputs(
            safety=safety_ and replace(safety_, **pilot),
            hears_pilot=pilot["cp_state"] is not None,
            offer=offer_,
            plugged=plugged,
            permitted=permitted,
            suspension=hold,
            waiting_for=Wait.CARD,
        )
        state, because = wallbox_state(facts)
        seen.add(state)
        assert 0 < len(reason(because, facts)) <= MOST_TEXT
        if state in (WallboxState.CHARGING, WallboxState.DEGRADED):
            assert plugged
            assert permitted
            assert hold is None
            assert safety_ is not None
            assert safety_.contactor is Contactor.CLOSED
    assert seen == set(WallboxState) - {WallboxState.TOKEN_PROGRAMMING_MODE}
