"""A node's bus under virtual time, and the models of the libraries."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bus import Bus
from bus.memory import MemoryGraph


@pytest.fixture
def graph(tmp_path: Path) -> MemoryGraph:
    return MemoryGraph(1, tmp_path)


@pytest.fixture
def bus_of(graph: MemoryGraph) -> Callable[[str], Bus]:
    return graph.bus
