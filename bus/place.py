"""The directories of a graph: run directory (sockets, locks) and state directory (stores)."""

import os
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path

MAX_SOCKET_PATH_BYTES = 107  # sun_path of unix(7), less its closing NUL
LONGEST_NAME = 24  # of a node, with the ending of its socket


class PlaceError(Exception):
    """Raised when a directory cannot be used; says what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The directories of one graph, and the nodes of its plan.

    A node connects to `peers` only, and so not to sockets that no node binds. None means every node
    of the table.
    """

    run_dir: Path
    state_dir: Path
    peers: frozenset[str] | None = None

    def publisher(self, node: str) -> str:
        """Return the endpoint where a node publishes."""
        return f"ipc://{self.run_dir}/{node}.pub"

    def server(self, node: str) -> str:
        """Return the endpoint where a node answers requests."""
        return f"ipc://{self.run_dir}/{node}.srv"


def run_dir_from_environment() -> Path:
    """Return $WALLBOX_RUN_DIR, else $XDG_RUNTIME_DIR/wallbox, else /run/wallbox."""
    chosen = os.environ.get("WALLBOX_RUN_DIR")
    if chosen:
        return Path(chosen).absolute()
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "wallbox" if runtime else Path("/run/wallbox")


def state_dir_from_environment() -> Path:
    """Return $WALLBOX_STATE_DIR, else ~/.local/state/wallbox."""
    chosen = os.environ.get("WALLBOX_STATE_DIR")
    return Path(chosen).absolute() if chosen else Path.home() / ".local/state/wallbox"


def prepare(place: Place) -> None:
    """Make both directories, with mode 0700, or check existing ones.

    Other users may read them, as a directory made by systemd, since secret files have mode 0600.
    They must not have write access: with a socket or a file they could control the box. A state
    directory that this user cannot write in, as on a full disk or one that has become read-only,
    keeps no box from starting: each node says what it cannot store.

    :raises PlaceError: a path too long for a socket, not a directory, of another user, writable by
        others, or a run directory that cannot be written.
    """
    longest = len(os.fsencode(place.run_dir)) + 1 + LONGEST_NAME
    if longest > MAX_SOCKET_PATH_BYTES:
        most = MAX_SOCKET_PATH_BYTES - 1 - LONGEST_NAME
        raise PlaceError(
            f"run directory {place.run_dir}: the path has {len(os.fsencode(place.run_dir))} bytes, "
            f"sockets in it may have {most} at most; choose a shorter one with --run-dir"
        )
    for name, path in (("run", place.run_dir), ("state", place.state_dir)):
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check_owner(name, path)
            if path == place.run_dir:
                probe = path / f".probe-{os.getpid()}"
                probe.touch()
                probe.unlink()
        except OSError as error:
            raise PlaceError(
                f"{name} directory {path}: {error.strerror or error}; "
                f"expected a directory that can be written, choose one with --{name}-dir"
            ) from error


def _check_owner(name: str, path: Path) -> None:
    """Refuse a directory that other users can write in, or that is reached by a link of theirs."""
    us, link, directory = os.geteuid(), path.lstat(), path.stat()
    owner = directory.st_uid if link.st_uid in (0, us) else link.st_uid
    if owner not in (0, us):  # root controls the box in any case
        raise PlaceError(
            f"{name} directory {path} belongs to user {owner}, this is user {us}; "
            f"expected a directory of this user, choose it with --{name}-dir"
        )
    mode = stat.S_IMODE(directory.st_mode)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PlaceError(
            f"{name} directory {path} has mode {mode:04o}: others can write in it; "
            f"expected none but this user: chmod 700 {shlex.quote(str(path))}"
        )
