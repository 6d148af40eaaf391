"""Each store, read after any two damages to its files: it permits no more than before."""

import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bus import PlaceError
from bus.generations import read_and_repair, read_newest_valid, write_generations
from bus.store import StoreError
from msgs.card import Card, CardRole
from msgs.fault_cause import Cause
from msgs.label import LABEL_FILE
from msgs.safety import FaultCode
from msgs.stored import Stored
from nodes.rfid.store import CARDS_FILE, load, save
from nodes.safety.finding import Finding
from nodes.safety.latch import Latch, LatchWrite, decode, recalled
from nodes.session.app_wish import AppWish
from nodes.session.energy_limit import LOST_LIMIT, ChargeLimit
from nodes.session.entry import Entry
from nodes.session.records import SessionStore
from nodes.session.wish_keeper import LIMIT_FILE, LOST_WISH
from nodes.system.label import own_label
from nodes.system.machine import Config, begin, settings_of
from nodes.system.provision import provision
from nodes.web.store import (
    ACCOUNT_FILE,
    DEVICES_FILE,
    FAILURES_FILE,
    LOGINS_FILE,
    TOKEN_FILE,
    WebStore,
)
from tests.builders import session_record
from tests.damages import DAMAGES, copy, damage, files_of
from web.account import Account, factory_account
from web.backoff import MOST_COUNTED
from web.browser_logins import KeptLogin
from web.budgets import KnownDevice
from web.metrics_token import MetricsToken

USER = Card(uid="04A1B2C3", role=CardRole.USER, name="Anna")
ERASED = Card(uid="04FFFFFF", role=CardRole.USER, name="Stolen")
OWN = provision(random.Random(1))
KNOWN = (Stored.CURRENT, Stored.PREVIOUS)


def quiet(*_: object) -> None:
    """Drop what is logged."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the files of a box whose owner has revoked and lowered what can be."""
    directory = tmp_path_factory.mktemp("files")
    own_label(directory, random.Random(1), quiet)
    settings = directory / "settings.json"
    for required, fuse_a in ((False, 63.0), (True, 16.0)):
        changes = {"authorization": {"required": required}, "main_fuse_a": fuse_a}
        write_generations(settings, changes, lowers=required)
    save(directory, (USER, ERASED), lowers=True)
    save(directory, (USER,), lowers=True)
    wish = directory / "session-wish.json"
    for limit_a in (32.0, 8.0):
        write_generations(wish, AppWish(limit_a=limit_a, until_replaced=True), lowers=True)
    limit = directory / LIMIT_FILE
    for limit_wh in (32_000.0, 8000.0):
        write_generations(limit, ChargeLimit(limit_wh=limit_wh, is_asked=True), lowers=True)
    finding = Finding(code=FaultCode.SAFETY_CIRCUIT, cause=Cause.STRAY_CURRENT)
    latch = Latch(since_utc_ns=5, finding=finding)
    for write in (LatchWrite(latches=()), LatchWrite(latches=(latch,), wired=(True, True, True))):
        write_generations(directory / "safety-latch.json", write, lowers=True)
    web = WebStore(directory, quiet)
    web.keep_account(Account(user="anna", password_hash="old", change_count=1))
    web.keep_account(Account(user="anna", password_hash="new", change_count=2))
    row = KeptLogin(id_hash="x", change_count=2, created_utc_ns=1, seen_utc_ns=1)
    web.keep_logins((row,))
    web.keep_logins(())
    web.keep_failures(1)
    web.keep_failures(7)
    web.keep_devices((KnownDevice(id_hash="d", failures=1),))
    web.keep_devices((KnownDevice(id_hash="d", failures=3),))
    web.keep_token(MetricsToken(token_hash="ended", change_count=2))
    web.keep_token(MetricsToken(token_hash="x", change_count=2))
    store = SessionStore(directory / "sessions.sqlite", quiet)
    for number in range(3):
        store.save(entry(number))
    kept = copy(directory, directory.with_name("kept"))  # as after a kill
    store.close()
    return kept


def entry(number: int) -> Entry:
    record = session_record(session_id=f"id-{number}", ended_utc_ns=20, token=USER.uid)
    return Entry(record=record, seated=False, seen_utc_ns=20)


def check_settings(directory: Path) -> None:
    found = read_and_repair(directory / "settings.json", dict[str, Any], quiet)
    config = Config(ssid="x", manufacturers=frozenset(), factory={"main_fuse_a": 35.0})
    settings = settings_of(config, begin(config, found.value or {}, found.stored)[0])
    assert settings.authorization.required
    if found.stored in KNOWN:
        assert settings.main_fuse_a == 16.0
    else:
        assert (settings.main_fuse_a, settings.monitoring.enabled) == (6.0, True)


def check_cards(directory: Path) -> None:
    cards, known = load(directory, quiet)
    assert cards == ((USER,) if known in KNOWN else ())


def check_wish(directory: Path) -> None:
    found = read_and_repair(directory / "session-wish.json", AppWish, quiet)
    wish = LOST_WISH if found.stored is Stored.LOST else found.value
    assert wish is not None
    assert wish.limit_a == (8.0 if found.stored in KNOWN else 6.0)


def check_limit(directory: Path) -> None:
    found = read_and_repair(directory / LIMIT_FILE, ChargeLimit, quiet)
    limit = LOST_LIMIT if found.stored is Stored.LOST else found.value
    assert limit is not None
    assert limit.limit_wh == (8000.0 if found.stored in KNOWN else 0.0)


def check_latch(directory: Path) -> None:
    for _ in range(2):
        kept = recalled(read_newest_valid(directory / "safety-latch.json", decode), 9)
        assert [latch.code for latch in kept.latches] == [FaultCode.SAFETY_CIRCUIT]


def check_label(directory: Path) -> None:
    try:
        label = own_label(directory, random.Random(2), quiet)
    except PlaceError:  # no start, with the reason
        return
    assert label == OWN


def check_web(directory: Path) -> None:
    web = WebStore(directory, quiet)
    account = web.account(OWN)
    assert account != factory_account(OWN)
    assert account.is_lost or account.password_hash == "new"
    assert web.logins() == ()
    assert web.failures() in (7, MOST_COUNTED)
    assert web.token() in (MetricsToken(token_hash="x", change_count=2), MetricsToken())
    assert web.devices() in ((KnownDevice(id_hash="d", failures=3),), ())


def check_sessions(directory: Path) -> None:
    words: list[str] = []
    store = SessionStore(directory / "sessions.sqlite", words.append)
    try:
        newest = store.newest()
        assert newest in (entry(2), None)
        assert newest is not None or words
        store.save(entry(7))
        assert store.newest() == entry(7)
    finally:
        store.close()


CHECKS: dict[str, Callable[[Path], None]] = {
    "settings.json": check_settings,
    CARDS_FILE: check_cards,
    "session-wish.json": check_wish,
    LIMIT_FILE: check_limit,
    "safety-latch.json": check_latch,
    LABEL_FILE: check_label,
    ACCOUNT_FILE: check_web,
    LOGINS_FILE: check_web,
    FAILURES_FILE: check_web,
    DEVICES_FILE: check_web,
    TOKEN_FILE: check_web,
    "sessions.sqlite": check_sessions,
}


def cases(store: str) -> Iterator[tuple[tuple[str, int], tuple[str, int]]]:
    """Return all damages to one file and to two files of a store; a damage by its place."""
    kinds = range(len(DAMAGES))
    for one, two in itertools.combinations_with_replacement(files_of(store), 2):
        for kind, other in itertools.product(kinds, repeat=2):
            yield (one, kind), (two, other)


def check_all(
    files: Path, home: Path, store: str, chosen: list[tuple[tuple[str, int], tuple[str, int]]]
) -> None:
    for number, case in enumerate(chosen):
        directory = copy(files, home / f"{number}")
        chance = random.Random(number)
        for name, kind in case:
            damage(directory / name, DAMAGES[kind], chance)
        names = [f"{DAMAGES[kind].__name__} {name}" for name, kind in case]
        try:
            CHECKS[store](directory)
        except (AssertionError, StoreError) as error:
            raise AssertionError(f"{names}: {error}") from error


@pytest.mark.req("RFID-6", "ERR-8007", "LAB-1", "WEB-1")
@pytest.mark.parametrize("store", CHECKS)
def test_a_store_permits_no_more_after_damage_to_one_or_two_of_its_files(
    files: Path, tmp_path: Path, store: str
) -> None:
    check_all(files, tmp_path, store, random.Random(store).sample(list(cases(store)), 30))


@pytest.mark.proof
@pytest.mark.parametrize("store", CHECKS)
def test_a_store_permits_no_more_after_any_damage_to_one_or_two_of_its_files(
    files: Path, tmp_path: Path, store: str
) -> None:
    check_all(files, tmp_path, store, list(cases(store)))
