"""Which test shows which requirement: the marks of the tests, joined with the list of ids.

The marks are read from the source, so that no test has to be run or imported.
"""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
TESTS = HERE.parent
PAGE = TESTS.parent / "docs" / "requirements.md"
MARK = "req"

Sections = dict[str, dict[str, str]]
Shown = dict[str, list[str]]  # id -> tests, as "system/test_cards.py: a card taught too late ..."


def requirements() -> Sections:
    """Return the sections, each with its ids and what they say."""
    return tomllib.loads((HERE / "requirements.toml").read_text(encoding="utf-8"))


@cache
def shown(tests: Path = TESTS) -> Shown:
    """Return the tests that carry each id, in a fixed order."""
    found: Shown = {}
    for file in sorted(tests.rglob("test_*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for id_, name in _marks(tree):
            test = f"{file.relative_to(tests)}: {name}"
            if test not in found.setdefault(id_, []):
                found[id_].append(test)
    return found


def page() -> str:
    """Return docs/requirements.md as it has to be."""
    tests = shown()
    lines = [
        "# Requirements and the tests that show them",
        "",
        "Made by `make requirements` from the marks of the tests; a test compares it. A",
        "requirement without a test is not built yet, or not shown.",
    ]
    for section, rows in requirements().items():
        lines += ["", f"## {section}", "", "| id | requirement | shown by |", "| --- | --- | --- |"]
        lines += [f"| {id_} | {text} | {_cell(tests.get(id_, []))} |" for id_, text in rows.items()]
    return "\n".join(lines) + "\n"


def _cell(tests: list[str]) -> str:
    if not tests:
        return "**nothing yet**"
    files: dict[str, int] = {}
    for test in tests:
        file = test.partition(": ")[0]
        files[file] = files.get(file, 0) + 1
    return ", ".join(
        f"[{file}](../tests/{file})" + (f" ({count})" if count > 1 else "")
        for file, count in files.items()
    )


def _marks(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each id and the test, class or file that carries it."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                for decorator in node.decorator_list:
                    for id_ in _ids(decorator):
                        yield id_, node.name
            case ast.Assign(targets=[ast.Name(id="pytestmark")], value=value):
                for id_ in _ids(value):
                    yield id_, "all"
            case _:
                pass


def _ids(tree: ast.AST) -> Iterator[str]:
    """Yield the ids of all `pytest.mark.req(...)` within an expression."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=attribute), args=args) if attribute == MARK:
                for argument in args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield argument.value
            case _:
                pass
