"""A pytest plugin of the mutation run: calls go straight to the mutant, not through its wrapper.

mutmut puts a wrapper before each function, which looks up at every call which mutant is active. A
process runs one mutant only, so the names are bound here once, and the tests take a third of the
time. A wrapper that is held elsewhere, in a table say, goes on to do the same, slowly.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

OURS = ("bus", "msgs", "nodes", "tests")


def pytest_sessionstart() -> None:
    """Bind the names, in a process that mutmut has forked for one mutant."""
    active = os.environ.get("MUTANT_UNDER_TEST", "")
    if "__mutmut_" in active:  # else mutmut counts calls, or lets every call fail
        bind([module for name, module in sys.modules.items() if name.split(".")[0] in OURS], active)


def bind(modules: Iterable[ModuleType], active: str) -> None:
    """Put in all modules, in place of each wrapper, what it would call."""
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
