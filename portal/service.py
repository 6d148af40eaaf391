"""The charging service: what it knows of its boxes, and what it does with them.

All of it runs in one event loop. What has to last is written before a box is answered.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from ocpp.exceptions import OCPPError
from ocpp.v16 import call
from websockets.exceptions import ConnectionClosed

from portal.box_connection import PAIRING, BoxEvents, PortalConnection
from portal.boxes import ConnectedBox, PairingStage, SentPlan, is_admitted, is_key, new_box
from portal.keeping import load, save
from portal.planning import PROFILE_ID, next_departure, plan_of, profile_of, volts_of
from portal.records import (
    MOST_BOXES,
    BoxRecord,
    CardRecord,
    ChargeRecord,
    DepartureWish,
    PortalRecords,
)

OFFER_S = 600.0  # assumed: a person walks from the portal to the box
KEY_BYTES = 20  # OCPP 1.6 security whitepaper, AuthorizationKey: 16 to 20 bytes
BOOT_WAIT_S = 2.0  # assumed: a box that starts registers within it
LOOK_S = 60.0  # assumed: how often a plan is compared with what was charged meanwhile
SAMPLE_S = 10  # assumed: how often a box sends values in a charge
SAMPLED = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Current.Offered"

FAILED = (OCPPError, ConnectionClosed, TimeoutError)


class ChargingService:
    """See the head of this file."""

    def __init__(
        self,
        state_dir: Path,
        on_change: Callable[[], None],
        events_of: "Callable[[ChargingService, ConnectedBox], BoxEvents]",
    ) -> None:
        """Read what was kept.

        :param on_change: called when something has changed that the page shows.
        :param events_of: what takes the reports of a box.
        :raises OSError: it cannot be read.
        """
        self._state_dir = state_dir
        self._on_change = on_change
        self._events_of = events_of
        self._tasks: set[asyncio.Task[None]] = set()
        self.records: PortalRecords = load(state_dir)
        self.boxes = {each.identity: new_box(each) for each in self.records.boxes}

    # --- what is kept --------------------------------------------------------------------------

    def keep(self, **changes: Any) -> None:
        """Change what is kept, and write it."""
        records = replace(self.records, **changes)
        save(self._state_dir, records)
        self.records = records
        self._on_change()

    def changed(self) -> None:
        """Show a change of what is not kept."""
        self._on_change()

    def record(self, identity: str) -> BoxRecord | None:
        """Return what is kept of a box."""
        return next((each for each in self.records.boxes if each.identity == identity), None)

    def keep_box(self, identity: str, **changes: Any) -> None:
        """Change what is kept of a box."""
        record = replace(self.record(identity) or BoxRecord(identity=identity), **changes)
        others = tuple(each for each in self.records.boxes if each.identity != identity)
        self.keep(boxes=(*others, record))

    def keep_charge(self, charge: ChargeRecord, **changes: Any) -> None:
        """Change a charge that is kept."""
        changed = replace(charge, **changes)
        number = charge.transaction
        charges = (changed if each.transaction == number else each for each in self.records.charges)
        self.keep(charges=tuple(charges))

    def keep_card(self, token: str, *, is_accepted: bool) -> None:
        """Keep whether a card is accepted."""
        others = tuple(each for each in self.records.cards if each.token != token)
        self.keep(cards=(*others, CardRecord(token=token, is_accepted=is_accepted)))

    def running(self, identity: str) -> ChargeRecord | None:
        """Return the charge of a box that runs; None: there is none."""
        charges = reversed(self.records.charges)
        return next(
            (each for each in charges if each.identity == identity and not each.ended), None
        )

    # --- connections ---------------------------------------------------------------------------

    def admits(self, identity: str, password: bytes | None) -> bool:
        """Return whether a box may connect."""
        is_room = identity in self.boxes or len(self.boxes) < MOST_BOXES
        return is_room and is_admitted(self.record(identity), password)

    async def serve_box(self, identity: str, password: bytes | None, socket: Any) -> None:
        """Carry the messages of a box until its connection ends."""
        record = self.record(identity)
        if record is not None and is_key(record.next_key, password):
            self.keep_box(identity, key=record.next_key, next_key="")  # the box has stored it
            record = self.record(identity)
        box = self.boxes.setdefault(identity, new_box(record or BoxRecord(identity=identity)))
        former = box.connection
        connection = PortalConnection(identity, socket, self._events_of(self, box))
        box.connection, box.is_accepted, box.asked = connection, False, None
        box.stage = PairingStage.PAIRED if record is not None and record.key else PairingStage.NEW
        if former is not None:
            self.do(former._connection.close())
        if box.stage is PairingStage.PAIRED:
            self.do(self._await_boot(box, connection))
        self.changed()
        try:
            await connection.start()
        except ConnectionClosed:
            pass
        finally:
            if box.connection is connection:
                box.connection, box.is_accepted = None, False
                box.forget_plan()
                if box.stage is not PairingStage.PAIRED:
                    box.stage = PairingStage.NEW
                    if self.record(identity) is None:
                        self.boxes.pop(identity, None)
                self.changed()

    async def _await_boot(self, box: ConnectedBox, connection: PortalConnection) -> None:
        """Ask a box to register that has not: after a loss of the connection it need not.

        This service may have been restarted meanwhile (OCPP 1.6, section 4.2).
        """
        await asyncio.sleep(BOOT_WAIT_S)
        if box.connection is not connection or box.is_accepted:
            return
        answer = await self.ask(box, call.TriggerMessage(requested_message="BootNotification"))
        if answer is not None and answer.status != "Accepted":  # it is registered already
            box.is_accepted = True
            self.changed()
            await self.configure(box)

    def do(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run something beside; a box that does not answer ends nothing else."""

        async def run() -> None:
            with suppress(*FAILED):  # the note of the box says so
                await coroutine
            self.changed()

        task = asyncio.ensure_future(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def ask(self, box: ConnectedBox, request: Any) -> Any:
        """Ask a box; None: it has not answered, and its note says why."""
        if box.connection is None:
            box.note = "The box is not connected."
            return None
        try:
            return await box.connection.call(request, suppress=False)
        except FAILED as error:
            action = type(request).__name__
            box.note = f"{action}: the box has not answered as it should: {error}"[:300]
            return None

    # --- pairing -------------------------------------------------------------------------------

    async def activate(self, box: ConnectedBox) -> None:
        """Offer a box to belong to this service."""
        if box.stage is not PairingStage.NEW:
            return
        answer = await self.ask(box, call.DataTransfer(vendor_id=PAIRING, message_id="offer"))
        if answer is None:
            return
        if answer.status != "Accepted":
            box.note = f"The box refuses: {answer.data or answer.status}."
            return
        box.stage, box.note = PairingStage.OFFERED, ""
        box.offered_until_s = time.monotonic() + OFFER_S

    async def send_key(self, box: ConnectedBox) -> None:
        """Send a box its key. It is kept before, since the answer may be lost."""
        key = secrets.token_hex(KEY_BYTES)
        self.keep_box(box.identity, next_key=key, model=box.model, firmware=box.firmware)
        answer = await self.ask(box, call.ChangeConfiguration(key="AuthorizationKey", value=key))
        if answer is None:
            return
        if answer.status in ("Accepted", "RebootRequired"):
            self.keep_box(box.identity, key=key, next_key="")
            box.stage, box.note = PairingStage.PAIRED, ""
        else:
            self.keep_box(box.identity, next_key="")
            box.stage, box.note = (
                PairingStage.NEW,
                f"The box has not taken its key: {answer.status}.",
            )

    async def forget(self, box: ConnectedBox) -> None:
        """Forget a box. It has to be paired again."""
        others = tuple(each for each in self.records.boxes if each.identity != box.identity)
        self.keep(boxes=others)
        self.boxes.pop(box.identity, None)
        if box.connection is not None:
            await box.connection._connection.close()

    # --- charges -------------------------------------------------------------------------------

    async def configure(self, box: ConnectedBox) -> None:
        """Ask for the values that the page shows, as often as it needs them."""
        wanted = {"MeterValuesSampledData": SAMPLED, "MeterValueSampleInterval": str(SAMPLE_S)}
        for key, value in wanted.items():
            await self.ask(box, call.ChangeConfiguration(key=key, value=value))
        await self.follow_plan(box)

    async def start(self, box: ConnectedBox, token: str) -> None:
        """Have a box charge with a card, as if it had been presented."""
        request = call.RemoteStartTransaction(id_tag=token, connector_id=1)
        answer = await self.ask(box, request)
        if answer is not None:
            done = answer.status == "Accepted"
            box.note = "" if done else "The box does not start: it charges, or is out of use."

    async def stop(self, box: ConnectedBox) -> None:
        """End the charge of a box."""
        charge = self.running(box.identity)
        if charge is None:
            box.note = "There is no charge to end."
            return
        request = call.RemoteStopTransaction(transaction_id=charge.transaction)
        answer = await self.ask(box, request)
        if answer is not None:
            box.note = "" if answer.status == "Accepted" else "The box knows no such charge."

    # --- the plan ------------------------------------------------------------------------------

    def set_wish(self, box: ConnectedBox, wish: DepartureWish | None) -> None:
        """Keep a departure wish, for the charge that runs and those to come."""
        self.keep_box(box.identity, wish=wish)
        charge = self.running(box.identity)
        if charge is not None:
            departure = 0 if wish is None else next_departure(wish, time.time())
            self.keep_charge(charge, departure_utc_s=departure)
        self.do(self.follow_plan(box))

    async def follow_plan(self, box: ConnectedBox) -> None:
        """Send the plan of the charge that runs, if the box does not follow it already."""
        charge, record = self.running(box.identity), self.record(box.identity)
        if charge is None or record is None or not box.is_accepted:
            box.forget_plan()
            return
        newest = box.asked or box.sent
        now_s = int(time.time())
        if record.wish is None or charge.departure_utc_s <= now_s:
            if newest is not None:
                box.forget_plan()
                await self.ask(box, call.ClearChargingProfile(id=PROFILE_ID))
            return
        measured = box.measured
        box.volts = volts_of(
            measured.power_w, measured.offered_a, record.wish.phases, before=box.volts
        )
        made = plan_of(
            self.records.prices,
            record.wish,
            charge.energy_wh,
            charge.departure_utc_s,
            now_s,
            volts=box.volts,
        )
        if newest is not None and newest.follows(charge.transaction, made):
            return
        profile = profile_of(made, charge.transaction)
        request = call.SetChargingProfile(connector_id=1, cs_charging_profiles=profile)
        # Other prices may come before the answer: they are compared with what was asked last.
        box.asked = asked = SentPlan(transaction=charge.transaction, plan=made, sent_utc_s=now_s)
        answer = await self.ask(box, request)
        is_newest = box.asked is asked
        if is_newest:
            box.asked = None
        if answer is None:
            return
        if answer.status == "Accepted":
            if is_newest or box.asked is not None:  # else it is to follow no plan
                box.sent, box.note = asked, ""
        elif is_newest:
            box.note = f"The box has not taken the plan: {answer.status}."

    def follow_plans(self) -> None:
        """Send all plans that have changed."""
        for box in self.boxes.values():
            self.do(self.follow_plan(box))

    async def run(self) -> None:
        """Compare plans with what was charged, and end offers that nobody has confirmed."""
        while True:
            await asyncio.sleep(LOOK_S)
            for box in self.boxes.values():
                is_over = box.offered_until_s < time.monotonic()
                if box.stage is PairingStage.OFFERED and is_over:
                    box.stage, box.note = PairingStage.NEW, "Nobody has pressed the touch key."
            self.follow_plans()
