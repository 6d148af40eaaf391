"""What waits for the disk is bounded, in order, and tried again."""

from msgs.session import SessionRecord
from nodes.session.ledger import RETRY_S, Entry, Ledger, Written, accept, hand_out, keep


def entry(session_id: str, energy_wh: float = 0.0) -> Entry:
    record = SessionRecord(
        session_id=session_id,
        started_utc_ns=1,
        ended_utc_ns=0,
        start_energy_wh=0.0,
        energy_wh=energy_wh,
        end_reason=None,
    )
    return Entry(record=record, seated=True, seen_utc_ns=1)


def test_one_entry_is_written_at_a_time_in_order() -> None:
    ledger = keep(keep(Ledger(), entry("a")), entry("b"))
    ledger, first = hand_out(ledger, 0.0)
    assert first == entry("a")
    assert hand_out(ledger, 0.0)[1] is None
    assert not ledger.has(entry("a").record)
    ledger = accept(ledger, Written(), 0.0)
    assert ledger.has(entry("a").record)
    ledger, second = hand_out(ledger, 0.0)
    assert second == entry("b")
    ledger = accept(ledger, Written(), 0.0)
    assert ledger.is_stored


def test_a_newer_form_of_a_session_takes_the_older_ones_place() -> None:
    ledger = Ledger()
    for energy_wh in range(1000):
        ledger = keep(ledger, entry("a", energy_wh))
    assert ledger.unsaved == (entry("a", 999),)


def test_what_could_not_be_written_is_tried_again_before_what_follows() -> None:
    ledger, _ = hand_out(keep(keep(Ledger(), entry("a")), entry("b")), 0.0)
    ledger = accept(ledger, Written(problem="full"), 0.0)
    assert ledger.problem == "full"
    assert hand_out(ledger, RETRY_S - 0.1)[1] is None
    ledger, again = hand_out(ledger, RETRY_S)
    assert again == entry("a")
    assert accept(ledger, Written(), RETRY_S).problem is None


def test_what_could_not_be_written_is_dropped_for_a_newer_form_of_it() -> None:
    ledger, _ = hand_out(keep(Ledger(), entry("a", 1.0)), 0.0)
    ledger = accept(keep(ledger, entry("a", 2.0)), Written(problem="full"), 0.0)
    assert ledger.unsaved == (entry("a", 2.0),)


def test_a_result_that_nobody_waits_for_changes_nothing() -> None:
    assert accept(Ledger(), Written(problem="full"), 0.0) == Ledger()
