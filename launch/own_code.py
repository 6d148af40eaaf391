"""Our own code in the warm parent: shared by all nodes while its files are as they were.

A process that is forked after one of the files has changed forgets all of it and imports it anew:
a changed source file is live in the next process, as if nothing had been shared.
"""

import importlib
import sys
from collections.abc import Container, Iterable
from pathlib import Path
from typing import NamedTuple


class Stamp(NamedTuple):
    """What tells one state of a file from the next."""

    changed_ns: int
    bytes: int


class OwnCode:
    """Modules that were imported together, with the files that they came from."""

    def __init__(self, names: Iterable[str]) -> None:
        """Import the modules and all that they need of the packages that they are in.

        What was imported before is not watched: whoever imports here runs on it.

        :raises Exception: whatever an import raises; nothing of ours stays imported then.
        """
        before = frozenset(sys.modules)
        packages = {name.partition(".")[0] for name in names}
        self._modules: tuple[str, ...] = ()
        try:
            for name in names:
                importlib.import_module(name)
        except BaseException:
            self._modules = _ours(packages, before)
            self.forget()
            raise
        self._modules = _ours(packages, before)
        files = [getattr(sys.modules[name], "__file__", None) for name in self._modules]
        self._stamps = {file: _stamp(file) for file in files if file is not None}

    def is_as_it_was(self) -> bool:
        """Return whether every file is still what was imported."""
        return all(_stamp(file) == stamp for file, stamp in self._stamps.items())

    def forget(self) -> None:
        """Have the modules imported anew by whoever wants them next."""
        for name in self._modules:
            sys.modules.pop(name, None)


def _ours(packages: Container[str], before: Container[str]) -> tuple[str, ...]:
    """Return the modules of some packages that were not imported before."""
    return tuple(
        name for name in sys.modules if name.partition(".")[0] in packages and name not in before
    )


def _stamp(file: str) -> Stamp | None:
    try:
        status = Path(file).stat()
    except OSError:
        return None
    return Stamp(status.st_mtime_ns, status.st_size)
