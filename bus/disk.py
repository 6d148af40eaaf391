"""Directories whose disk refuses to be written, in runs under virtual time.

A real disk refuses by itself, and none is in the table then. A run in memory puts its state
directory into it, so that all stored files of a box are refused at once, as on a disk that is full
or has become read-only. The functions of `bus` that write, or open a file for writing, ask
`check_write` before they do.
"""

import errno
import os
from enum import Enum
from pathlib import Path


class Refusal(Enum):
    """What the disk does not take."""

    NEW_BLOCKS = errno.ENOSPC  # it is full: what is overwritten in place is taken
    ALL = errno.EROFS  # it is read-only


_REFUSING: dict[Path, Refusal] = {}


def refuse(directory: Path, refusal: Refusal | None) -> None:
    """Let the disk of a directory refuse from now on; None: it takes everything again."""
    if refusal is None:
        _REFUSING.pop(directory, None)
    else:
        _REFUSING[directory] = refusal


def check_write(path: Path, *, in_place: bool = False) -> None:
    """Return if a file of a directory may be written.

    :param in_place: no new block is needed.
    :raises OSError: the disk refuses.
    """
    refusal = _REFUSING.get(path.parent)
    if refusal is Refusal.ALL or (refusal is Refusal.NEW_BLOCKS and not in_place):
        raise OSError(refusal.value, os.strerror(refusal.value))
