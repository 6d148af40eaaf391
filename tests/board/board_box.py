"""The whole box under virtual time with the drivers of the board."""

import tomllib
from pathlib import Path

PLAN = Path(__file__).parents[2] / "launch" / "board_simulation.toml"


def board_settings(io: str = "nodes.board.io_model") -> tuple[str, ...]:
    """Return what makes the virtual box one with the drivers of launch/board_simulation.toml.

    :param io: the module of their I/O.
    """
    nodes = tomllib.loads(PLAN.read_text())["nodes"]
    settings = []
    for node, table in nodes.items():
        drivers = table["driver"]
        each = (
            {"": drivers}
            if "device" in drivers
            else {f".{name}": one for name, one in drivers.items()}
        )
        for device, driver in each.items():
            settings.append(f"{node}.driver{device}={driver['device']}")
            settings += [
                f"{node}.driver{device}.parameters.{key}={io if key == 'io' else value}"
                for key, value in driver["parameters"].items()
            ]
    return tuple(settings)
