"""Code that forked processes share, and forget when a file of it has changed."""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.own_code import OwnCode


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a package of two modules, one of which needs the other, and take it out again."""
    package = tmp_path / "shed"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "tools.py").write_text("COLOR = 'red'\n")
    (package / "work.py").write_text("from shed.tools import COLOR\nimport colorsys\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield package
    for name in [name for name in sys.modules if name.partition(".")[0] == "shed"]:
        del sys.modules[name]


def color() -> str:
    return str(importlib.import_module("shed.work").COLOR)


def code_of(*names: str) -> OwnCode:
    for name in names:
        importlib.import_module(name)
    return OwnCode(["shed"])


def test_what_has_not_changed_is_kept(house: Path) -> None:
    code = code_of("shed.work")
    assert code.is_as_it_was()
    assert color() == "red"


@pytest.mark.parametrize("file", ["tools.py", "work.py", "__init__.py"])
def test_a_change_of_any_file_is_seen(house: Path, file: str) -> None:
    code = code_of("shed.work")
    path = house / file
    path.write_text(path.read_text() + "# more\n")
    assert not code.is_as_it_was()


def test_a_change_that_keeps_the_length_is_seen_by_its_time(house: Path) -> None:
    code = code_of("shed.work")
    path = house / "tools.py"
    before = path.stat()
    path.write_text("COLOR = 'tan'\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert not code.is_as_it_was()


def test_a_file_that_is_gone_is_a_change(house: Path) -> None:
    code = code_of("shed.work")
    (house / "tools.py").unlink()
    assert not code.is_as_it_was()


def test_forgotten_modules_are_imported_again_and_the_others_stay(house: Path) -> None:
    code = code_of("shed.work")
    (house / "tools.py").write_text("COLOR = 'green'\n")
    colorsys = sys.modules["colorsys"]
    code.forget()
    importlib.invalidate_caches()
    assert color() == "green"
    assert sys.modules["colorsys"] is colorsys  # of another package


def test_what_is_imported_later_is_watched_once_it_is_noted(house: Path) -> None:
    code = code_of("shed.tools")
    importlib.import_module("shed.work")
    (house / "work.py").write_text("COLOR = 'green'  # changed\n")
    assert code.is_as_it_was()
    code.forget()
    assert "shed.work" in sys.modules
    code.note()
    (house / "work.py").write_text("COLOR = 'blue'  # changed again\n")
    assert not code.is_as_it_was()
    code.forget()
    assert "shed.work" not in sys.modules


def test_what_lies_in_a_folder_is_watched_whatever_its_name(house: Path) -> None:
    importlib.import_module("shed.work")
    code = OwnCode([], [str(house)])
    assert code.is_as_it_was()
    (house / "tools.py").write_text("COLOR = 'green'\n")
    assert not code.is_as_it_was()
    code.forget()
    assert not {"shed.tools", "shed.work"} & set(sys.modules)
    assert "colorsys" in sys.modules
