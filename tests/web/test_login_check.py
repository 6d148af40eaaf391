"""The check of logins when many attempts come at once."""

import threading
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.web.conftest import LABEL, PASSWORD, Desk
from web.account import MOST_PASSWORD, Hasher, normal
from web.backoff import FREE
from web.budgets import Client
from web.login_check import Attempt, Change, LoginResult

HERE = Client(address="127.0.0.1")


@pytest.fixture
def _hashes() -> None:
    """Hash passwords as the box does: two of them would meet."""


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
        attempts = list(
            crowd.map(lambda n: desk.login_check.sign_in("admin", f"no {n}", HERE), range(40))
        )
    verdicts = [attempt.result for attempt in attempts]
    assert verdicts.count(LoginResult.WRONG) == FREE
    assert verdicts.count(LoginResult.WAIT) == 40 - FREE


def test_a_login_while_another_is_checked_is_answered_with_an_explanation(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = desk.owner()
    monkeypatch.setattr("web.login_check.BUSY_S", 0.01)
    monkeypatch.setattr(Hasher, "is_right", lambda *_: _log_in_meanwhile(desk))
    answer = browser.send("/user", {"show": "recovery_key", "current_password": PASSWORD})
    assert LABEL.recovery_key in answer.text


def _log_in_meanwhile(desk: Desk) -> bool:
    """Attempt a login while another attempt is being checked."""
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
    login_check = desk.login_check
    prove = login_check.prove_password

    def overtaken(password: str, client: Client) -> Attempt:
        attempt = prove(password, client)
        monkeypatch.undo()
        first = Change(
            user="anna",
            password="the first one",
            password_again="the first one",
            current_password=PASSWORD,
        )
        assert login_check.change(first, client)[0].result is LoginResult.RIGHT
        return attempt

    monkeypatch.setattr(login_check, "prove_password", overtaken)
    second = Change(
        user="bea",
        password="the second one",
        password_again="the second one",
        current_password=PASSWORD,
    )
    attempt, errors = login_check.change(second, HERE)
    assert (attempt.result, errors) == (LoginResult.WRONG, {})
    assert login_check.account.user == "anna"
    assert login_check.sign_in("anna", "the first one", HERE).result is LoginResult.RIGHT


def test_a_choice_without_a_proof_does_not_replace_one_that_came_first(desk: Desk) -> None:
    login_check = desk.login_check
    first, second = (
        Change(user=user, password=new, password_again=new, current_password=None, change_count=0)
        for user, new in (("anna", "a wholly different one"), ("bea", "correct horse battery"))
    )
    assert login_check.change(first, HERE)[0].result is LoginResult.RIGHT
    assert login_check.change(second, HERE)[0].result is LoginResult.WRONG
    assert login_check.account.user == "anna"


def test_a_browser_that_proved_an_older_password_is_no_known_device(desk: Desk) -> None:
    desk.owner()
    check = desk.login_check
    assert check.know_device(HERE, check.account.change_count - 1) == ""
    assert check.know_device(HERE, check.account.change_count)


def test_the_wait_of_a_full_disk_is_counted_in_memory(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.owner()
    monkeypatch.setattr("bus.store.os.replace", _full)
    for _ in range(FREE):
        desk.login_check.sign_in("admin", "wrong", HERE)
    assert desk.login_check.sign_in("admin", PASSWORD, HERE).result is LoginResult.WAIT
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
        desk.login_check.sign_in("admin", "wrong", HERE)
        desk.box.time_s += 60.0
    assert writes == list(range(1, FREE + 7))


def test_a_text_of_many_accents_stops_nobody(desk: Desk) -> None:
    """Composing 64 KiB of them takes seconds, in which no other thread of Python runs."""
    accents = "e" + "\u0301" * 15_000 + "\u0327" * 15_000
    change = Change(
        user=accents, password=accents, password_again=accents, current_password=accents
    )
    began_s = time.thread_time()
    assert normal(accents) == accents
    assert desk.login_check.sign_in(accents, accents, HERE).result is LoginResult.WRONG
    assert any("32 at most" in each for each in desk.login_check.change(change, HERE)[1].values())
    assert time.thread_time() - began_s < 0.5


def test_the_longest_text_is_composed_however_it_was_typed() -> None:
    longest = "\u1f82" * MOST_PASSWORD  # each of four characters, where they come apart
    assert normal(unicodedata.normalize("NFD", longest)) == longest


@pytest.mark.parametrize("password", ["x" * 129, "x" * 100_000, "\ud800", "\0", ""])
def test_a_password_that_nobody_can_have_is_wrong(desk: Desk, password: str) -> None:
    desk.owner()
    assert desk.login_check.sign_in("admin", password, HERE).result is LoginResult.WRONG
