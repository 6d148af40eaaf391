"""The settings' file: only what was set, so that the defaults of a later version apply."""

from pathlib import Path
from typing import Any

import msgspec

from bus.store import UNREADABLE, Tell, read_file, replace_file, set_aside

SETTINGS_FILE = "settings.json"  # in the state directory


def read_settings(path: Path, tell: Tell) -> dict[str, Any] | None:
    """Return the tree in the file, or None if there is none; a damaged file is set aside, and told.

    :raises StoreError: the file is there and can neither be read nor set aside.
    """
    content = read_file(path)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except UNREADABLE as error:
        aside = set_aside(path)
        tell(f"{path} cannot be understood ({error}); it is kept as {aside.name}, begun anew")
        return None


def write_settings(path: Path, tree: dict[str, Any]) -> None:
    """Replace the file; when this returns, it is on the disk.

    :raises StoreError: the directory is read-only, the disk is full, and the like.
    """
    replace_file(path, msgspec.json.format(msgspec.json.encode(tree), indent=2) + b"\n")
