"""The command line as processes: what they import, how they end, and what a pipe gets at once."""

import json
import subprocess
import sys

import pytest

from tests.system.box import WALLBOX, Box
from tests.system.listener import PATIENCE_S

pytestmark = pytest.mark.system

VERBS = (
    "launch", "front", "ps", "restart", "stop", "topics", "methods", "sniff", "call", "sim", "label"
)  # fmt: skip


def test_help_names_every_verb_and_imports_none() -> None:
    code = (
        "import sys\n"
        "from cli.main import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "slow = {'zmq', 'msgspec', 'asyncio', 'cli.launch'} & set(sys.modules)\n"
        "assert not slow, slow\n"
    )
    result = subprocess.run(
        [sys.executable, "-I", "-c", code],
        capture_output=True, text=True, check=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert all(f"\n  {verb} " in result.stdout for verb in VERBS)


def test_every_verb_explains_itself_without_a_bus() -> None:
    code = (
        "import sys\n"
        "from cli.main import main\n"
        f"for verb in {VERBS!r}:\n"
        "    main([verb, '--help'], standalone_mode=False)\n"
        "    assert 'zmq' not in sys.modules, verb\n"
    )
    result = subprocess.run(
        [sys.executable, "-I", "-c", code],
        capture_output=True, text=True, check=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert result.stdout.count("Usage: ") == len(VERBS)


def test_sniff_flushes_every_line(box: Box) -> None:
    words = [*WALLBOX, "sniff", "pilot/status", "--json", "--run-dir", str(box.place.run_dir)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["node"] == "pilot"
    process.terminate()
    process.wait(PATIENCE_S)
    process.stdout.close()


def test_a_verb_ends_with_the_code_that_says_how_it_went(box: Box) -> None:
    assert json.loads(box.do("call", "plant", "status"))["vehicle"] == "away"
    refused = box.wallbox("sim", "unplug")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert len(refused.stderr.splitlines()) == 1
    assert box.wallbox("sniff", "pilot/statu").returncode == 2
