"""Check the stored sessions: each once, with its end, and with the meter's energy.

Pure. Takes what session publishes and receives and what the simulated world has counted, and
compares it with the records at the end. A session that the disk has refused may be missing or
without its end, if it needed no card; times are compared only where UTC was not set in between.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from msgs.session import SessionRecord

ROUNDING_WH = 0.01
WRITE_S = 1.0  # an end is written soon after it was published
RETRY_S = 15.0  # session writes again each 5 s while the disk refuses
STILL_S = 0.5  # with no change of the world's counter for this long, session has its last value


class AuditFinding(NamedTuple):
    """One error in the store."""

    invariant: str
    detail: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnd:
    """The counters [Wh] when session published that a session is over."""

    heard_wh: float | None  # the newest counter that reached session since its start
    world_wh: float
    is_settled: bool  # session has heard the meter since the world's counter last moved


class StoreAudit:
    """Follows the sessions of one box."""

    def __init__(self) -> None:
        self.published: list[str] = []  # every session_id, in order
        self.ends: dict[str, SessionEnd] = {}
        self.running = ""  # the session_id that session publishes; "" is none
        self._heard_wh: float | None = None
        self._heard_s = float("-inf")
        self._world_wh = 0.0
        self._moved_s = float("-inf")
        self._hidden_by: set[str] = set()  # faults that hide the world's counter
        self._unknown: set[str] = set()  # sessions that have ended meanwhile
        self._refused: set[str] = set()  # sessions of a time in which the disk refused
        self._carded: set[str] = set()  # that were permitted by a card, and so are on the disk
        self._refuses = False
        self._last = ""  # the session that has ended last
        self._ended_s = float("-inf")
        self._refused_until_s = float("-inf")
        self._utc_sets = 0
        self._utc_of: dict[tuple[str, str], int] = {}  # UTC sets before its beginning, its end

    def note_disk(self, *, refuses: bool, now_s: float) -> None:
        """Note whether the disk takes writes."""
        if self._refuses:
            self._refused_until_s = now_s
        self._refuses = refuses
        if refuses:
            self._refused.add(self.running)
            if now_s < self._ended_s + WRITE_S:
                self._refused.add(self._last)

    def note_hidden(self, fault: str, *, is_hidden: bool) -> None:
        """Note that the meter chip does not show what it counts, or shows it again.

        What has flowed until the end of a session is known with the next value then.
        """
        (self._hidden_by.add if is_hidden else self._hidden_by.discard)(fault)

    def note_utc_set(self) -> None:
        """Note that UTC was set."""
        self._utc_sets += 1

    def note_permitted(self, session_id: str) -> None:
        """Note that session permits a session that a card has begun."""
        self._carded.add(session_id)

    def take_world_counter(self, counter_wh: float, now_s: float) -> None:
        """Note the energy that the simulated world has counted at the box's meter."""
        if counter_wh != self._world_wh:
            self._world_wh = counter_wh
            self._moved_s = now_s
        if not self._hidden_by:
            for one in self._unknown:
                self.ends[one] = replace(self.ends[one], world_wh=counter_wh)
            self._unknown.clear()

    def take_heard_counter(self, counter_wh: float, stamp_s: float) -> None:
        """Note a counter that has reached session."""
        self._heard_wh = counter_wh
        self._heard_s = stamp_s

    def forget_heard(self) -> None:
        """Note that session has started again: no counter has reached it yet."""
        self._heard_wh = None

    def take_running(self, session_id: str, now_s: float) -> None:
        """Note the session that session publishes as running; "" is none."""
        if session_id == self.running:
            return
        if self._refuses or now_s < self._refused_until_s + RETRY_S:
            self._refused |= {session_id, self.running}
        if self.running:
            self._last, self._ended_s = self.running, now_s
            self._utc_of[self.running, "end"] = self._utc_sets
            is_settled = self._heard_wh is not None and self._heard_s > self._moved_s + STILL_S
            self.ends[self.running] = SessionEnd(
                heard_wh=self._heard_wh,
                world_wh=self._world_wh,
                is_settled=is_settled and not self._hidden_by,
            )
            if self._hidden_by:
                self._unknown.add(self.running)
        if session_id:
            self._utc_of.setdefault((session_id, "begin"), self._utc_sets)
            self.published.append(session_id)
        self.running = session_id

    def check(self, records: Sequence[SessionRecord]) -> Iterator[AuditFinding]:
        """Compare with the stored records, oldest first."""
        stored = [record.session_id for record in records]
        for one in sorted({one for one in stored if stored.count(one) > 1}):
            yield AuditFinding("stored_once", f"stored {stored.count(one)} times", one)
        for one in self.published:
            is_refused = one in self._refused
            if one not in stored and (not is_refused or one in self._carded):
                yield AuditFinding("stored_once", "published as running, and not stored", one)
            if self.published.count(one) > 1 and not is_refused:
                yield AuditFinding("stored_once", "begun again after its end", one)
        for index, record in enumerate(records):
            one, end = record.session_id, self.ends.get(record.session_id)
            if one in self._refused:
                continue
            following = records[index + 1] if index + 1 < len(records) else None
            for detail in self._wrong_ends(record, following):
                yield AuditFinding("ended", detail, one)
            for detail in () if end is None else _wrong_energies(record, end):
                yield AuditFinding("energy", detail, one)

    def _wrong_ends(self, record: SessionRecord, following: SessionRecord | None) -> Iterator[str]:
        one = record.session_id
        began, ended = (self._utc_of.get((one, what)) for what in ("begin", "end"))
        if not record.ended_utc_ns or record.end_reason is None:
            if one != self.running:
                yield "has no end"
        elif began == ended and record.ended_utc_ns < record.started_utc_ns:
            yield "ends before it begins"
        elif (
            following is not None
            and began == self._utc_of.get((following.session_id, "begin"), began)
            and record.ended_utc_ns > following.started_utc_ns
        ):
            yield "ends after the next one has begun"


def _wrong_energies(record: SessionRecord, end: SessionEnd) -> Iterator[str]:
    stored = f"has {record.energy_wh:.3f} Wh"
    world_wh = end.world_wh - record.start_energy_wh
    if record.energy_wh > world_wh + ROUNDING_WH:
        yield f"{stored}; {world_wh:.3f} Wh have flowed"
    if end.heard_wh is None:
        return
    heard_wh = end.heard_wh - record.start_energy_wh
    if record.energy_wh < heard_wh - ROUNDING_WH:
        yield f"{stored}; by the meter values that reached it, {heard_wh:.3f} Wh"
    if end.is_settled and record.energy_wh < world_wh - ROUNDING_WH:
        yield f"{stored}; {world_wh:.3f} Wh have flowed, and later meter values have reached it"
