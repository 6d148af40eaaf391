"""Correct session stores, and each way in which a store can be wrong."""

import pytest

from msgs.session import EndReason, SessionRecord
from tests.builders import session_record
from verifier.store_audit import STILL_S, StoreAudit


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
    audit.take_running("a")
    audit.take_world_counter(150.0, 10.0)
    audit.take_heard_counter(heard_wh, 10.0 + heard_after_s)
    audit.take_running("")
    return audit


def names(audit: StoreAudit, *records: SessionRecord) -> list[str]:
    return [finding.invariant for finding in audit.check(records)]


def test_a_session_published_and_stored_once_is_correct() -> None:
    assert names(audited(), record("a", 1, 2)) == []


def test_no_session_and_no_record_is_correct() -> None:
    assert names(StoreAudit()) == []


def test_a_session_that_still_runs_needs_no_end() -> None:
    audit = audited()
    audit.take_running("b")
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
    audit.take_running("a")
    audit.take_running("")
    assert "stored_once" in names(audit, record("a", 1, 2))


def test_energy_that_never_reached_session_is_not_required() -> None:
    late = audited(heard_wh=130.0, heard_after_s=STILL_S / 2)
    assert names(late, record("a", 1, 2, energy_wh=30.0)) == []
    assert names(late, record("a", 1, 2, energy_wh=29.0)) == ["energy"]
    unheard = audited()
    unheard.take_running("b")
    unheard.forget_heard()
    unheard.take_running("")
    assert names(unheard, record("a", 1, 2), record("b", 3, 4, energy_wh=0.0)) == []
