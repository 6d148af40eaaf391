"""What the stored sessions are held against, and each way in which they can be wrong."""

import pytest

from msgs.session import EndReason, SessionRecord
from verifier.ledger import STILL_S, Ledger


def record(session_id: str, began: int, ended: int, energy_wh: float = 50.0) -> SessionRecord:
    return SessionRecord(
        session_id=session_id,
        started_utc_ns=began,
        ended_utc_ns=ended,
        start_energy_wh=100.0,
        energy_wh=energy_wh,
        end_reason=EndReason.UNPLUGGED if ended else None,
    )


def lived(heard_wh: float = 150.0, heard_after_s: float = 1.0) -> Ledger:
    """Return the ledger of a session "a" that has drawn 50 Wh and is over."""
    ledger = Ledger()
    ledger.world(100.0, 0.0)
    ledger.says("a")
    ledger.world(150.0, 10.0)
    ledger.heard(heard_wh, 10.0 + heard_after_s)
    ledger.says("")
    return ledger


def names(ledger: Ledger, *records: SessionRecord) -> list[str]:
    return [finding.invariant for finding in ledger.judge(records)]


def test_what_was_said_and_stored_once_is_right() -> None:
    assert names(lived(), record("a", 1, 2)) == []


def test_nothing_stored_of_nothing_said_is_right() -> None:
    assert names(Ledger()) == []


def test_a_session_that_still_runs_needs_no_end() -> None:
    ledger = lived()
    ledger.says("b")
    assert names(ledger, record("a", 1, 2), record("b", 3, 0)) == []


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
def test_each_wrong_store_is_told(records: list[SessionRecord], wrong: list[str]) -> None:
    assert names(lived(), *records) == wrong


def test_a_session_begun_again_after_its_end_is_told() -> None:
    ledger = lived()
    ledger.says("a")
    ledger.says("")
    assert "stored_once" in names(ledger, record("a", 1, 2))


def test_energy_that_session_could_not_hear_of_is_not_asked_of_it() -> None:
    late = lived(heard_wh=130.0, heard_after_s=STILL_S / 2)
    assert names(late, record("a", 1, 2, energy_wh=30.0)) == []
    assert names(late, record("a", 1, 2, energy_wh=29.0)) == ["energy"]
    deaf = lived()
    deaf.says("b")
    deaf.forget()
    deaf.says("")
    assert names(deaf, record("a", 1, 2), record("b", 3, 4, energy_wh=0.0)) == []
