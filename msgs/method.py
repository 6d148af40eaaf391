"""One row of the table of methods (`msgs.methods`), and who may call it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from msgspec import Struct

A = TypeVar("A", bound=Struct)
R = TypeVar("R")

EVERY_NODE = "*"  # as a server: every node answers it
ANYBODY = "*"  # as a caller: every node and tool
TOOLS = "tool-*"  # as a caller: the command line
TOOL_PREFIX = "tool-"  # its name on the bus is this and its process id


@dataclass(frozen=True, slots=True, kw_only=True)
class Method(Generic[A, R]):
    """One row of the table.

    `callers` are names of nodes, TOOLS or ANYBODY; the bus refuses all others. `timeout_s` is the
    caller's default timeout.
    """

    name: str
    server: str
    arguments: type[A]
    result: type[R]  # NoneType: no value
    callers: tuple[str, ...]
    text: str  # what it does, for a person
    timeout_s: float = 1.0
    is_act: bool = False  # acts on the simulated world

    def at(self, node: str) -> "Method[A, R]":
        """Return the row of one node, for a method that every node serves."""
        return replace(self, server=node)

    def refusal(self, caller: str) -> str:
        """Return why a caller is not allowed, for a person; "" if it is."""
        is_tool = caller.startswith(TOOL_PREFIX) and TOOLS in self.callers
        if is_tool or caller in self.callers or ANYBODY in self.callers:
            return ""
        return f"{caller} may not call {self.name} of {self.server}; {_listed(self.callers)} may"


def _listed(callers: Iterable[str]) -> str:
    return " and ".join("the command line" if each == TOOLS else each for each in callers)
