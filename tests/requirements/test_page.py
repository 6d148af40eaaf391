"""The page of requirements agrees with the tests, and each requirement that is built is shown."""

import ast
from pathlib import Path

import pytest

from tests.requirements.page import PAGE, _marks, page, requirements, shown

NAMES = {id_ for rows in requirements().values() for id_ in rows}

# The requirements of the front, the cards, the label and the first part of the page, each with a
# test.
FRONT = (
    *(f"PAN-{n}" for n in range(1, 6)),
    *(f"LED-{n}" for n in range(1, 11)),
    *(f"RFID-{n}" for n in range(1, 13)),
    *(f"STA-{n}" for n in range(1, 5)),
    "DCS-1", "DCS-2", "DCS-3", "LAB-1", "WEB-1", "WEB-3", "WEB-15", "WEB-16",
)  # fmt: skip


def test_the_page_is_what_the_marks_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make requirements` and commit it"


def test_every_mark_names_a_requirement() -> None:
    assert set(shown()) <= NAMES


@pytest.mark.parametrize("id_", FRONT)
def test_what_is_built_is_shown(id_: str) -> None:
    assert shown()[id_]


def test_marks_are_found_on_functions_classes_parameters_and_files(tmp_path: Path) -> None:
    source = """
import pytest
pytestmark = [pytest.mark.system, pytest.mark.req("A-1")]

@pytest.mark.req("A-2", "A-3")
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.req("A-4"))])
def test_one(x): ...

@pytest.mark.req("A-5")
class TestAll:
    @pytest.mark.req("A-6")
    def test_two(self): ...

def test_without(): mark.other("A-7")
"""
    assert sorted(_marks(ast.parse(source))) == [
        ("A-1", "all"),
        ("A-2", "test_one"),
        ("A-3", "test_one"),
        ("A-4", "test_one"),
        ("A-5", "TestAll"),
        ("A-6", "test_two"),
    ]
    (tmp_path / "test_some.py").write_text(source)
    assert shown(tmp_path)["A-6"] == ["test_some.py: test_two"]
