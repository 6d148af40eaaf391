"""A login leaves no memory behind, whichever of the server's threads has checked it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests/web/login_memory.py"
A_HASH_MB = 19  # web.account.MEMORY_KIB


def growth_mb(logins: int, connections: int) -> float:
    """Let a process of its own run the logins; return by how much it has grown."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(logins), str(connections)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
        timeout=120,
    )
    found = re.fullmatch(r"(\d+) of (\d+) right; (\S+) MB before, (\S+) MB after\n", done.stdout)
    assert found, done.stdout
    assert found[1] == found[2], "each login was right"
    return float(found[4]) - float(found[3])


@pytest.mark.req("WEB-1")
def test_logins_over_many_connections_leave_no_memory_behind() -> None:
    assert growth_mb(24, 12) < A_HASH_MB


@pytest.mark.proof
@pytest.mark.req("WEB-1")
def test_two_hundred_logins_from_fifty_connections_leave_no_memory_behind() -> None:
    assert growth_mb(200, 50) < A_HASH_MB
