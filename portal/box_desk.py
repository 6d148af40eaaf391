"""What a box reports, and what the service answers."""

import time
from typing import Any

from portal.box_connection import BoxEvents
from portal.boxes import ConnectedBox, PairingStage, take_samples
from portal.planner import NOMINAL_V
from portal.planning import next_departure
from portal.records import MOST_CARDS, MOST_CHARGES, ChargeRecord
from portal.service import ChargingService

CONNECTOR = 1


class BoxDesk(BoxEvents):
    """See `BoxEvents`."""

    def __init__(self, service: ChargingService, box: ConnectedBox) -> None:
        self._service = service
        self._box = box

    def on_boot(self, model: str, firmware: str) -> bool:
        """Accept a box that is paired."""
        box = self._box
        box.model, box.firmware = model, firmware
        box.is_accepted = box.stage is PairingStage.PAIRED
        self._service.changed()
        return box.is_accepted

    def after_boot(self) -> None:
        """Configure a box that is accepted."""
        if self._box.is_accepted:
            self._service.do(self._service.configure(self._box))

    def on_token(self, token: str) -> str:
        """Return whether a card is accepted; one that is not known yet is kept."""
        records = self._service.records
        for card in records.cards:
            if card.token == token:
                return "Accepted" if card.is_accepted else "Blocked"
        if len(records.cards) < MOST_CARDS:
            self._service.keep_card(token, is_accepted=records.accepts_new_cards)
        return "Accepted" if records.accepts_new_cards else "Invalid"

    def on_begun(self, token: str, begun: str, meter_wh: int) -> int:
        """Keep a transaction; one that is sent again has its id already."""
        service, identity = self._service, self._box.identity
        key = (identity, token, begun, meter_wh)
        for each in service.records.charges:
            if (each.identity, each.token, each.begun, each.meter_start_wh) == key:
                return each.transaction
        number = service.records.last_transaction + 1
        record = service.record(identity)
        wish = None if record is None else record.wish
        charge = ChargeRecord(
            transaction=number,
            identity=identity,
            token=token,
            begun=begun,
            meter_start_wh=meter_wh,
            departure_utc_s=0 if wish is None else next_departure(wish, time.time()),
        )
        charges = (*service.records.charges, charge)[-MOST_CHARGES:]
        service.keep(charges=charges, last_transaction=number)
        return number

    def after_begun(self) -> None:
        """Send the plan of the charge."""
        self._service.do(self._service.follow_plan(self._box))

    def on_ended(self, transaction: int, ended: str, meter_wh: int, reason: str) -> None:
        """Keep the end of a transaction of this box."""
        charge = self._charge(transaction)
        if charge is not None and not charge.ended:
            energy_wh = float(max(meter_wh - charge.meter_start_wh, 0))
            reason = reason or "Local"  # OCPP 1.6, section 6.49
            self._service.keep_charge(charge, ended=ended, energy_wh=energy_wh, reason=reason)
        self._box.forget_plan()
        self._box.volts = NOMINAL_V  # the next vehicle may be another one
        self._service.changed()

    def on_samples(self, transaction: int | None, samples: list[dict[str, Any]]) -> None:
        """Note values, and the energy of the charge."""
        measured = self._box.measured
        take_samples(measured, samples, time.time())
        charge = None if transaction is None else self._charge(transaction)
        if charge is not None and not charge.ended and measured.energy_wh is not None:
            energy_wh = max(measured.energy_wh - charge.meter_start_wh, 0.0)
            if energy_wh != charge.energy_wh:
                self._service.keep_charge(charge, energy_wh=energy_wh)
        self._service.changed()

    def _charge(self, transaction: int) -> ChargeRecord | None:
        charges = self._service.records.charges
        own = (each for each in charges if each.identity == self._box.identity)
        return next((each for each in own if each.transaction == transaction), None)

    def on_status(self, connector: int, status: str, error: str, info: str) -> None:
        """Note the status of the connector."""
        if connector == CONNECTOR:
            box = self._box
            box.status, box.info = status, info
            box.error = "" if error == "NoError" else error
        self._service.changed()

    def on_mode(self, transaction: int, mode: str) -> None:
        """Keep what a person has chosen."""
        charge = self._charge(transaction)
        if charge is not None:
            self._service.keep_charge(charge, mode=mode)

    def on_confirmed(self) -> bool:
        """Take the press of the touch key."""
        is_offered = self._box.stage is PairingStage.OFFERED
        if is_offered:
            self._box.stage = PairingStage.CONFIRMED
        self._service.changed()
        return is_offered

    def after_confirmed(self) -> None:
        """Send the key."""
        record = self._service.record(self._box.identity)
        is_sent = record is not None and record.next_key != ""
        if self._box.stage is PairingStage.CONFIRMED and not is_sent:
            self._service.do(self._service.send_key(self._box))
