"""The heap is left without free blocks between those in use."""

import ctypes
import subprocess
import sys

import pytest

from launch.holes import fill_holes

# Here and not in the test's own process, whose memory it would use up.
PROGRAM = """
import ctypes, sys
from launch.holes import fill_holes

def allocated():
    # The list's own memory, and numbers, are not from this heap's small blocks.
    return [malloc(size) for size in range(1040, 600, -16) for _ in range(8)]

malloc, free = ctypes.CDLL(None).malloc, ctypes.CDLL(None).free
malloc.argtypes, malloc.restype = (ctypes.c_size_t,), ctypes.c_size_t
free.argtypes, free.restype = (ctypes.c_size_t,), None
blocks = allocated()
for block in blocks[::2]:
    free(block)
if sys.argv[1] == "fill":
    fill_holes()
print(sum(block < max(blocks) for block in allocated()))
"""


def _blocks_in_holes(how: str) -> int:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True
    )
    return int(run.stdout)


def test_no_block_is_allocated_in_a_hole_afterwards() -> None:
    assert _blocks_in_holes("leave") >= 100
    assert _blocks_in_holes("fill") == 0


def test_another_c_library_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    fill_holes()
