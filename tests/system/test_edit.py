"""Work on a node while the charger runs: edit its source, restart it, see what it does now."""

from pathlib import Path

import pytest

import launch
import nodes.led
from msgs.topics import LED_FRAME
from tests.system.box import NO_CARD, Box

pytestmark = pytest.mark.system

PLAN = f"""
include = "{Path(launch.__file__).parent / "simulation.toml"}"
path = "."

[nodes.led]
module = "own.led"
driver = "own.led.front_sim"
"""


@pytest.fixture
def source(own_box: Box) -> Path:
    """Give a front of one's own, a copy of the product's; return its machine."""
    own = own_box.home / "own" / "led"
    own.mkdir(parents=True)
    for file in Path(nodes.led.__file__).parent.glob("*.py"):
        (own / file.name).write_text(file.read_text().replace("nodes.led", "own.led"))
    (own_box.home / "plan.toml").write_text(PLAN)
    return own / "machine.py"


@pytest.mark.req("BUS-3")
def test_an_edited_node_is_live_after_its_restart_and_the_others_run_on(
    own_box: Box, source: Path
) -> None:
    box = own_box
    box.launch(NO_CARD, plan=box.home / "plan.toml")
    box.until(LED_FRAME, lambda frame: frame.caption == "ready", 3.0)
    before = box.nodes()
    text = source.read_text()
    source.write_text(text.replace('else "ready"', 'else "at your service"'))
    assert source.read_text() != text
    box.do("restart", "led")
    box.until(LED_FRAME, lambda frame: frame.caption == "at your service", 3.0)
    after = box.nodes()
    assert {name for name in after if after[name].pid != before[name].pid} == {"led"}
    assert {name for name in after if after[name] != before[name]} == {"led"}

    source.write_text(text + "\nimport nothing_of_this_name\n")
    result = box.wallbox("restart", "led")
    assert result.returncode == 1
    assert "nothing_of_this_name" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    box.until(LED_FRAME, lambda frame: frame.caption == "at your service", 3.0)  # it goes on
    assert box.nodes()["led"].pid == after["led"].pid
