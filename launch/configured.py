"""The settings in a plan: `[factory]`, `[settings]`, and parameters that are names of settings.

All of them are parameters of the node that stores the settings. Each key has its file and key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from launch.complaint import Complaint
from launch.ports import shift_settings
from msgs.setting_keys import SettingError, check, flatten, unflatten
from msgs.setting_names import settings_of

SETTINGS_NODE = "system"  # stores the settings


class Tree(StrEnum):
    """A table at the top of a launch file, and the parameter of SETTINGS_NODE that it becomes."""

    FACTORY = "factory"  # settings at delivery: stored ones override them
    SETTINGS = "settings"  # override stored ones, and are locked


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value."""

    value: Any
    place: str  # file and key as written: "plan.toml: load_manager.main_fuse_a"


class Configured:
    """Both trees while files are merged, key by key."""

    def __init__(self) -> None:
        self._trees: dict[Tree, dict[str, Setting]] = {tree: {} for tree in Tree}

    def lay_over(self, tree: Tree, values: Mapping[str, Any], source: str) -> None:
        """Merge the values of a file or `--set`, nested or with dotted keys.

        :raises Complaint: the first key or value that is wrong.
        """
        for key, value in flatten(values).items():
            try:
                check(key, value)
            except SettingError as error:
                raise Complaint(f"{tree}.{key}", error.problem) from error
            self._trees[tree][key] = Setting(value=value, place=f"{source}: {tree}.{key}")

    def lay_parameter(self, parameter: str, value: Any, source: str) -> None:
        """Merge a parameter of another node that is a name of settings.

        :raises Complaint: its value is wrong.
        """
        try:
            settings = settings_of(parameter, value)
        except SettingError as error:
            raise Complaint(parameter, error.problem) from error
        for key, each in settings.items():
            setting = Setting(value=each, place=f"{source}: {parameter}")
            self._trees[Tree.SETTINGS][key] = setting

    def parameters(self, ports: int) -> dict[str, Any]:
        """Return the parameters of SETTINGS_NODE, with `ports` added to every simulated port.

        :raises Complaint: a port out of range; the key is file and key as written.
        """
        flat = {
            tree: {key: setting.value for key, setting in settings.items()}
            for tree, settings in self._trees.items()
            if settings
        }
        try:
            shifted = shift_settings(flat, ports)
        except Complaint as complaint:
            raise Complaint(self.places()[complaint.key], complaint.text) from complaint
        return {str(tree): unflatten(values) for tree, values in shifted.items()}

    def places(self) -> dict[str, str]:
        """Return file and key of each of these parameters."""
        return {
            f"{tree}.{key}": setting.place
            for tree, settings in self._trees.items()
            for key, setting in settings.items()
        }
