"""A plan that cannot be carried out is refused in one line that names its place.

`tests/system/test_refusals.py` shows the same of a launch.
"""

from pathlib import Path

import pytest

import launch
from launch.loading import ConfigurationError, load_node
from launch.plan import PlanError
from launch.plan_file import load_plan
from nodes.modbus_map.meter_map import map_names

MAPS = ", ".join(map_names())

SIMULATION = Path(launch.__file__).parent / "simulation.toml"


def load(plan: Path, *settings: str) -> None:
    loaded = load_plan(plan, settings)
    for node in loaded.nodes:
        load_node(loaded.entry(node.name))


def refused(plan: Path, *settings: str) -> str:
    """Load a plan and its nodes in vain; return the one line that says why."""
    with pytest.raises((PlanError, ConfigurationError)) as error:
        load(plan, *settings)
    line = str(error.value)
    assert len(line.splitlines()) == 1
    return line


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        (
            "pilot.driver=nodes.pilot.cp_line",
            "--set: nodes.pilot.driver: nodes.pilot.cp_line is no driver of this device; expected ",
        ),
        (
            "meter.driver.modbus=rtu",
            '--set: nodes.meter.driver.modbus: no module "rtu"; expected one of '
            "nodes.modbus_map.transport_sim, nodes.modbus_map.transport_tcp",
        ),
        (
            "pilot.driver.parameters.noise=1",
            "--set: nodes.pilot.driver.parameters.noise: unknown key",
        ),
        (
            "load_manager.main_fuse=25",
            "--set: load_manager.main_fuse: unknown key; expected one of main_fuse_a, margin_a, "
            'monitoring; did you mean "main_fuse_a"?',
        ),
        (
            "meter.solar=abc@127.0.0.1:502/1",
            f'--set: meter.solar: expected one of {MAPS}; got "abc"',
        ),
        ("settings.hotspot.channel=14", "--set: settings.hotspot.channel: expected a whole number"),
        ("meter.house=tq", "--set: meter.house: meter address 'tq': expected MAP@HOST:PORT/UNIT"),
    ],
)
def test_a_wrong_setting_is_one_line(setting: str, line: str) -> None:
    assert refused(SIMULATION, setting).startswith(line)


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ('[nodes.led]\nneeds = ["plnat"]\n', 'nodes.led.needs: unknown node "plnat"'),
        ('[nodes.led]\nmodule = "nodes.lde"\n', "nodes.led.module: "),
    ],
)
def test_a_wrong_key_in_a_launch_file_is_one_line_with_its_place(
    tmp_path: Path, table: str, line: str
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(f'include = "{SIMULATION}"\n\n{table}')
    assert refused(plan).startswith(f"{plan}: {line}")
