"""Launch files: their content, and the errors of wrong ones."""

from pathlib import Path

import pytest

from launch.plan import NodePlan, ParentDeath, Plan, PlanError, RestartPolicy, stop_waves
from launch.plan_file import load_plan

LAUNCH = Path(__file__).parent.parent / "launch"

BASE = """
name = "base"

[nodes.pilot]
module = "nodes.pilot"
driver = "line_sim"
needs = ["plant"]

[nodes.pilot.parameters]
gain = 1
depth = 2

[nodes.plant]
module = "nodes.plant"
driver = { modbus = "tcp" }
"""


def drivers(plan: Plan, node: str) -> dict[str, tuple[str, dict[str, object]]]:
    """Return the module and the parameters of each device."""
    return {
        device: (driver.module, driver.parameters)
        for device, driver in plan.node(node).drivers.items()
    }


def write(folder: Path, text: str, name: str = "x.toml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def complaint(file: Path, *settings: str) -> str:
    with pytest.raises(PlanError) as caught:
        load_plan(file, settings)
    return str(caught.value)


@pytest.mark.req("BUS-2")
@pytest.mark.parametrize("name", ["simulation", "virtual"])
def test_the_plans_of_the_project_are_valid(name: str) -> None:
    plan = load_plan(LAUNCH / f"{name}.toml")
    assert plan.name == name
    assert {node.name for node in plan.nodes} == {
        "plant", "pilot", "safety", "meter", "session", "load_manager", "led", "system", "rfid",
        "dcs", "smart_home", *(["web", "portal"] if name == "simulation" else []),
    }  # fmt: skip
    assert plan.node("safety").parent_death is ParentDeath.TERM
    assert {node.name for node in plan.nodes if node.parent_death is ParentDeath.TERM} == {"safety"}


def test_virtual_differs_from_simulation_in_modbus_and_has_no_page() -> None:
    simulation = load_plan(LAUNCH / "simulation.toml")
    virtual = load_plan(LAUNCH / "virtual.toml")
    for node in simulation.nodes:
        if node.name in ("web", "portal"):
            continue
        other = virtual.node(node.name)
        if node.name != "dcs":
            assert other.parameters == node.parameters
        if node.name not in ("dcs", "meter", "plant", "smart_home"):
            assert drivers(virtual, node.name) == drivers(simulation, node.name)
    assert virtual.node("dcs").parameters == {"service_url": ""}  # nothing runs beside the box
    assert drivers(virtual, "meter") == {
        "chip": ("nodes.meter.chip_sim", {}),
        "modbus": ("nodes.modbus_map.transport_sim", {}),
        "serial": ("nodes.modbus_map.serial_line_sim", {}),
    }


def test_the_simulation_stops_session_first_and_safety_and_plant_last() -> None:
    waves = stop_waves(load_plan(LAUNCH / "simulation.toml"))
    assert waves[0] == ("session",)
    assert waves[-2:] == (("safety",), ("plant",))


def test_values_that_are_not_written_have_their_defaults(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path, BASE))
    pilot = plan.node("pilot")
    assert drivers(plan, "pilot") == {"": ("line_sim", {})}
    assert pilot.restart is RestartPolicy.ALWAYS
    assert (pilot.ready_s, pilot.stop_s, pilot.hung_s) == (10.0, 2.0, 10.0)


def test_nodes_stand_behind_what_they_need(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path, BASE))
    assert [node.name for node in plan.nodes] == ["plant", "pilot"]


# --- include -----------------------------------------------------------------------------------


def test_an_including_file_overrides_key_by_key(tmp_path: Path) -> None:
    write(tmp_path, BASE, "base.toml")
    file = write(
        tmp_path,
        """
        include = "base.toml"
        [nodes.pilot]
        restart = "never"
        [nodes.pilot.parameters]
        depth = 3
        [nodes.plant]
        driver = { chip = "chip_sim" }
        """,
    )
    plan = load_plan(file)
    assert plan.name == "x"
    assert plan.node("pilot").restart is RestartPolicy.NEVER
    assert plan.node("pilot").needs == ("plant",)
    assert plan.node("pilot").parameters == {"gain": 1, "depth": 3}
    assert drivers(plan, "plant") == {"modbus": ("tcp", {}), "chip": ("chip_sim", {})}


def test_a_driver_may_have_parameters_and_an_including_file_changes_them_by_device(
    tmp_path: Path,
) -> None:
    write(
        tmp_path,
        """
        [nodes.one]
        module = "m"
        driver = { device = "line_board", parameters = { pin = 1, bus = 2 } }
        [nodes.two]
        module = "m"
        [nodes.two.driver]
        chip = { device = "chip_board", parameters = { spi = 0 } }
        modbus = { device = "rtu", parameters = { baud = 9600 } }
        """,
        "base.toml",
    )
    file = write(
        tmp_path,
        """
        include = "base.toml"
        [nodes.one.driver.parameters]
        pin = 3
        [nodes.two.driver]
        chip = "chip_sim"
        """,
    )
    plan = load_plan(file)
    assert drivers(plan, "one") == {"": ("line_board", {"pin": 3, "bus": 2})}
    assert drivers(plan, "two") == {"chip": ("chip_sim", {}), "modbus": ("rtu", {"baud": 9600})}
    driver = plan.node("one").drivers[""]
    assert driver.source == str(tmp_path / "base.toml")
    assert driver.sources == {"pin": str(file), "bus": str(tmp_path / "base.toml")}


def test_a_parameter_knows_where_its_value_is_written(tmp_path: Path) -> None:
    base = write(tmp_path, BASE, "base.toml")
    file = write(tmp_path, 'include = "base.toml"\n[nodes.pilot.parameters]\ndepth = 3\n')
    sources = load_plan(file, ["pilot.width=4"]).node("pilot").sources
    assert sources["parameters.gain"] == str(base)
    assert sources["parameters.depth"] == str(file)
    assert sources["parameters.width"] == "--set"


def test_a_node_that_is_off_is_left_out_and_no_longer_needed(tmp_path: Path) -> None:
    write(tmp_path, BASE, "base.toml")
    plan = load_plan(write(tmp_path, 'include = "base.toml"\n[nodes.plant]\noff = true\n'))
    assert [node.name for node in plan.nodes] == ["pilot"]
    assert plan.node("pilot").needs == ()


def test_a_folder_of_own_nodes_is_found_beside_its_file(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path, f'path = "mine"\n{BASE}'))
    assert plan.folders == (str(tmp_path / "mine"),)


# --- --set -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("pilot.gain=16", 16),
        ("pilot.gain=1.5", 1.5),
        ("pilot.gain=true", True),
        ("pilot.gain=[1, 2]", [1, 2]),
        ('pilot.gain="7"', "7"),
        ("pilot.gain=tq@127.0.0.1:1502/1", "tq@127.0.0.1:1502/1"),
        ("pilot.gain=", ""),
        ("pilot.gain=a = b", "a = b"),
        ("pilot.gain=1\nother = 2", "1\nother = 2"),  # one value, never two keys
    ],
)
def test_a_set_value_is_toml_else_a_text(tmp_path: Path, setting: str, value: object) -> None:
    plan = load_plan(write(tmp_path, BASE), [setting])
    assert plan.node("pilot").parameters["gain"] == value


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("plant.driver=s", {"modbus": ("tcp", {}), "": ("s", {})}),
        ("plant.driver.device=s", {"modbus": ("tcp", {}), "": ("s", {})}),
        ("plant.driver.modbus=s", {"modbus": ("s", {})}),
        ('plant.driver={ modbus = "rtu" }', {"modbus": ("rtu", {})}),
        ("plant.driver.modbus.parameters.baud=9600", {"modbus": ("tcp", {"baud": 9600})}),
        ("plant.driver.parameters.x=y", {"modbus": ("tcp", {}), "": ("", {"x": "y"})}),
    ],
)
def test_set_names_drivers_and_their_parameters_too(
    tmp_path: Path, setting: str, named: dict[str, tuple[str, dict[str, object]]]
) -> None:
    plan = load_plan(write(tmp_path, BASE), [setting])
    assert drivers(plan, "plant") == named


def test_the_last_set_wins(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path, BASE), ["pilot.gain=2", "pilot.gain=3"])
    assert plan.node("pilot").parameters["gain"] == 3


# --- settings ----------------------------------------------------------------------------------

SYSTEM = """
[nodes.system]
module = "nodes.system"
"""


def configured(plan: Plan) -> dict[str, object]:
    return dict(plan.node("system").parameters)


def test_settings_are_merged_key_by_key_and_given_to_system(tmp_path: Path) -> None:
    base = """
        [factory]
        main_fuse_a = 35
        house_meter = { host = "127.0.0.1", port = 1502 }
        [settings]
        hotspot.channel = 6
        """
    write(tmp_path, BASE + SYSTEM + base, "base.toml")
    file = write(
        tmp_path,
        """
        include = "base.toml"
        [factory.house_meter]
        unit = 3
        [settings]
        hotspot.enabled = false
        """,
    )
    given = [
        "settings.hotspot.channel=1",
        "factory.main_fuse_a=25",
        "settings.usb={allow_init=true}",
    ]
    assert configured(load_plan(file, given)) == {
        "factory": {
            "main_fuse_a": 25,
            "house_meter": {"host": "127.0.0.1", "port": 1502, "unit": 3},
        },
        "settings": {
            "hotspot": {"channel": 1, "enabled": False},
            "usb": {"allow_init": True},
        },
    }
    parameters = load_plan(file, given, ports=100).node("system").parameters
    assert parameters["factory"]["house_meter"]["port"] == 1602
    with pytest.raises(PlanError, match=r"base\.toml: factory\.house_meter\.port: port 1502 with "):
        load_plan(file, given, ports=64_100)


NAMES: list[tuple[str, dict[str, object]]] = [
    ("load_manager.main_fuse_a=25", {"main_fuse_a": 25}),
    ("load_manager.monitoring=true", {"monitoring": {"enabled": True}}),
    ("session.authorization=true", {"authorization": {"required": True}}),
    ("meter.solar=none", {"solar_meter": {"enabled": False}}),
    ("meter.house=tq@10.0.0.7:502/3",
     {"house_meter": {"enabled": True, "manufacturer": "tq", "host": "10.0.0.7", "port": 502,
                      "device": "", "unit": 3}}),
    ("meter.house=sdm630@/dev/ttyUSB0:9600:8E1/2",
     {"house_meter": {"enabled": True, "manufacturer": "sdm630", "host": "", "unit": 2,
                      "device": "/dev/ttyUSB0", "baud": 9600, "framing": "8E1"}}),
]  # fmt: skip


@pytest.mark.parametrize(("setting", "settings"), NAMES)
def test_parameters_that_stand_for_settings_count_as_settings(
    tmp_path: Path, setting: str, settings: dict[str, object]
) -> None:
    file = write(tmp_path, BASE + SYSTEM)
    plan = load_plan(file, [setting])
    assert configured(plan) == {"settings": settings}
    parameter = setting.partition("=")[0]
    assert set(plan.node("system").places.values()) == {f"--set: {parameter}"}


def test_they_do_so_in_a_nodes_table_as_well(tmp_path: Path) -> None:
    text = '[nodes.session]\nmodule = "nodes.session"\nparameters = { authorization = true }\n'
    file = write(tmp_path, BASE + SYSTEM + text)
    plan = load_plan(file)
    assert configured(plan) == {"settings": {"authorization": {"required": True}}}
    assert plan.node("system").places == {
        "settings.authorization.required": f"{file}: session.authorization"
    }
    plan = load_plan(file, ["settings.authorization.required=false"])
    assert configured(plan) == {"settings": {"authorization": {"required": False}}}


WRONG_SETTINGS = [
    # written in a file, and the complaint after the file's name
    ("[factory]\nhotspot.channel = 14\n",
     "factory.hotspot.channel: expected a whole number from 1 to 13; got 14"),
    ("[settings.hotspot]\nchanel = 1\n",
     "settings.hotspot.chanel: unknown setting; expected one of hotspot.enabled, "),
    ("[factory]\nhotspot = 1\n", "factory.hotspot: expected a table with some of "),
    ('[nodes.meter]\nmodule = "m"\nparameters = { house = 3 }\n',
     "meter.house: expected a text; got 3"),
    ("[nodes.system.parameters]\nfactory = { hotspot = 1 }\n",
     "system.factory: expected a table [factory] at the top of the file, or factory.KEY=VALUE of "),
    ('[nodes.settings]\nmodule = "m"\n', "nodes.settings: expected a name of lower-case letters"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WRONG_SETTINGS)
def test_a_wrong_setting_is_named_with_its_file(tmp_path: Path, text: str, expected: str) -> None:
    write(tmp_path, BASE + SYSTEM, "base.toml")
    file = write(tmp_path, f'include = "base.toml"\n{text}')
    assert complaint(file).startswith(f"{file}: {expected}")


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("settings.main_fuse_a=126",
         "--set: settings.main_fuse_a: expected a current from 6 to 125 A or null; got 126"),
        ("load_manager.main_fuse_a=126",
         "--set: load_manager.main_fuse_a: expected a current from 6 to 125 A or null; got 126"),
        ("meter.house=tq",
         "--set: meter.house: meter address 'tq': expected MAP@HOST:PORT/UNIT, as "),
        ("factory.fuse=3", "--set: factory.fuse: unknown setting; expected one of "),
    ],
)  # fmt: skip
def test_a_wrong_setting_of_set_is_named(tmp_path: Path, setting: str, expected: str) -> None:
    assert complaint(write(tmp_path, BASE + SYSTEM), setting).startswith(expected)


@pytest.mark.parametrize("setting", ["settings.main_fuse_a=25", "load_manager.main_fuse_a=25"])
def test_a_setting_without_the_node_system_is_refused(tmp_path: Path, setting: str) -> None:
    file = write(tmp_path, BASE)
    assert complaint(file, setting).startswith(f'--set {setting}: no node "system" in {file}; ')


# --- complaints --------------------------------------------------------------------------------

COMPLAINTS = [
    # what is written after BASE, and the error after the file's name
    ('[nodes.led]\nmodule = "nodes.led"\nneeds = ["plnat"]\n',
     'nodes.led.needs: unknown node "plnat"; expected one of pilot, plant; did you mean "plant"?'),
    ('[nodes.led]\nmodul = "nodes.led"\n', 'nodes.led.modul: unknown key; expected one of bus,'),
    ('[nodes.led]\nmodul = "nodes.led"\n', 'did you mean "module"?'),
    ("[nodes.pilto]\nnice = 1\n", "nodes.pilto.module: missing, and no included file has this"),
    ("[nodes.pilto]\nnice = 1\n", 'expected one of pilot, plant; did you mean "pilot"?'),
    ('[nodes.led]\nmodule = "nodes.led"\nrestart = "alway"\n',
     'nodes.led.restart: unknown word "alway"; expected one of always, never, on-failure; '
     'did you mean "always"?'),
    ('[nodes.led]\nmodule = "nodes.led"\nstop_s = 0\n', "nodes.led.stop_s: expected"),
    ('[nodes.led]\nmodule = "nodes.led"\nstop_s = "2"\n',
     "nodes.led.stop_s: expected `float`, got `str`"),
    ('[nodes.led]\nmodule = "nodes led"\n', "nodes.led.module: expected"),
    ('[nodes.led]\nmodule = "nodes.led"\ndriver = 3\n', "nodes.led.driver: expected"),
    ('[nodes.led]\nmodule = "nodes.led"\ndriver = { front = 3 }\n',
     "nodes.led.driver.front: expected a module or a table, got `int`"),
    ('[nodes.led]\nmodule = "nodes.led"\ndriver = { device = "a b" }\n',
     "nodes.led.driver.device: expected"),
    ('[nodes.led]\nmodule = "nodes.led"\ndriver = { front = { devise = "a" } }\n',
     'nodes.led.driver.front.devise: unknown key; expected one of device, parameters; '
     'did you mean "device"?'),
    ('[nodes.led]\nmodule = "nodes.led"\ndriver = { device = "a", chip = "b" }\n',
     "nodes.led.driver.chip: unknown key; expected one of device, parameters"),
    ('[nodes.led]\nmodule = "nodes.led"\nscheduling = "fast"\n', "nodes.led.scheduling: expected"),
    ('[nodes.led]\nmodule = "nodes.led"\nnice = 20\n', "nodes.led.nice: expected `int` <= 19"),
    ('[nodes."a/b"]\nmodule = "nodes.led"\n', "nodes.a/b: expected a name of lower-case letters"),
    ("[node.led]\n",
     "node: unknown key; expected one of factory, include, name, nodes, path, settings, watchdog, "
     "watchdog_s; did you"),
    ("[nodes.led\n", "not TOML: "),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), COMPLAINTS)
def test_a_complaint_names_file_key_and_what_was_expected(
    tmp_path: Path, text: str, expected: str
) -> None:
    file = write(tmp_path, BASE + text)
    said = complaint(file)
    assert said.startswith(f"{file}: ")
    assert expected in said
    assert "\n" not in said


def test_needs_in_a_circle_are_named_in_order(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "".join(
            f'[nodes.{name}]\nmodule = "nodes.{name}"\nneeds = ["{need}"]\n'
            for name, need in (("a", "b"), ("b", "c"), ("c", "b"))
        ),
    )
    assert complaint(file) == f"{file}: nodes need each other in a circle: b -> c -> b"


def test_a_mistake_in_an_included_file_is_put_to_that_file(tmp_path: Path) -> None:
    base = write(tmp_path, BASE + "[nodes.plant.parameter]\n", "base.toml")
    file = write(tmp_path, 'include = "base.toml"\n[nodes]\n')
    assert complaint(file).startswith(f"{base}: nodes.plant.parameter: unknown key")


def test_files_that_include_each_other_are_refused(tmp_path: Path) -> None:
    write(tmp_path, 'include = "x.toml"\n[nodes]\n', "base.toml")
    file = write(tmp_path, 'include = "base.toml"\n[nodes]\n')
    assert complaint(file) == f"{file}: include: the files include each other in a circle"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    said = complaint(tmp_path / "none.toml")
    assert (
        said == f"{tmp_path}/none.toml: No such file or directory; expected a launch file in TOML"
    )


def test_a_plan_without_nodes_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "[nodes]\n")
    assert complaint(file) == f"{file}: nodes: 0 nodes; expected 1 to 64"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("pilto.gain=1", '--set pilto.gain=1: no node "pilto" in FILE; expected one of pilot, '
                         'plant; did you mean "pilot"?'),
        ("pilot=1", "--set pilot=1: expected NODE.PARAMETER=VALUE, NODE.driver=MODULE "
         "or settings.KEY=VALUE"),
        ("pilot.gain", "--set pilot.gain: expected NODE.PARAMETER=VALUE, NODE.driver=MODULE "
         "or settings.KEY=VALUE"),
        ("pilot.driver=3", "--set pilot.driver=3: expected `str | object`, got `int`"),
        ("pilot.driver.chip=3",
         "--set pilot.driver.chip=3: expected a module or a table, got `int`"),
    ],
)  # fmt: skip
def test_a_wrong_set_is_quoted(tmp_path: Path, setting: str, expected: str) -> None:
    file = write(tmp_path, BASE)
    assert complaint(file, setting) == expected.replace("FILE", str(file))


# --- the order of stopping ---------------------------------------------------------------------


def node(name: str, needs: str = "", stops: str = "between") -> NodePlan:
    from launch.plan import Stops

    return NodePlan(name=name, module="m", needs=tuple(needs.split()), stops=Stops(stops))


@pytest.mark.parametrize(
    ("nodes", "waves"),
    [
        ([node("a")], [("a",)]),
        ([node("a"), node("b", "a"), node("c", "b")], [("c",), ("b",), ("a",)]),
        ([node("a"), node("b", "a"), node("c", "a")], [("b", "c"), ("a",)]),
        ([node("a", stops="last"), node("b")], [("b",), ("a",)]),
        ([node("a"), node("b", stops="first")], [("b",), ("a",)]),
        # `stops` overrides needs: a node that stops last may be needed by no other, and one that
        # stops first by all
        ([node("a", stops="first"), node("b", "a")], [("a",), ("b",)]),
        ([node("a", stops="last"), node("b", "a", "last")], [("b",), ("a",)]),
    ],
)
def test_a_node_stops_before_what_it_needs(
    nodes: list[NodePlan], waves: list[tuple[str, ...]]
) -> None:
    plan = Plan(name="x", file="x.toml", nodes=tuple(nodes))
    assert list(stop_waves(plan)) == waves
