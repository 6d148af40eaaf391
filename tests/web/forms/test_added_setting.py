"""A new setting with its page is one row in msgs and one in web: they are added to a copy."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
CHANGED = ("msgs", "web")

SETTING = "    buzzer_percent: Share = 30\n"
AFTER_SETTING = "    time_zone: TimeZone"
PAGE = """
    rows.Page(
        name="buzzer",
        title="Buzzer",
        lead="How loud it is.",
        groups=(
            rows.Group(
                fields=(rows.Field(key="buzzer_percent", label="Loudness", is_brief=True),)
            ),
        ),
    ),
"""
AFTER_PAGE = "PAGES: tuple[rows.Page, ...] = ("


def insert(path: Path, text: str, *, at: int) -> None:
    """Insert a row into a file."""
    content = path.read_text()
    path.write_text(content[:at] + text + content[at:])


def test_a_setting_is_added_by_one_row_in_msgs_and_one_in_web(tmp_path: Path) -> None:
    for name in CHANGED:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    settings, pages = tmp_path / "msgs/settings.py", tmp_path / "web/forms/pages.py"
    insert(settings, SETTING, at=settings.read_text().index(AFTER_SETTING))
    insert(pages, PAGE, at=pages.read_text().index(AFTER_PAGE) + len(AFTER_PAGE))
    state_dir = tmp_path / "state"
    state_dir.mkdir()
    ran = subprocess.run(
        [sys.executable, "-m", "tests.web.forms.added_setting", str(state_dir)],
        cwd=state_dir,  # no other copy is found there
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=100.0,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        f"{tmp_path}/msgs {tmp_path}/web",
        "shown: 30 0 to 100 %.",
        "wrong: Expected a whole number from 0 to 100; got 101.",
        "saved: 45",
        "listed: Buzzer 45 %",
        "stored: 45",
    ]
