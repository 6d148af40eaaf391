"""What is known of this boot: its id, and whether UTC has been set in it."""

from pathlib import Path

import pytest

from bus import boot
from bus.run import SystemClock


@pytest.fixture(autouse=True)
def nothing_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot, "CLOCKS", tmp_path / "rtc")
    monkeypatch.setattr(boot, "SYNCHRONISED", tmp_path / "synchronized")
    monkeypatch.setattr(boot, "_is_synchronised", lambda: False)


def test_a_boot_has_an_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert boot.boot_id() == SystemClock().boot() == boot.boot_id() != ""
    monkeypatch.setattr(boot, "BOOT_ID", tmp_path / "none")
    assert boot.boot_id() == ""


@pytest.mark.parametrize(("content", "is_set"), [("1\n", True), ("0\n", False)])
def test_a_clock_with_a_battery_has_set_utc(tmp_path: Path, content: str, is_set: bool) -> None:
    assert not boot.was_utc_set()
    (tmp_path / "rtc" / "rtc0").mkdir(parents=True)
    (tmp_path / "rtc" / "rtc0" / "hctosys").write_text(content)
    assert boot.was_utc_set() is is_set


def test_a_clock_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    for number in range(20):  # in any order that the folder has
        (tmp_path / "rtc" / f"rtc{number}" / "hctosys").mkdir(parents=True)
    (tmp_path / "rtc" / "read").mkdir()
    (tmp_path / "rtc" / "read" / "hctosys").write_text("1\n")
    assert boot.was_utc_set()


def test_a_time_server_has_set_utc_and_it_stays_set_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SystemClock()
    assert not clock.is_utc_set()
    (tmp_path / "synchronized").touch()
    assert clock.is_utc_set()
    (tmp_path / "synchronized").unlink()
    assert clock.is_utc_set()
    monkeypatch.setattr(boot, "_is_synchronised", lambda: True)
    assert SystemClock().is_utc_set()


def test_the_kernel_says_whether_utc_is_synchronised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert boot._is_synchronised() in (True, False)
    for state, is_synchronised in ((0, True), (3, True), (5, False), (-1, False)):
        monkeypatch.setattr(boot, "_c_library", Kernel(state))
        assert boot._is_synchronised() is is_synchronised


class Kernel:
    def __init__(self, state: int) -> None:
        self._state = state

    def adjtimex(self, timex: object) -> int:
        return self._state
