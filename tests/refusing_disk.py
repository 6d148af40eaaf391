"""The disk of a virtual box, which refuses to be written."""

from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from bus import generations, store
from bus.slots import Slots
from bus.store import StoreError
from nodes.session.records import SessionStore


class Refuses(Enum):
    """What the disk does not take."""

    NOTHING = "nothing"
    SESSIONS = "sessions"  # the database of the sessions alone: its file is read-only
    NEW_BLOCKS = "new_blocks"  # it is full: only what is overwritten in place is taken
    ALL = "all"  # it is read-only


class Disk:
    """The disk of one state directory. The run directory, in memory, is always taken."""

    def __init__(self, patch: pytest.MonkeyPatch, state_dir: Path) -> None:
        self.refuses = Refuses.NOTHING
        save, write, replace_file = SessionStore.save, Slots.write, store.replace_file
        run_dir = state_dir.with_name(f"{state_dir.name}-run")

        def to_database(store: SessionStore, *words: Any) -> None:
            if self.refuses is not Refuses.NOTHING:
                raise StoreError("sessions.sqlite: attempt to write a readonly database")
            save(store, *words)

        def in_place(slots: Slots, *words: Any, **options: Any) -> None:
            if self.refuses is Refuses.ALL and slots._path.parent != run_dir:
                raise StoreError(f"{slots._path} cannot be written: Read-only file system")
            write(slots, *words, **options)

        def to_new_blocks(path: Path, *words: Any) -> None:
            if self.refuses in (Refuses.ALL, Refuses.NEW_BLOCKS):
                raise StoreError(f"{path} cannot be written: No space left on device")
            replace_file(path, *words)

        patch.setattr(SessionStore, "save", to_database)
        patch.setattr(Slots, "write", in_place)
        patch.setattr(generations, "replace_file", to_new_blocks)
