"""A real box at a real broker: a charge over MQTT, and nodes and brokers that die."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bus.generations import read_valid_or_raise
from msgs.label import LABEL_FILE, Label, network_id
from msgs.session import WallboxState
from msgs.topics import METER_BOX, PILOT_STATUS, SESSION_STATUS, SMART_HOME_STATUS
from tests.mosquitto import PASSWORD, USER, Controller, Mosquitto
from tests.system.box import QUICK_VEHICLE, current_of, new_box
from tests.system.listener import PATIENCE_S

pytestmark = [pytest.mark.system, pytest.mark.req("APP-2", "MET-7")]


def soon(holds: Callable[[], bool]) -> None:
    """Wait until something holds at the broker."""
    until_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def test_a_charge_over_mqtt_with_a_node_and_a_broker_that_die(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    broker.start()
    client = None
    try:
        with new_box() as box:
            url = f"smart_home.mqtt_url=mqtt://127.0.0.1:{broker.port}"
            box.launch(
                *QUICK_VEHICLE, "load_manager.monitoring=false", url, f"smart_home.mqtt_user={USER}"
            )
            box.until(SMART_HOME_STATUS, lambda said: "refuses the user name" in said.mqtt)
            box.ask("smart_home", "broker_password", {"password": PASSWORD})
            box.until(SMART_HOME_STATUS, lambda said: said.has_mqtt and not said.mqtt)
            label = read_valid_or_raise(box.place.state_dir / LABEL_FILE, Label)
            assert label is not None
            client = Controller(broker.port, f"wallbox/{network_id(label)}")
            reads = client.read
            soon(lambda: (reads("availability"), reads("status")) == ("online", "A"))
            box.act("plug")
            box.act("ready")
            box.until(SESSION_STATUS, lambda said: said.state is WallboxState.CHARGING)
            client.order("current_a", "10")
            box.until(PILOT_STATUS, lambda said: said.offered_a == 10.0)
            box.until(METER_BOX, lambda said: 9.0 < current_of(said) <= 10.5)
            soon(lambda: reads("current_a") == "10" and reads("status") == "C")
            assert client.results[-1]["accepted"]
            box.kill("smart_home")
            soon(lambda: reads("availability") == "offline")
            soon(lambda: reads("availability") == "online")
            assert box.last(PILOT_STATUS).message.offered_a == 10.0
            client.order("enabled", "false")
            box.until(SESSION_STATUS, lambda said: said.state is WallboxState.SUSPENDED)
            soon(lambda: reads("enabled") == "false")
            client.order("enabled", "true")
            box.until(SESSION_STATUS, lambda said: said.state is WallboxState.CHARGING)
            box.do("stop")
            soon(lambda: reads("availability") == "offline")
    finally:
        if client is not None:
            client.close()
        broker.kill()
