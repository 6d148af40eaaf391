"""The label's file: made once, readable by its owner alone, whole or not there, never replaced."""

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bus import PlaceError
from bus.generations import decoder, previous_of, read_valid_or_raise, value_of
from bus.store import mark_of, remove
from cli.label import card
from msgs.label import LABEL_FILE, Label
from nodes.system.label import own_label
from tests.disk import full_disk

SECRETS = ("serial", "web_password", "recovery_key", "wlan_ssid", "wlan_password")
ADDRESSES = ("lan_mac", "wlan_mac")


def quiet(text: str) -> None:
    """Drop what is said."""


@pytest.mark.req("LAB-1")
def test_a_new_box_gets_a_label_that_its_owner_alone_can_read(tmp_path: Path) -> None:
    label = own_label(tmp_path, random.SystemRandom(), quiet)
    path = tmp_path / LABEL_FILE
    assert read_valid_or_raise(path, Label) == label
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.req("LAB-1")
def test_two_boxes_differ_in_every_value_but_the_users_name_and_the_address(
    tmp_path: Path,
) -> None:
    one, two = (own_label(tmp_path / name, random.SystemRandom(), quiet) for name in ("one", "two"))
    for field in (*SECRETS, *ADDRESSES):
        assert getattr(one, field) != getattr(two, field), field
    assert not {each.uid for each in one.rfid} & {each.uid for each in two.rfid}


@pytest.mark.req("LAB-1")
def test_the_label_of_a_box_is_never_written_again(tmp_path: Path) -> None:
    path = tmp_path / LABEL_FILE
    first = own_label(tmp_path, random.SystemRandom(), quiet)
    before = (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
    for _ in range(3):
        assert own_label(tmp_path, random.SystemRandom(), quiet) == first
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) == before


@pytest.mark.parametrize("damage", ["empty", "half", "short key", "three cards", "foreign"])
def test_a_label_that_cannot_be_read_stays_and_the_start_ends_with_a_reason(
    tmp_path: Path, damage: str
) -> None:
    path = tmp_path / LABEL_FILE
    own_label(tmp_path, random.SystemRandom(), quiet)
    whole = path.read_bytes()
    written = json.loads(whole)
    content = {
        "empty": b"",
        "half": whole[: len(whole) // 2],
        "short key": json.dumps(written | {"recovery_key": "short"}).encode(),
        "three cards": json.dumps(written | {"rfid": written["rfid"][:3]}).encode(),
        "foreign": b"[]",
    }[damage]
    for each in (path, previous_of(path)):
        each.write_bytes(content)
    with pytest.raises(PlaceError) as refused:
        own_label(tmp_path, random.SystemRandom(), quiet)
    assert f"{path} cannot be understood" in str(refused.value)
    assert "expected the file of the first start" in str(refused.value)
    assert set(tmp_path.iterdir()) == {path, previous_of(path), mark_of(path)}
    assert path.read_bytes() == previous_of(path).read_bytes() == content


@pytest.mark.req("LAB-1")
@pytest.mark.parametrize("is_newest", [False, True])
@pytest.mark.parametrize("content", [b"", b"{", None])
def test_a_damaged_label_is_the_other_one_again(
    tmp_path: Path, is_newest: bool, content: bytes | None
) -> None:
    path = tmp_path / LABEL_FILE
    label = own_label(tmp_path, random.SystemRandom(), quiet)
    damaged = path if is_newest else previous_of(path)
    if content is None:
        damaged.unlink()
    else:
        damaged.write_bytes(content)
    assert read_valid_or_raise(path, Label) == label
    lines: list[str] = []
    assert own_label(tmp_path, random.SystemRandom(), lines.append) == label
    assert bool(lines) is (is_newest or content is not None)
    for each in (path, previous_of(path)):
        assert decoder(Label)(value_of(each.read_bytes(), LABEL_FILE)) == label


@pytest.mark.req("LAB-1")
def test_a_label_whose_files_are_gone_is_not_made_again(tmp_path: Path) -> None:
    path = tmp_path / LABEL_FILE
    own_label(tmp_path, random.SystemRandom(), quiet)
    for make in (lambda _: None, Path.mkdir):
        for each in (path, previous_of(path)):
            remove(each)
            make(each)
        with pytest.raises(PlaceError, match="expected the file of the first start"):
            own_label(tmp_path, random.SystemRandom(), quiet)


@pytest.mark.req("LAB-1")
def test_a_damaged_label_on_a_full_disk_is_used_and_repaired_later(tmp_path: Path) -> None:
    path = tmp_path / LABEL_FILE
    label = own_label(tmp_path, random.SystemRandom(), quiet)
    path.write_bytes(b"")
    lines: list[str] = []
    with full_disk():
        assert own_label(tmp_path, random.SystemRandom(), lines.append) == label
    assert "it is not stored" in lines[-1]
    assert own_label(tmp_path, random.SystemRandom(), quiet) == label
    assert decoder(Label)(value_of(path.read_bytes(), LABEL_FILE)) == label


def test_a_label_that_cannot_be_written_ends_the_start_with_a_reason() -> None:
    with pytest.raises(PlaceError, match=r"label\.json cannot be written"):
        own_label(Path("/proc/self"), random.SystemRandom(), quiet)


DYING = """
import os, random, signal, sys
from pathlib import Path
from nodes.system.label import own_label

STEPS = {"mkdir", "open", "write", "flush", "fsync", "close", "replace"}
left = int(sys.argv[2])

def watch(frame, event, called):
    global left
    if event in ("c_return", "c_exception") and called.__name__ in STEPS:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.setprofile(watch)
own_label(Path(sys.argv[1]), random.SystemRandom(), print)
sys.setprofile(None)
"""


@pytest.mark.req("LAB-1")
def test_a_box_that_dies_at_any_step_of_its_first_start_has_one_whole_label_afterwards(
    tmp_path: Path,
) -> None:
    died = had_one = 0
    for step in range(1, 40):
        state_dir = tmp_path / f"{step}"
        state_dir.mkdir()
        words = [sys.executable, "-c", DYING, str(state_dir), str(step)]
        code = subprocess.run(words, check=False).returncode
        if code == 0:
            break
        assert code == -signal.SIGKILL
        died += 1
        before = read_valid_or_raise(state_dir / LABEL_FILE, Label)  # the whole one, or none
        had_one += before is not None
        label = own_label(state_dir, random.SystemRandom(), quiet)
        assert before in (None, label)
        assert read_valid_or_raise(state_dir / LABEL_FILE, Label) == label
        assert (state_dir / LABEL_FILE).stat().st_mode & 0o777 == 0o600
    else:
        pytest.fail("it dies on and on")
    assert died >= 6  # open, write, sync, replace, and the directory: open, sync
    assert 0 < had_one < died


# --- wallbox label ----------------------------------------------------------------------------


def wallbox_label(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-m", "cli.main", "label", *words],
        capture_output=True, text=True, check=False, timeout=20,
    )  # fmt: skip


@pytest.mark.req("LAB-1")
def test_the_command_prints_the_label_for_programs(tmp_path: Path) -> None:
    label = own_label(tmp_path, random.SystemRandom(), quiet)
    result = wallbox_label("--json", "--state-dir", str(tmp_path))
    assert (result.returncode, result.stderr) == (0, "")
    (line,) = result.stdout.splitlines()
    shown = json.loads(line)
    assert list(shown) == [
        "serial", "web_user", "web_password", "recovery_key", "wlan_ssid", "wlan_password",
        "lan_mac", "wlan_mac", "rfid", "hotspot_ip",
    ]  # fmt: skip
    assert msgspec.convert(shown, Label) == label
    assert [list(each) for each in shown["rfid"]] == [["uid", "role", "color"]] * 4


@pytest.mark.req("LAB-1")
def test_the_command_prints_the_label_for_people(tmp_path: Path) -> None:
    label = own_label(tmp_path, random.SystemRandom(), quiet)
    result = wallbox_label("--state-dir", str(tmp_path))
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines == card(label)
    assert len({len(line) for line in lines}) == 1
    for field in (*SECRETS, *ADDRESSES, "web_user", "hotspot_ip"):
        assert getattr(label, field) in result.stdout, field
    for each in label.rfid:
        assert f"{each.role}, {each.color}" in result.stdout
        assert each.uid in result.stdout


def test_the_command_says_what_to_do_where_there_is_no_label(tmp_path: Path) -> None:
    result = wallbox_label("--json", "--state-dir", str(tmp_path))
    assert (result.returncode, result.stdout) == (1, "")
    assert f"no label in {tmp_path}; the first start of the box makes it" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_is_wrong_with_a_label(tmp_path: Path) -> None:
    (tmp_path / LABEL_FILE).write_text("{}")
    result = wallbox_label("--state-dir", str(tmp_path))
    assert (result.returncode, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert "label.json cannot be understood" in result.stderr
