"""The sequences of IEC 61851-1:2017, Table A.6, by the whole box and a simulated vehicle.

State D and a vehicle that shows C from the first moment on (sequences 1.2, 3.2) need a vehicle that
is not in the simulated world; they stand in test_machine.py here and in tests/safety/machine.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.box import Box

X1 = "100"


def plugged(box: Box) -> None:
    """B1: plugged, not tested yet."""
    box.act("plug")
    box.advance(0.1)


def offered(box: Box) -> None:
    """B2: offered current, the vehicle does not ask for energy."""
    box.act("plug")
    box.wait(lambda: box.phase == "ready")
    box.advance(6.0)


def charging(box: Box) -> None:
    """C2: charging for long enough that the offer may change."""
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.is_drawing)
    box.advance(10.0)


def paused(box: Box) -> None:
    """B1: the box has paused, the vehicle has opened S2."""
    charging(box)
    pause(box)
    box.wait(lambda: box.contactor == "open")
    box.advance(6.0)


def shorted(box: Box) -> None:
    """E: the line is shorted, the box waits until the short is removed."""
    charging(box)
    box.act("fault", {"name": "cp_short"})
    box.advance(3.0)


def pause(box: Box) -> None:
    box.ask("session", "wish", {"pause": True})


def resume(box: Box) -> None:
    box.ask("session", "wish", {"pause": False})


def limit(limit_a: float) -> Callable[[Box], None]:
    return lambda box: box.ask("session", "wish", {"limit_a": limit_a})


def nothing(box: Box) -> None:
    """Leave all as it is."""


def does(method: str, **arguments: object) -> Callable[[Box], None]:
    return lambda box: box.act(method, arguments)


def stubborn(box: Box) -> None:
    """C1: a vehicle that ignores x1."""
    box.act("fault", {"name": "ignores_x1"})
    pause(box)


# sequence, what it is, from, what happens, the answer, its detail, not before and within [s].
FIRST = "16.6667"  # 10 A, until the house meter has shown the vehicle
SEQUENCES = [
    ("1.1", "plugged in: A to B1", lambda _: None, does("plug"), "plugged", "", 0.0, 0.1),
    ("2.1", "unplugged, not charging: B2 to A", offered, does("pull"), "duty", X1, 0.0, 0.1),
    ("2.2", "unplugged, charging: C2 to A", charging, does("pull"), "contacts_open", "", 0.0, 0.1),
    ("3.1", "current is offered: B1 to B2", plugged, nothing, "duty", FIRST, 2.0, 4.0),
    ("4.1", "S2 closes: B2 to C2", offered, does("ready"), "contacts_closed", "", 1.0, 1.0 + 3.0),
    ("5", "less is offered", charging, limit(10.0), "duty", "16.6667", 0.0, 0.1),
    ("6", "more is offered again", paused, resume, "duty", "53.3333", 0.0, 8.0),
    ("7", "the vehicle stops: C2 to B2", charging, does("full"), "contacts_open", "", 0.0, 4.1),
    ("8.1", "S2 opens in x1: C1 to B1", charging, pause, "contacts_open", "", 0.0, 4.1),
    ("9.1", "the box stops: C2 to C1", charging, pause, "duty", X1, 0.0, 0.1),
    ("10.2", "x1 is ignored: C1", charging, stubborn, "contacts_open", "", 6.0, 6.2),
    ("11", "shorted to earth: C2 to E", charging, does("fault", name="cp_short"),
     "contacts_open", "", 0.0, 0.1),
    ("11", "x1 in E", charging, does("fault", name="cp_short"), "duty", X1, 0.0, 0.1),
    ("12", "no state: C2 to between", charging, does("fault", name="cp_mid"),
     "contacts_open", "", 0.0, 0.1),
    ("13", "stuck at -12 V: C2 to F", charging, does("fault", name="cp_minus"),
     "contacts_open", "", 0.0, 0.1),
    ("12", "the short is removed: E to B1", shorted, does("clear", name="cp_short"),
     "duty", "53.3333", 2.0, 20.0),
    ("wake-up", "no answer for 30 s: B2 to F", offered, nothing, "duty", "0", 20.0, 26.0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("begin", "act", "what", "detail", "not_before_s", "within_s"),
    [row[2:] for row in SEQUENCES],
    ids=[f"{row[0]} {row[1]}" for row in SEQUENCES],
)
def test_a_sequence_of_table_a_6(
    begin: Callable[[Box], None],
    act: Callable[[Box], None],
    what: str,
    detail: str,
    not_before_s: float,
    within_s: float,
    tmp_path: Path,
) -> None:
    box = Box(tmp_path)
    begin(box)
    count, began_s = len(box.events), box.now_s
    act(box)

    def answers() -> list[float]:
        new = box.events[count:]
        return [at_s for name, at_s, said in new if name == what and said == detail]

    assert box.is_soon(lambda: bool(answers()), within_s), box.events[count:]
    assert not_before_s <= answers()[0] - began_s <= within_s


def test_sequence_7_opens_a_tenth_of_a_second_after_s2(tmp_path: Path) -> None:
    for number, act in enumerate((does("full"), pause)):  # 7, and 8.1
        box = Box(tmp_path / str(number))
        charging(box)
        act(box)
        box.advance(5.0)
        assert box.contactor == "open"
        opened_s = box.happened("contacts_open")
        assert 0.0 <= opened_s - box.happened("s2_opened") <= 0.1
        assert not box.is_drawing


def test_sequence_5_and_6_keep_five_seconds_between_a_change_and_a_raise(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charging(box)
    limit(10.0)(box)
    box.advance(1.0)
    lowered_s = box.happened("duty")
    limit(20.0)(box)
    box.advance(10.0)
    assert box.happened("duty") - lowered_s >= 5.0
    limit(13.0)(box)  # less comes at once, whenever
    asked_s = box.now_s
    box.advance(1.0)
    assert box.happened("duty") - asked_s <= 0.1


def test_a_sleeping_vehicle_is_woken_and_charges(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.act("fault", {"name": "asleep"})
    box.act("plug")
    box.act("ready")
    box.advance(30.0)
    assert box.contactor == "open"
    states = set()
    for _ in range(120):
        box.advance(0.1)
        states.add(box.state)
    assert states == {"ReadyForCharging", "Charging"}  # waking it is no fault
    assert box.contactor == "closed"
    assert box.retries == 0


def test_a_vehicle_that_is_full_is_left_asleep(tmp_path: Path) -> None:
    box = Box(tmp_path)
    charging(box)
    box.act("full")
    box.advance(300.0)
    assert "0" not in [detail for what, _, detail in box.events if what == "duty"]
