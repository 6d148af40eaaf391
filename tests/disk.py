"""Disks that refuse, for tests: with real files, also for root."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOWHERE = Path("/proc/self")  # a directory in which not even root can make a file


class ChangingDirectory:
    """A state directory that becomes unwritable and writable again, behind one name.

    It is a link: to a directory with the stored files, or to one in which nobody can write.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / "state"
        self.files = home / "files"
        self.files.mkdir(parents=True, exist_ok=True)
        self.path.symlink_to(self.files)

    def refuse(self) -> None:
        """Refuse to open and to write any file."""
        self._point_to(NOWHERE)

    def accept(self) -> None:
        """Show the stored files again."""
        self._point_to(self.files)

    def _point_to(self, directory: Path) -> None:
        self.path.unlink()
        self.path.symlink_to(directory)


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow: files can be read and made, and every write to one fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
