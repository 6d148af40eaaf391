"""What launch answers of its plan."""

from pathlib import Path

from launch.asked import parameters_of
from launch.plan import load_plan

PLAN = """
[nodes.meter]
module = "nodes.meter"
parameters = { house = "tq@127.0.0.1:1502/1", poll_s = 1.0 }

[nodes.led]
module = "nodes.led"

[nodes.web]
module = "nodes.web"
parameters = { port = 8080 }
"""


def test_system_gets_what_the_plan_gives_to_each_node(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(PLAN)
    assert parameters_of(load_plan(file, ["meter.solar=none"], ports=10)) == {
        "meter": {"house": "tq@127.0.0.1:1512/1", "poll_s": 1.0, "solar": "none"},
        "led": {},
        "web": {"port": 8090},
    }
