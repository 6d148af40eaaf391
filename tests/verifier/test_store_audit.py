"""Correct session stores, and each way in which a store can be wrong."""

import pytest

from msgs.session import EndReason, SessionRecord
from tests.builders import session_record
from verifier.store_audit import RETRY_S, STILL_S, WRITE_S, StoreAudit

NOW_S = 20.0


def record(session_id: str, began: int, ended: int, energy_wh: float = 50.0) -> SessionRecord:
    return session_record(
        session_id=session_id,
        started_utc_ns=began,
        ended_utc_ns=ended,
        start_energy_wh=100.0,
        energy_wh=energy_wh,
        end_reason=EndReason.UNPLUGGED if ended else None,
    )


def audited(heard_wh: float = 150.0, heard_after_s: float = 1.0) -> StoreAudit:
    """Return the audit of a session "a" that has drawn 50 Wh and is over."""
    audit = StoreAudit()
    audit.take_world_counter(100.0, 0.0)
    audit.take_running("a", NOW_S)
    audit.take_world_counter(150.0, 10.0)
    audit.take_heard_counter(heard_wh, 10.0 + heard_after_s)
    audit.take_running("", NOW_S)
    return audit


def names(audit: StoreAudit, *records: SessionRecord) -> list[str]:
    return [finding.invariant for finding in audit.check(records)]


def test_a_session_published_and_stored_once_is_correct() -> None:
    assert names(audited(), record("a", 1, 2)) == []


def test_no_session_and_no_record_is_correct() -> None:
    assert names(StoreAudit()) == []


def test_a_session_that_still_runs_needs_no_end() -> None:
    audit = audited()
    audit.take_running("b", NOW_S)
    assert names(audit, record("a", 1, 2), record("b", 3, 0)) == []


@pytest.mark.parametrize(
    ("records", "wrong"),
    [
        ([], ["stored_once"]),
        ([record("a", 1, 2), record("a", 3, 4)], ["stored_once"]),
        ([record("a", 1, 0)], ["ended"]),
        ([record("a", 2, 1)], ["ended"]),
        ([record("a", 1, 4), record("b", 3, 5)], ["ended"]),
        ([record("a", 1, 2, energy_wh=50.02)], ["energy"]),
        ([record("a", 1, 2, energy_wh=49.98)], ["energy", "energy"]),
    ],
)
def test_each_wrong_store_is_found(records: list[SessionRecord], wrong: list[str]) -> None:
    assert names(audited(), *records) == wrong


def test_a_session_begun_again_after_its_end_is_found() -> None:
    audit = audited()
    audit.take_running("a", NOW_S)
    audit.take_running("", NOW_S)
    assert "stored_once" in names(audit, record("a", 1, 2))


def test_energy_that_never_reached_session_is_not_required() -> None:
    late = audited(heard_wh=130.0, heard_after_s=STILL_S / 2)
    assert names(late, record("a", 1, 2, energy_wh=30.0)) == []
    assert names(late, record("a", 1, 2, energy_wh=29.0)) == ["energy"]
    unheard = audited()
    unheard.take_running("b", NOW_S)
    unheard.forget_heard()
    unheard.take_running("", NOW_S)
    assert names(unheard, record("a", 1, 2), record("b", 3, 4, energy_wh=0.0)) == []


REFUSED_S = NOW_S + WRITE_S
ACCEPTED_S = REFUSED_S + 1.0


def refused(audit: StoreAudit) -> StoreAudit:
    """Let the disk refuse for a time, in which a session "b" begins."""
    audit.note_disk(refuses=True, now_s=REFUSED_S)
    audit.take_running("b", REFUSED_S)
    audit.note_disk(refuses=False, now_s=ACCEPTED_S)
    audit.take_running("", ACCEPTED_S + RETRY_S)
    return audit


def test_a_session_that_the_disk_refused_may_be_missing_or_without_its_end() -> None:
    assert names(refused(audited()), record("a", 1, 2)) == []
    assert names(refused(audited()), record("a", 1, 2), record("b", 3, 0)) == []
    assert names(refused(audited()), record("b", 3, 0)) == ["stored_once"]


@pytest.mark.parametrize(("after_s", "wrong"), [(0.5 * WRITE_S, []), (WRITE_S, ["ended"])])
def test_an_end_that_was_not_written_yet_when_the_disk_began_to_refuse_may_be_missing(
    after_s: float, wrong: list[str]
) -> None:
    audit = audited()  # "a" ends at NOW_S
    audit.note_disk(refuses=True, now_s=NOW_S + after_s)
    assert names(audit, record("a", 1, 0)) == wrong


def test_a_session_that_a_card_began_is_stored_though_the_disk_refused_later() -> None:
    audit = refused(audited())
    audit.note_permitted("b")
    assert names(audit, record("a", 1, 2)) == ["stored_once"]


def test_a_session_of_a_time_after_the_refusal_must_be_stored() -> None:
    audit = refused(audited())
    audit.take_running("c", ACCEPTED_S + RETRY_S)
    audit.take_running("", NOW_S + 60.0)
    assert names(audit, record("a", 1, 2)) == ["stored_once"]


@pytest.mark.parametrize(
    "records",
    [
        (record("a", 2, 1, 0.0), record("b", 3, 4, 0.0)),
        (record("a", 1, 9, 0.0), record("b", 3, 4, 0.0)),
    ],
)
@pytest.mark.parametrize("is_set", [False, True])
def test_times_are_compared_only_if_utc_was_not_set_in_between(
    records: tuple[SessionRecord, ...], is_set: bool
) -> None:
    audit = StoreAudit()
    audit.take_world_counter(100.0, 0.0)
    audit.take_running("a", NOW_S)
    if is_set:
        audit.note_utc_set()
    audit.take_running("", NOW_S)
    audit.take_running("b", NOW_S)
    audit.take_running("", NOW_S)
    assert names(audit, *records) == ([] if is_set else ["ended"])


@pytest.mark.parametrize(("flowed_wh", "wrong"), [(4.0, []), (3.0, ["energy"])])
def test_what_a_silent_chip_has_counted_is_known_when_it_shows_it_again(
    flowed_wh: float, wrong: list[str]
) -> None:
    audit = StoreAudit()
    audit.take_world_counter(100.0, 0.0)
    audit.take_running("a", NOW_S)
    audit.note_hidden("chip_dead", is_hidden=True)
    audit.take_running("", NOW_S)
    audit.note_hidden("chip_dead", is_hidden=False)
    audit.take_world_counter(100.0 + flowed_wh, NOW_S + 1.0)
    audit.take_world_counter(200.0, NOW_S + 2.0)  # of the next vehicle
    assert names(audit, record("a", 1, 2, energy_wh=4.0)) == wrong
