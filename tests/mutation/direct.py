"""A pytest plugin of the mutation run: calls go directly to the mutant, not through its wrapper.

mutmut puts a wrapper before each function, which looks up the active mutant at every call. A
process runs one mutant only, so the names are bound here once, and the tests take a third of the
time. A wrapper that is referenced elsewhere, as in a table, still works, slowly.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

FOLDERS = ("bus", "msgs", "nodes", "tests")


def pytest_sessionstart() -> None:
    """Bind the names, in a process that mutmut has forked for one mutant."""
    active = os.environ.get("MUTANT_UNDER_TEST", "")
    if "__mutmut_" in active:  # else mutmut counts calls, or lets every call fail
        bind(
            [module for name, module in sys.modules.items() if name.split(".")[0] in FOLDERS],
            active,
        )


def pytest_runtest_setup() -> None:
    """Let each test step its own set-up: mutmut notes which test calls what, and forks."""
    rig = sys.modules.get("tests.safety.machine.rig")
    if rig is not None:
        rig.forget()


def bind(modules: Iterable[ModuleType], active: str) -> None:
    """Replace each wrapper, in all modules, by the function that it would call."""
    modules = list(modules)
    behind = {
        id(wrapper): function for module in modules for wrapper, function in _pairs(module, active)
    }
    for module in modules:
        for name, value in list(vars(module).items()):
            if id(value) in behind:
                setattr(module, name, behind[id(value)])


def _pairs(module: ModuleType, active: str) -> Iterator[tuple[object, Callable[..., Any]]]:
    """Yield the wrappers of a module, each with the function that it would call."""
    names = vars(module)
    mutant = active.removeprefix(f"{module.__name__}.")
    for name, versions in list(names.items()):
        if name.startswith("mutants_x_") and name.endswith("__mutmut"):
            wrapper = names[name.removeprefix("mutants_x_").removesuffix("__mutmut")]
            yield wrapper, versions.get(mutant, versions["_mutmut_orig"])
