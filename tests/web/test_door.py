"""The account's door under many hands at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.web.conftest import LABEL, PASSWORD, Desk
from web.account import Hasher
from web.backoff import FREE
from web.door import Attempt, Change, Verdict

HERE = "127.0.0.1"


def test_one_hash_at_a_time_and_a_crowd_waits_as_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.owner()
    is_right = Hasher.is_right
    running = threading.Semaphore(1)

    def counted(hasher: Hasher, password: str, password_hash: str) -> bool:
        assert running.acquire(blocking=False), "two hashes at once"
        try:
            return is_right(hasher, password, password_hash)
        finally:
            running.release()

    monkeypatch.setattr(Hasher, "is_right", counted)
    with ThreadPoolExecutor(16) as crowd:
        attempts = list(crowd.map(lambda n: desk.door.sign_in("admin", f"no {n}", HERE), range(40)))
    verdicts = [attempt.verdict for attempt in attempts]
    assert verdicts.count(Verdict.WRONG) == FREE
    assert verdicts.count(Verdict.WAIT) == 40 - FREE


def test_a_hash_that_takes_too_long_is_waited_for_in_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = desk.owner()
    monkeypatch.setattr("web.door.BUSY_S", 0.01)
    monkeypatch.setattr(Hasher, "is_right", lambda *_: _log_in_meanwhile(desk))
    answer = browser.send("/user", {"show": "recovery_key", "current_password": PASSWORD})
    assert LABEL.recovery_key in answer.text


def _log_in_meanwhile(desk: Desk) -> bool:
    """Come to the door while another attempt stands in it."""
    token = desk.browser()
    answer = token.login(password=PASSWORD)
    assert answer.status_code == 503
    assert "The wallbox is busy with another login." in answer.text
    assert answer.headers["Retry-After"] == "1"
    return True


def test_a_proof_is_worth_nothing_after_another_change(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.owner()
    door = desk.door
    prove = door.prove_password

    def overtaken(password: str, address: str) -> Attempt:
        attempt = prove(password, address)
        monkeypatch.undo()
        first = Change(
            user="anna",
            password="the first one",
            password_again="the first one",
            current_password=PASSWORD,
        )
        assert door.change(first, address)[0].verdict is Verdict.RIGHT
        return attempt

    monkeypatch.setattr(door, "prove_password", overtaken)
    second = Change(
        user="bea",
        password="the second one",
        password_again="the second one",
        current_password=PASSWORD,
    )
    attempt, errors = door.change(second, HERE)
    assert (attempt.verdict, errors) == (Verdict.WRONG, [])
    assert door.account.user == "anna"
    assert door.sign_in("anna", "the first one", HERE).verdict is Verdict.RIGHT


def test_the_wait_of_a_full_disk_is_counted_in_memory(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.owner()
    monkeypatch.setattr("bus.store.os.replace", _full)
    for _ in range(FREE):
        desk.door.sign_in("admin", "wrong", HERE)
    assert desk.door.sign_in("admin", PASSWORD, HERE).verdict is Verdict.WAIT
    assert any("No space left" in text for _, text in desk.box.lines)


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_flood_writes_little(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.owner()
    writes: list[int] = []
    keep = desk.store.keep_failures

    def counted(failures: int) -> None:
        writes.append(failures)
        keep(failures)

    monkeypatch.setattr(desk.store, "keep_failures", counted)
    for _ in range(50):
        desk.door.sign_in("admin", "wrong", HERE)
        desk.box.time_s += 60.0
    assert writes == list(range(1, FREE + 7))


@pytest.mark.parametrize("password", ["x" * 129, "x" * 100_000, "\ud800", "\0", ""])
def test_a_password_that_nobody_can_have_is_wrong(desk: Desk, password: str) -> None:
    desk.owner()
    assert desk.door.sign_in("admin", password, HERE).verdict is Verdict.WRONG
