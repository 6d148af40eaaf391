"""The project's modules in a process that forks others: shared while their files are unchanged.

A process that is forked after one of the files has changed removes all of them and imports them
again, so that it runs the changed file.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Stamp(NamedTuple):
    """Time and size of a file, which differ after a change."""

    changed_ns: int
    bytes: int


class OwnCode:
    """The modules of some packages and folders, with their files."""

    def __init__(self, packages: Iterable[str], folders: Iterable[str] = ()) -> None:
        """Note the modules that are imported already."""
        self._packages = frozenset(packages)
        self._folders = tuple(f"{folder}/" for folder in folders)
        self._stamps: dict[str, tuple[str, Stamp | None]] = {}  # by module
        self.note()

    def note(self) -> None:
        """Note new modules. Call it after each import, including a failed one."""
        for name, module in tuple(sys.modules.items()):
            if name in self._stamps:
                continue
            file = getattr(module, "__file__", None)
            if file is not None and self._is_own(name, file):
                self._stamps[name] = (file, _stamp(file))

    def is_as_it_was(self) -> bool:
        """Return whether no file has changed since its import."""
        return all(_stamp(file) == stamp for file, stamp in self._stamps.values())

    def forget(self) -> None:
        """Remove the modules, so that the next import reads their files again."""
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
