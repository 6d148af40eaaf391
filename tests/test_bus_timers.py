"""Deadlines run in their order; what is cancelled is forgotten."""

from bus.timers import Timers


def test_equal_times_run_in_the_order_in_which_they_were_asked_for() -> None:
    timers, ran = Timers(), list[str]()
    timers.add(20, lambda: ran.append("later"))
    timers.add(10, lambda: ran.append("first"))
    timers.add(10, lambda: ran.append("second"))
    assert timers.next_ns() == 10
    while timers.run_due(15):
        pass
    assert ran == ["first", "second"]
    assert timers.next_ns() == 20


def test_a_cancelled_period_is_forgotten_although_other_deadlines_are_due() -> None:
    timers, ran = Timers(), list[int]()
    period = timers.add(10, lambda: ran.append(1), period_ns=10)
    assert timers.run_due(10)
    period.cancel()
    for now_ns in (20, 30, 40):
        while timers.run_due(now_ns):
            pass
    assert ran == [1]
    assert timers.next_ns() is None
    assert not timers._heap


def test_missed_rounds_of_a_period_are_left_out() -> None:
    timers, ran = Timers(), list[int]()
    timers.add(10, lambda: ran.append(1), period_ns=10)
    while timers.run_due(57):
        pass
    assert ran == [1]
    assert timers.next_ns() == 60
