"""The file of the portal: whole, old or new, at any loss of power, and for its user alone."""

import contextlib
import os
from pathlib import Path

import msgspec

from portal.records import PortalRecords

FILE = "portal.json"


def load(state_dir: Path) -> PortalRecords:
    """Return what was kept; a first start has nothing.

    :raises OSError: it cannot be read, or is damaged.
    """
    path = state_dir / FILE
    try:
        written = path.read_bytes()
    except FileNotFoundError:
        return PortalRecords()
    try:
        return msgspec.json.decode(written, type=PortalRecords)
    except msgspec.DecodeError as error:
        raise OSError(f"{path}: {error}; delete it to begin again, and pair the boxes") from error


def save(state_dir: Path, records: PortalRecords) -> None:
    """Write all of it.

    :raises OSError: the disk has refused it.
    """
    path = state_dir / FILE
    beside = path.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()  # of an earlier start; its mode is not known
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(fd, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(records)))
        file.flush()
        os.fsync(fd)
    beside.rename(path)
    folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
