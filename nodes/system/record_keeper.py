"""Wiring of the safety record: what safety publishes, its files, its status, two requests."""

from functools import partial

from msgspec.structs import replace

from bus import Bus, Call
from bus.disk_words import not_changed
from bus.moment import Moment
from bus.write_behind import WriteResult, write_result
from msgs.evidence import (
    RenewPart,
    SafetyEvidence,
    SafetyRecord,
    SafetyRecordArguments,
    SafetyRecordStatus,
)
from msgs.methods import RENEW_PART, SHOW_SAFETY_RECORD
from msgs.topics import SAFETY_EVIDENCE, SAFETY_RECORD
from nodes.system.record_pace import RecordWrite, begin, keep, last
from nodes.system.record_store import RecordStore
from nodes.system.safety_record import KeptRecord, answer_of, hear, renewed, status_of


class RecordKeeper:
    """Hears safety, and keeps what it counts. A disk that refuses is logged, and tried again."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._store = RecordStore(bus.state_dir)
        bus.on_close(self._store.close)
        record, self._stored = self._store.read(partial(bus.log, "error"))
        self._pace = begin(record)
        self._planned_s = float("inf")  # the next look at the pace
        self._published: SafetyRecordStatus | None = None
        self._publish()
        bus.subscribe(SAFETY_EVIDENCE, on_change=self._on_evidence)
        bus.serve(SHOW_SAFETY_RECORD, self._on_show)
        self._is_renewing = False  # until the disk has answered
        bus.serve(RENEW_PART, self._on_renew)

    def stop(self) -> None:
        """Write what is not on the disk yet; the bus waits for it."""
        write = last(self._pace)
        if write is not None:
            self._bus.offload("safety record", partial(self._write, write), lambda _: None)

    def _on_evidence(self, evidence: SafetyEvidence) -> None:
        clock = self._bus.clock
        record = hear(self._pace.record, evidence, clock.utc_ns(), is_utc_set=clock.is_utc_set())
        if record is not self._pace.record:
            self._pace = replace(self._pace, record=record)
            self._go_on(None)

    def _go_on(self, written: WriteResult | None) -> None:
        """Write if it is due, else look again when it is."""
        moment = Moment(self._bus.clock.now_s())
        self._pace, write = keep(self._pace, written, moment)
        if write is not None:
            work = partial(self._write, write)
            self._bus.offload("safety record", work, self._on_written)
        elif moment.due_s < self._planned_s:
            self._planned_s = moment.due_s
            self._bus.at(moment.due_s, self._on_due)
        self._publish()

    def _on_due(self) -> None:
        self._planned_s = float("inf")
        self._go_on(None)

    def _write(self, write: RecordWrite) -> None:
        self._store.write(write.record, is_whole=write.is_whole)

    def _on_written(self, result: Exception | None) -> None:
        before, written = self._pace.store.problem, write_result(result)
        if written.problem is not None and before is None:
            self._bus.log("error", f"the safety record could not be stored: {written.logged}")
        self._go_on(written)

    def _publish(self) -> None:
        unstored = self._pace.store.problem or ""
        status = status_of(self._pace.record, self._stored, unstored)
        if status != self._published:
            self._published = status
            self._bus.publish(SAFETY_RECORD, status)

    def _on_show(self, call: Call[SafetyRecordArguments, SafetyRecord]) -> None:
        assert self._published is not None, "it is published at the start"
        call.ok(answer_of(self._pace.record, self._published, call.arguments))

    def _on_renew(self, call: Call[RenewPart, None]) -> None:
        """Count from 0 for a new part, once that is on the disk."""
        if self._is_renewing:
            call.not_ready("another part is being stored")
            return
        self._is_renewing = True
        write = RecordWrite(record=self._renewed(call), is_whole=True)
        done = partial(self._on_renewed, call)
        self._bus.offload("safety record", partial(self._write, write), done)

    def _on_renewed(self, call: Call[RenewPart, None], result: Exception | None) -> None:
        self._is_renewing = False
        written = write_result(result)
        if written.problem is not None:
            self._bus.log("error", f"a new part could not be stored: {written.logged}")
            call.refuse(not_changed(written.problem))
            return
        # What was counted meanwhile is in the record, and is written with the next change.
        self._pace = replace(self._pace, record=self._renewed(call))
        self._go_on(None)
        self._bus.log("info", f"{call.caller}: the {call.arguments.part} is new")
        call.ok(None)

    def _renewed(self, call: Call[RenewPart, None]) -> KeptRecord:
        clock = self._bus.clock
        return renewed(
            self._pace.record,
            call.arguments.part,
            clock.utc_ns(),
            is_utc_set=clock.is_utc_set(),
        )
