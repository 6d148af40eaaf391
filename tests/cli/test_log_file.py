"""The log beside the front: complete while it is small, limited in size, and without errors."""

from pathlib import Path

from cli.log_file import LogFile


def test_a_full_log_is_renamed_and_no_more_than_two_files_are_kept(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log", most_bytes=30)
    for number in range(10):
        log.write(f"line {number:4}\n".encode())
    log.close()
    assert (tmp_path / "log").read_text() == "line    9\n"
    assert (tmp_path / "log.1").read_text() == "line    6\nline    7\nline    8\n"
    assert len(list(tmp_path.iterdir())) == 2


def test_the_log_of_the_previous_run_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    for run in (b"first\n", b"second\n"):
        log = LogFile(tmp_path / "log")
        log.write(run)
        log.close()
    assert (tmp_path / "log").read_bytes() == b"second\n"
    assert (tmp_path / "log.1").read_bytes() == b"first\n"
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_a_missing_folder_loses_lines_without_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    log = LogFile(folder / "log", most_bytes=10)
    log.write(b"12345678\n")
    (folder / "log").unlink()
    folder.rmdir()
    log.write(b"12345678\n")
    log.close()
    assert not folder.exists()
