"""The top folders: each is in docs/architecture.md, and within its size."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from launch.warm import PACKAGES

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "architecture.md"

MOST_LINES = 400  # of a file of the product
MOST_LONGER = 3  # files
MOST_LAUNCH_LINES = 4500

BESIDE = {"bench", "docs", "tests"}  # no part of the product


def folders() -> set[str]:
    """Return the folders at the top, but for hidden and generated ones."""
    ignored = (ROOT / ".gitignore").read_text().split()
    made = {each.strip("/") for each in ignored}
    return {
        each.name
        for each in ROOT.iterdir()
        if each.is_dir() and not each.name.startswith(".") and each.name not in made
        if each.suffix != ".egg-info"
    }


def product() -> set[str]:
    return folders() - BESIDE


@cache
def section(heading: str) -> str:
    """Return a section of the document."""
    _, _, after = DOCUMENT.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    return after.partition("\n## ")[0]


def table() -> dict[str, str]:
    """Return the rooms of the table, each with its sentence."""
    rows = re.findall(r"^\| `(\w+)/` \| ([^|]+) \|", section("Folders"), re.MULTILINE)
    return dict(rows)


def lengths() -> dict[str, int]:
    """Return the files of the product with their lines."""
    return {
        str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines())
        for folder in product()
        for file in (ROOT / folder).rglob("*.py")
    }


def test_every_folder_at_the_top_has_its_purpose_in_one_sentence() -> None:
    rooms = table()
    assert set(rooms) == folders()
    assert all(sentence.strip() and ". " not in sentence for sentence in rooms.values())


def test_a_file_is_longer_than_400_lines_with_its_reason_alone() -> None:
    longer = {file for file, lines in lengths().items() if lines > MOST_LINES}
    listed = re.findall(r"^- `([\w/]+\.py)`: \S", section("Files of more than 400 lines"), re.M)
    assert set(listed) == longer
    assert len(listed) <= MOST_LONGER


def test_launch_stays_within_its_size() -> None:
    own = [lines for file, lines in lengths().items() if file.startswith("launch/")]
    assert 0 < sum(own) < MOST_LAUNCH_LINES


def test_every_tool_has_every_folder() -> None:
    tools: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    rooms = product()
    assert set(tools["hatch"]["build"]["targets"]["wheel"]["packages"]) == rooms
    assert set(tools["mypy"]["files"]) == rooms | {"bench", "tests"}
    assert set(tools["ruff"]["lint"]["isort"]["known-first-party"]) == rooms
    linter = tools["importlinter"]
    assert set(linter["root_packages"]) == rooms
    contracts = {each["name"]: each for each in linter["contracts"]}
    layers = contracts["The arrows of the house"]["layers"]
    assert {room for layer in layers for room in layer.split(" | ")} == rooms
    assert set(contracts["No import goes in a circle"]["ancestors"]) == rooms
    zmq = set(contracts["Only bus speaks ZeroMQ"]["source_modules"])
    assert zmq == rooms - {"bus"}
    compiled = re.search(r"compileall -q ([a-z ]+) &&", (ROOT / "Makefile").read_text())
    assert compiled is not None
    assert set(compiled[1].split()) == rooms


def test_all_folders_that_a_node_can_import_are_watched_for_changes() -> None:
    reached = {"launch", "nodes"}
    while more := {room for each in reached for room in imported(each)} - reached:
        reached |= more
    assert reached == set(PACKAGES)


@cache
def imported(room: str) -> set[str]:
    """Return the rooms that a room imports."""
    names = {
        name
        for file in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in _names(node)
    }
    return {name.partition(".")[0] for name in names} & product()


def _names(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [each.name for each in names]
        case ast.ImportFrom(module=str(module)):
            return [module]
        case _:
            return []
