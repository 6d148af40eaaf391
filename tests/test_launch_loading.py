"""A node of a plan before it runs: what is wrong names the key as a person can set it."""

from collections.abc import Mapping
from typing import Any

import pytest

from bus import Bus, DriverError
from launch.loading import ConfigurationError, LoadedNode, Written, load_node

SOURCES = {"driver.modbus": "base.toml", "parameters.house_trace": "--set"}


def loaded(parameters: Mapping[str, Any] | None = None) -> LoadedNode:
    return load_node(
        Written(
            node="house",  # another name than its package has
            module="nodes.plant",
            drivers={"modbus": "sim"},
            parameters=parameters or {},
            sources=SOURCES,
            file="plan.toml",
            ports=0,
        )
    )


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (DriverError("no such file", "house_trace"), "--set: house.house_trace: no such file"),
        (DriverError("in use", "house_port"), "plan.toml: house.house_port: in use"),
        (DriverError("unknown kind"), "base.toml: nodes.house.driver: unknown kind"),
    ],
)
def test_a_driver_that_cannot_be_opened_names_what_is_to_be_changed(
    error: DriverError, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = loaded()

    def build(bus: Bus, parameters: object, drivers: Mapping[str, str]) -> object:
        raise error

    monkeypatch.setattr(node.module, "build", build)
    with pytest.raises(ConfigurationError) as refused:
        node.build(None)  # type: ignore[arg-type]
    assert str(refused.value) == line


def test_a_parameter_that_is_wrong_names_its_key_and_where_it_is_written() -> None:
    with pytest.raises(ConfigurationError) as refused:
        loaded({"house_trace": 7})
    assert str(refused.value) == "--set: house.house_trace: expected `str`, got `int`"
