"""Modules that are executed when they are used: packages import them, and no node uses them.

They belong to the standard library and have no part in what the nodes do: a zip archive as the
place of a package, the names of HTML characters, urllib's own client. Without them the image that
the network nodes share is 0.9 MB smaller with Python 3.11. A process that uses one of them executes
it then.
"""

import importlib.util
import sys
from collections.abc import Iterable
from functools import partial
from importlib.abc import Loader
from types import ModuleType

UNUSED = (
    "zipfile",  # importlib.metadata, which flask imports
    "html",  # http.server, which werkzeug imports
    "urllib.request",  # websockets: the proxy of the environment
)


def load_when_used(names: Iterable[str]) -> None:
    """Put modules in place that are executed when an attribute of them is first read.

    One that is imported already, or that there is not, is left as it is. Unlike those of
    importlib.util.LazyLoader they are not executed by a second import statement. The statement
    `from MODULE import NAME` reads an attribute.
    """
    for name in names:
        spec = None if name in sys.modules else importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            module = importlib.util.module_from_spec(spec)
            module.__dict__["__getattr__"] = partial(_load, module, spec.loader)
            sys.modules[name] = module
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], child, module)


def _load(module: ModuleType, loader: Loader, name: str) -> object:
    """Execute a module, and return an attribute of it."""
    del module.__dict__["__getattr__"]
    loader.exec_module(module)
    return getattr(module, name)
