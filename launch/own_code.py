"""Our own code in a process that forks others: shared with them while its files are as they were.

A process that is forked after one of the files has changed forgets all of it and imports it anew:
a changed source file is live in the next process, as if nothing had been shared.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Stamp(NamedTuple):
    """What tells one state of a file from the next."""

    changed_ns: int
    bytes: int


class OwnCode:
    """The modules of some packages and folders, with the files that they came from."""

    def __init__(self, packages: Iterable[str], folders: Iterable[str] = ()) -> None:
        """Note what is imported already."""
        self._packages = frozenset(packages)
        self._folders = tuple(f"{folder}/" for folder in folders)
        self._stamps: dict[str, tuple[str, Stamp | None]] = {}  # by module
        self.note()

    def note(self) -> None:
        """Note what has been imported since. Call it after each import, a failed one as well."""
        for name, module in tuple(sys.modules.items()):
            if name in self._stamps:
                continue
            file = getattr(module, "__file__", None)
            if file is not None and self._is_own(name, file):
                self._stamps[name] = (file, _stamp(file))

    def is_as_it_was(self) -> bool:
        """Return whether every file is still what was imported."""
        return all(_stamp(file) == stamp for file, stamp in self._stamps.values())

    def forget(self) -> None:
        """Have the modules imported anew by whoever wants them next."""
        for name in self._stamps:
            sys.modules.pop(name, None)

    def _is_own(self, name: str, file: str) -> bool:
        return name.partition(".")[0] in self._packages or file.startswith(self._folders)


def _stamp(file: str) -> Stamp | None:
    try:
        status = Path(file).stat()
    except OSError:
        return None
    return Stamp(status.st_mtime_ns, status.st_size)
