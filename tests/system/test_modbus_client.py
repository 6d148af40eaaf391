"""A real box, and npm's modbus-serial as its controller over Modbus TCP."""

import json
import subprocess
from typing import Any

import pytest

from msgs.session import WallboxState
from msgs.topics import METER_BOX, PILOT_STATUS, SESSION_STATUS, SMART_HOME_STATUS
from tests.modbus_map.test_node_peer import FOLDER, NODE
from tests.modbus_map.test_node_peer import pytestmark as needs_node
from tests.system.box import HOUSE_PORT, QUICK_VEHICLE, Box, current_of, new_box
from tests.system.listener import PATIENCE_S

pytestmark = [pytest.mark.system, pytest.mark.req("APP-2", "MET-7"), needs_node]

MODBUS_PORT = 5020  # of launch/simulation.toml; moved by --ports


def ask(box: Box, *requests: str) -> Any:
    """Send requests one after the other; return their answers, exceptions as numbers."""
    port = MODBUS_PORT + box.port - HOUSE_PORT
    words = [str(NODE), str(FOLDER / "peer.js"), "ask", "127.0.0.1", str(port), "255", *requests]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    return json.loads(done.stdout)


def number(words: list[int]) -> int:
    return words[0] << 16 | words[1]


def test_a_charge_is_read_limited_paused_and_gets_a_failsafe() -> None:
    with new_box() as box:
        box.launch(*QUICK_VEHICLE, "load_manager.monitoring=false", "smart_home.modbus=on")
        box.until(SMART_HOME_STATUS, lambda said: said.has_modbus and not said.modbus)
        begin = ask(box, *(f"r:{address}:2" for address in (1016, 1000, 1550, 1602, 1004)))
        assert [number(each) for each in begin] == [314_011, 1, 0, 0, 3]
        box.act("plug")
        box.act("ready")
        box.until(SESSION_STATUS, lambda said: said.state is WallboxState.CHARGING)
        box.until(METER_BOX, lambda said: current_of(said) > 30.0)  # it does not rise any more
        assert ask(box, "w:5004:10000", "r:1008:6") == [[5004, 10_000], 2]
        box.until(PILOT_STATUS, lambda said: said.offered_a == 10.0)
        box.until(METER_BOX, lambda said: 9.0 < current_of(said) <= 10.5)
        state, plug, current_ma, power_mw = (
            number(each) for each in ask(box, "r:1000:2", "r:1004:2", "r:1008:2", "r:1020:2")
        )
        assert (state, plug) == (3, 7)
        assert 9_000 < current_ma <= 10_500
        assert 6_000_000 < power_mw < 7_500_000
        ask(box, "w:5014:0")
        box.until(SESSION_STATUS, lambda said: said.state is WallboxState.SUSPENDED)
        assert ask(box, "r:1000:2", "w:5012:0", "w:5014:1") == [[0, 5], [5012, 0], [5014, 1]]
        box.until(PILOT_STATUS, lambda said: said.offered_a == 10.0)
        assert ask(box, "w:5016:6000", "w:5018:60", "r:1602:2")[2] == [0, 60]
