"""What the page shows, as one JSON object without secrets."""

import time
from typing import Any

import msgspec

from portal.boxes import ConnectedBox
from portal.planner import PriceSlot
from portal.planning import slots_of
from portal.records import ChargeRecord
from portal.service import ChargingService

DAY_S = 86_400
SHOWN_CHARGES = 20


def page_state(service: ChargingService) -> str:
    """Return all that the page shows."""
    records, now_s = service.records, int(time.time())
    ends = [each.departure_utc_s for each in records.charges if not each.ended]
    end_s = max([now_s + DAY_S, *ends])
    state = {
        "now_utc_s": now_s,
        "boxes": [_box(service, each) for each in service.boxes.values()],
        "charges": [_charge(each) for each in reversed(records.charges[-SHOWN_CHARGES:])],
        "cards": records.cards,
        "accepts_new_cards": records.accepts_new_cards,
        "prices": records.prices,
        "slots": [_slot(each) for each in slots_of(records.prices, now_s, end_s)],
    }
    return msgspec.json.encode(state).decode()


def _box(service: ChargingService, box: ConnectedBox) -> dict[str, Any]:
    record, charge = service.record(box.identity), service.running(box.identity)
    measured, sent = box.measured, box.sent
    return {
        "identity": box.identity,
        "is_connected": box.connection is not None,
        "is_accepted": box.is_accepted,
        "stage": box.stage,
        "model": box.model,
        "firmware": box.firmware,
        "status": box.status,
        "error": box.error,
        "info": box.info,
        "note": box.note,
        "currents_a": measured.currents_a,
        "power_w": measured.power_w,
        "energy_wh": measured.energy_wh,
        "offered_a": measured.offered_a,
        "heard_utc_s": measured.heard_utc_s,
        "charge": None if charge is None else _charge(charge),
        "wish": None if record is None else record.wish,
        "plan": None if sent is None else sent.plan,
    }


def _charge(charge: ChargeRecord) -> dict[str, Any]:
    return msgspec.structs.asdict(charge)


def _slot(slot: PriceSlot) -> tuple[int, int, float]:
    return slot.begin_utc_s, slot.end_utc_s, slot.price_per_kwh
