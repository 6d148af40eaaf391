"""The store of dcs: rows of one table, each whole, old or new, after a power cut.

    rows(durable)              the rows of all that is kept. Pure
    note(store, before, after) the rows that have changed wait to be written. Pure
    Records                    reads all rows, and writes a set of changed rows in one transaction;
                               blocks on the disk

The transactions are in a small file as well, in two generations: if the database is damaged, begin
and end of those that the service has not acknowledged are made again from session's store.

A row that changes again before it is written replaces the one that waits, so that what waits is
never more than all that is kept. Samples are written at the latest with the next other row or after
SAMPLES_S: those that the service acknowledges at once never reach the disk.
"""

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bus.database import open_database
from bus.disk import check_write
from bus.generations import read_and_repair, write_generations
from bus.moment import Moment
from bus.store import (
    UNREADABLE,
    StoreError,
    Warn,
    is_begun,
    read_file,
    replace_file,
    sync_directory,
)
from bus.write_behind import RETRY_S, WriteResult
from nodes.dcs.events import MeterSample
from nodes.dcs.kept import Durable, Marks, Pairing, Queued, Transaction
from nodes.dcs.state import Store
from nodes.dcs.turn import SECRET

T = TypeVar("T")
Key = tuple[str, str]  # the kind of a row, and its name
Rows = dict[Key, bytes | None]  # None: the row is deleted

TRANSACTION, MESSAGE, SAMPLE, PART = "transaction", "message", "sample", "part"
SPARE = "spare"  # no row: the content of `UNSENT_FILE`
SAMPLES_S = 300.0
"""Assumed: a power cut costs the samples of so much time that the service has not acknowledged."""

PAIRED = (PART, "pairing")
PAIRING_FILE = "dcs-pairing.json"
"""The pairing once more, in two generations: a damaged database must not unpair the box."""

UNSENT_FILE = "dcs-unsent.json"
MOST_UNSENT = 200  # assumed: two months without the service; a damage costs the older ones


class Unsent(Struct, frozen=True, kw_only=True):
    """The transactions once more, without what is queued of them."""

    newest: str | None = None  # `Marks.session_id`
    transactions: tuple[Transaction, ...] = ()


MARKS = (PART, "marks")
_MANY = ("transactions", "queue")  # each element has a row; every other field is one row

PARTS = {
    field.name: field.type for field in msgspec.structs.fields(Durable) if field.name not in _MANY
}
"""The fields of `Durable` that are one row each, with their types."""

MIGRATIONS = (
    "CREATE TABLE entries (kind TEXT NOT NULL, name TEXT NOT NULL, content BLOB NOT NULL, "
    "PRIMARY KEY (kind, name)) WITHOUT ROWID",
)


def rows(durable: Durable) -> dict[Key, Any]:
    """Return the values of all rows, by kind and name."""
    found: dict[Key, Any] = {(PART, name): getattr(durable, name) for name in PARTS}
    unsent = durable.transactions[-MOST_UNSENT:]
    found[SPARE, ""] = Unsent(newest=durable.marks.session_id, transactions=unsent)
    found |= {(TRANSACTION, each.session_id): each for each in durable.transactions}
    found |= {(_kind_of(each), f"{each.number:012}"): each for each in durable.queue}
    return found


def _kind_of(queued: Queued) -> str:
    return SAMPLE if isinstance(queued.asked, MeterSample) else MESSAGE


def note(store: Store, before: Durable, after: Durable, now_s: float) -> Store:
    """Return the store with the rows that have changed between two values of what is kept."""
    if after is before:
        return store
    old, new = rows(before), rows(after)
    changed: Rows = {
        key: msgspec.json.encode(value)
        for key, value in new.items()
        if old.get(key) is not value and old.get(key) != value
    }
    changed |= {key: None for key in old if key not in new}
    if before.marks.session_id == after.marks.session_id:
        changed.pop(MARKS, None)  # the next number follows from the queue
    if not changed:
        return store
    waiting = store.waiting | changed
    # A sample that was never written has no row to be deleted.
    for key in [key for key, row in changed.items() if row is None and key[0] == SAMPLE]:
        if key[1] not in store.samples and key not in store.writing:
            del waiting[key]
    is_urgent = any(kind != SAMPLE for kind, _ in waiting)
    since_s = store.since_s if store.waiting else now_s
    return replace(store, waiting=waiting, since_s=since_s, is_urgent=is_urgent)


def hand_out_rows(store: Store, moment: Moment) -> tuple[Store, Rows | None]:
    """Return the rows that are to be written now, if none are being written."""
    if store.writing or not store.waiting or not moment.reached(store.retry_s):
        return store, None
    if not store.is_urgent and not moment.reached(store.since_s + SAMPLES_S):
        return store, None
    return replace(store, writing=store.waiting, waiting={}, is_urgent=False), store.waiting


def is_busy(store: Store) -> bool:
    """Return whether an answer to the service has to wait for the disk."""
    return bool(store.writing) or store.is_urgent


def is_stored(store: Store, queued: Queued, before: Durable) -> bool:
    """Return whether a message is on the disk as it is, or the disk refuses it.

    :param before: what was kept before this step, whose changes are not noted yet.
    """
    key = (_kind_of(queued), f"{queued.number:012}")
    if key[0] == SAMPLE or store.problem is not None:
        return True
    is_noted = any(each is queued for each in before.queue)
    return is_noted and key not in store.waiting and key not in store.writing


def take_result(store: Store, result: WriteResult, now_s: float) -> Store:
    """Return the store after a write; what was not written waits again."""
    if result.problem is None:
        samples = set(store.samples)
        for (kind, name), row in store.writing.items():
            if kind == SAMPLE:
                (samples.discard if row is None else samples.add)(name)
        return replace(store, writing={}, problem=None, detail="", samples=frozenset(samples))
    return replace(
        store,
        writing={},
        waiting=store.writing | store.waiting,
        is_urgent=True,
        problem=result.problem,
        detail=result.detail,
        retry_s=now_s + RETRY_S,
    )


def begin_store(durable: Durable) -> Store:
    """Return the store at a start, with what was read."""
    samples = (each for each in durable.queue if isinstance(each.asked, MeterSample))
    return Store(samples=frozenset(f"{each.number:012}" for each in samples))


def from_rows(found: dict[Key, bytes], warn: Warn) -> Durable:
    """Return what is kept, from its rows. A row that cannot be understood is left out."""
    parts: dict[str, Any] = {}
    transactions: list[Transaction] = []
    queue: list[Queued] = []
    for (kind, name), content in found.items():
        try:
            if kind == PART and name in PARTS:
                parts[name] = msgspec.json.decode(content, type=PARTS[name])
            elif kind == TRANSACTION:
                transactions.append(msgspec.json.decode(content, type=Transaction))
            elif kind in (MESSAGE, SAMPLE):
                queue.append(msgspec.json.decode(content, type=Queued))
        except (msgspec.ValidationError, *UNREADABLE) as error:
            warn(f"the stored {kind} {name} cannot be understood: {error}; it is left out")
    queue.sort(key=lambda each: each.number)
    marks = parts.get("marks", Marks())
    if queue and queue[-1].number >= marks.next_number:
        parts["marks"] = replace(marks, next_number=queue[-1].number + 1)
    order = {each.session_id: each.number for each in reversed(queue)}
    transactions.sort(key=lambda each: order.get(each.session_id, 0))
    return Durable(transactions=tuple(transactions), queue=tuple(queue), **parts)


def secret_path(directory: Path, name: str) -> Path:
    """Return the file of a secret, which only the box's own user can read."""
    return directory / f"dcs-{name}"


def load_secret(directory: Path, name: str) -> bytes:
    """Return a secret; empty if there is none. Blocks on the disk.

    :raises StoreError: it cannot be read.
    """
    return read_file(secret_path(directory, name)) or b""


def _keep_secret(path: Path, secret: bytes | None) -> None:
    """Write a secret, or delete it, also what an interrupted write has left.

    :raises StoreError: the disk has refused it.
    """
    if secret is not None:
        replace_file(path, secret)
        return
    try:
        check_write(path)
        for each in (path, path.with_name(path.name + ".new")):
            each.unlink(missing_ok=True)
        sync_directory(path.parent)
    except OSError as error:
        raise StoreError(f"{path} cannot be deleted: {error.strerror or error}") from error


class Records:
    """The database. One thread at a time."""

    def __init__(self, path: Path, warn: Warn) -> None:
        self._path = path
        self._warn = warn
        self._connection: sqlite3.Connection | None = None
        self._owed: Rows = {}  # what was restored from a spare, for the new database

    def load(self) -> Durable:
        """Return what is kept; a new store is made with the first row.

        :raises StoreError: it cannot be read.
        """
        if not self._path.exists() and not is_begun(self._path):
            return Durable()
        try:
            rows = self._database().execute("SELECT kind, name, content FROM entries")
            found = {(kind, name): content for kind, name, content in rows}
            durable = from_rows(found, self._warn)
            if MARKS not in found:
                unsent = self._read_spare(UNSENT_FILE, Unsent)
                durable = durable if unsent is None else self._restored(durable, unsent)
            if PAIRED not in found:
                pairing = self._read_spare(PAIRING_FILE, Pairing)
                durable = durable if pairing is None else replace(durable, pairing=pairing)
            return durable
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error

    def _read_spare(self, name: str, kind: type[T]) -> T | None:
        return read_and_repair(self._path.with_name(name), kind, self._warn).value

    def _restored(self, durable: Durable, unsent: Unsent) -> Durable:
        """Return what is kept with its transactions; what was queued of them is made again."""
        marks = replace(durable.marks, session_id=unsent.newest)
        again = tuple(replace(each, is_ended=False) for each in unsent.transactions)
        self._owed = {(TRANSACTION, each.session_id): msgspec.json.encode(each) for each in again}
        self._owed[MARKS] = msgspec.json.encode(marks)
        return replace(durable, marks=marks, transactions=again)

    def save(self, changed: Rows) -> None:
        """Write changed rows, all or none of them; on return they are on the disk.

        :raises StoreError: they are not stored.
        """
        changed = self._owed | changed
        for (kind, name), content in changed.items():
            if kind == SPARE and content is not None:
                unsent = msgspec.json.decode(content, type=Unsent)
                write_generations(self._path.with_name(UNSENT_FILE), unsent, lowers=False)
            elif kind == SECRET:
                _keep_secret(secret_path(self._path.parent, name), content)
            elif (kind, name) == PAIRED and content is not None:
                pairing = msgspec.json.decode(content, type=Pairing)
                write_generations(self._path.with_name(PAIRING_FILE), pairing, lowers=True)
        database = self._database()
        put = [
            (kind, name, content)
            for (kind, name), content in changed.items()
            if content is not None and kind not in (SECRET, SPARE)
        ]
        gone = [
            (kind, name)
            for (kind, name), content in changed.items()
            if content is None and kind != SECRET
        ]
        try:
            check_write(self._path)
            with database:
                database.execute("BEGIN IMMEDIATE")
                database.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", put)
                database.executemany("DELETE FROM entries WHERE kind = ? AND name = ?", gone)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self._path}: {error}") from error
        self._owed = {}
        with suppress(sqlite3.Error):  # it is on the disk; as nodes/session/records.py
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the database, if it is open."""
        if self._connection is not None:
            self._connection.close()

    def _database(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_database(self._path, MIGRATIONS, self._warn, table="entries")
        return self._connection
