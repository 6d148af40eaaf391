"""docs/safety.md promises nothing that no test shows."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_the_safety_document_names_exists() -> None:
    named = set(re.findall(r"\btest_\w+", (ROOT / "docs/safety.md").read_text()))
    defined = set()
    for folder in ("pilot", "safety"):
        for path in (ROOT / "tests" / folder).rglob("test_*.py"):
            defined |= set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))
    assert len(named) > 40
    assert named - defined == set()


def test_every_line_of_the_safety_document_names_a_test() -> None:
    text = (ROOT / "docs/safety.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    bare = [row for row in rows if "test_" not in row and not row.startswith(("| hazard", "| ---"))]
    assert bare == []
