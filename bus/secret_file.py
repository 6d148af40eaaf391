"""Secrets in files that only the box's own user can read. They are never on the bus."""

import os
import stat
from pathlib import Path

MOST_CHARACTERS = 1024  # assumed
_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SecretError(Exception):
    """Raised when a secret cannot be used; says why, without the secret."""


def read_secret(path: Path) -> str:
    """Return the first line of a file; "" without the file. Blocks on the disk.

    :raises SecretError: it cannot be read, or others can read it.
    """
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & _OF_OTHERS:
                raise SecretError(f"{path.name} has mode {mode:04o}: expected 0600")
            return file.read(MOST_CHARACTERS).partition("\n")[0]
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeError) as error:
        raise SecretError(f"{path.name} cannot be read ({type(error).__name__})") from error
