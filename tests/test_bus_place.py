"""The directories of a graph: no other user can write in them."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from bus.place import Place, PlaceError, prepare

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
ANOTHER_USER = 12345


def place_in(home: Path) -> Place:
    return Place(run_dir=home / "run", state_dir=home / "state")


def refused(place: Place) -> str:
    with pytest.raises(PlaceError) as error:
        prepare(place)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_new_directories_belong_to_this_user_alone(tmp_path: Path) -> None:
    place = place_in(tmp_path / "n")
    prepare(place)
    for path in (place.run_dir, place.state_dir):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert list(path.iterdir()) == []
    prepare(place)


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755, 0o711])
def test_other_users_may_read_a_directory(tmp_path: Path, mode: int) -> None:
    place = place_in(tmp_path)
    for path in (place.run_dir, place.state_dir):
        path.mkdir()
        path.chmod(mode)
    prepare(place)
    for path in (place.run_dir, place.state_dir):
        assert stat.S_IMODE(path.stat().st_mode) == mode
        assert list(path.iterdir()) == []


@pytest.mark.parametrize("name", ["run", "state"])
@pytest.mark.parametrize("mode", [0o770, 0o775, 0o702, 0o1777])
def test_a_directory_that_others_can_write_in_is_refused_with_the_remedy(
    tmp_path: Path, name: str, mode: int
) -> None:
    path = tmp_path / name
    path.mkdir()
    path.chmod(mode)
    assert refused(place_in(tmp_path)) == (
        f"{name} directory {path} has mode {mode:04o}: others can write in it; "
        f"expected none but this user: chmod 700 {path}"
    )
    assert list(path.iterdir()) == []


def given_away(path: Path) -> None:
    path.mkdir(mode=0o700)
    os.chown(path, ANOTHER_USER, -1)


def linked_by_another(path: Path) -> None:
    own = path.with_name("own")
    own.mkdir(mode=0o700)
    path.symlink_to(own)
    os.chown(path, ANOTHER_USER, -1, follow_symlinks=False)


@as_root
@pytest.mark.parametrize("name", ["run", "state"])
@pytest.mark.parametrize("make", [given_away, linked_by_another])
def test_a_directory_of_another_user_is_refused(
    tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    path = tmp_path / name
    make(path)
    assert refused(place_in(tmp_path)) == (
        f"{name} directory {path} belongs to user {ANOTHER_USER}, this is user 0; "
        f"expected a directory of this user, choose it with --{name}-dir"
    )
    assert list(path.iterdir()) == []


@as_root
def test_a_directory_of_root_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = place_in(tmp_path)
    prepare(place)
    monkeypatch.setattr("bus.place.os.geteuid", lambda: ANOTHER_USER)
    prepare(place)


def test_a_state_directory_that_cannot_be_written_keeps_no_box_from_starting(
    tmp_path: Path,
) -> None:
    prepare(Place(run_dir=tmp_path, state_dir=Path("/proc/self")))


def test_a_run_directory_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    place = Place(run_dir=Path("/proc/self"), state_dir=tmp_path)
    assert "expected a directory that can be written" in refused(place)


def test_an_own_link_to_an_own_directory_is_accepted(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    (tmp_path / "own").mkdir(mode=0o700)
    place.run_dir.symlink_to(tmp_path / "own")
    prepare(place)
    assert place.run_dir.is_symlink()
    assert stat.S_IMODE(place.state_dir.stat().st_mode) == 0o700


def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    assert "choose a shorter one with --run-dir" in refused(place_in(tmp_path / ("x" * 100)))
