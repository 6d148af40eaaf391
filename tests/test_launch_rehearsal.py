"""The rehearsal of the bus before the forks: it works, leaves nothing, and fails quietly."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from launch.rehearsal import rehearse, rehearse_in_asyncio

BOTH = pytest.mark.parametrize("rehearsal", [rehearse, rehearse_in_asyncio])


def _of_process() -> tuple[set[str], int, list[object]]:
    """Return this process's descriptors, the number of its threads, and its signal handlers."""
    return (
        set(os.listdir("/proc/self/fd")),
        len(os.listdir("/proc/self/task")),
        [signal.getsignal(number) for number in sorted(signal.valid_signals())],
    )


@BOTH
def test_the_bus_carries_its_message_and_leaves_nothing(
    rehearsal: Callable[[], bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A short path: pytest's own may be longer than the path of a socket may be.
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        before = _of_process()
        assert any(rehearsal() for _ in range(20))  # each may be late on a busy machine
        assert _of_process() == before
        assert os.listdir(folder) == []


@BOTH
@pytest.mark.parametrize("name", ["missing", "x" * 120])
def test_no_directory_for_the_socket_is_no_failure(
    rehearsal: Callable[[], bool], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / name
    if name != "missing":
        folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = _of_process()
    assert not rehearsal()
    assert _of_process() == before


# ZeroMQ ends its process if it gets no descriptor, so this runs in one of its own.
_FEW_DESCRIPTORS = """
import asyncio, os, resource
from launch.rehearsal import rehearse, rehearse_in_asyncio

for rehearsal in (rehearse, rehearse_in_asyncio):
    for left in range(80):
        resource.setrlimit(resource.RLIMIT_NOFILE, (3 + left, 4096))
        if rehearsal():
            break
    else:
        raise AssertionError("it never works")
"""


def test_too_few_descriptors_are_no_failure() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _FEW_DESCRIPTORS],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
