"""Who may import what of the board: chips by drivers alone; its libraries and the world once."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
BOARD = ROOT / "nodes" / "board"


@cache
def product() -> dict[str, tuple[str, ...]]:
    """Return what each file of the product imports or names in `importlib`, by its path."""
    rooms = (
        "bus",
        "cli",
        "launch",
        "msgs",
        "nodes",
        "portal",
        "terminal",
        "verifier",
        "view",
        "web",
    )
    files = (file for room in rooms for file in (ROOT / room).rglob("*.py"))
    return {
        str(file.relative_to(ROOT)): tuple(_names(ast.parse(file.read_text(encoding="utf-8"))))
        for file in files
    }


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Constant) and node.value in ("RPi.GPIO", "spidev"):
            yield str(node.value)


def importers(of: str) -> set[str]:
    return {
        file
        for file, names in product().items()
        if any(name == of or name.startswith(f"{of}.") for name in names)
    }


def test_chips_and_pins_are_imported_by_drivers_of_the_board_alone() -> None:
    outside = {file for file in importers("nodes.board") if not file.startswith("nodes/board/")}
    assert {file for file in outside if not file.endswith("_board.py")} == set()
    assert len(outside) >= 9


def test_the_libraries_of_the_pi_are_named_in_one_file() -> None:
    assert importers("RPi") | importers("spidev") == {"nodes/board/io_raspberry.py"}


def test_the_models_are_imported_by_the_io_of_the_simulation_alone() -> None:
    models = importers("nodes.board.models")
    assert {file for file in models if not file.startswith("nodes/board/models/")} == {
        "nodes/board/io_model.py"
    }


def test_of_the_board_one_file_touches_the_simulated_world() -> None:
    touching = {
        file
        for file, names in product().items()
        if file.startswith("nodes/board/")
        and any(name.startswith(("msgs.topics.SIM_", "msgs.plant")) for name in names)
    }
    assert touching == {"nodes/board/io_model.py"}


def test_a_driver_knows_no_module_of_io_but_the_one_of_the_board() -> None:
    text = "".join(file.read_text() for file in (ROOT / "nodes").glob("*/*_board.py"))
    assert "io_model" not in text
