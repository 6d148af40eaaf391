"""Disks that refuse, for tests: with real files, also for root."""

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bus.store import StoreError

NOBODY = 65534  # a user that owns nothing
NOWHERE = Path("/proc/self")  # a directory in which not even root can make a file


def disk_is_full(path: Path) -> StoreError:
    """Return the error of a store on a full disk, as `bus.store` raises it."""
    cause = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    error = StoreError(f"{path} cannot be written: {cause.strerror}")
    error.__cause__ = cause
    return error


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


@contextmanager
def state_directory() -> Iterator[Path]:
    """Give a directory that every user can reach, as those of pytest cannot."""
    with TemporaryDirectory(prefix="wallbox-state-") as home:
        Path(home).chmod(0o777)  # others make the run directory beside it
        directory = Path(home) / "state"
        directory.mkdir(mode=0o700)
        yield directory


@contextmanager
def read_only(directory: Path) -> Iterator[None]:
    """Let nobody write in a directory, as on a file system that is mounted so.

    Root is another user meanwhile, who owns the run directory as well.
    """
    files = [each for each in directory.iterdir() if each.is_file()]
    is_root = os.geteuid() == 0
    run_dir = directory.with_name(f"{directory.name}-run")
    own = [run_dir, *run_dir.rglob("*")] if is_root and run_dir.exists() else []
    for each in own:
        os.chown(each, NOBODY, -1)
    for each in files:
        each.chmod(0o400)
        if is_root:
            os.chown(each, NOBODY, -1)
    directory.chmod(0o555)
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        for each in own:
            if each.exists():
                os.chown(each, 0, -1)
        directory.chmod(0o700)
        for each in files:
            if is_root:
                os.chown(each, 0, -1)
            each.chmod(0o600)
