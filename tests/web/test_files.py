"""The static files and pages: compressed where it is taken, kept by browsers, of one version."""

import gzip
import os
import re
from pathlib import Path

import pytest

from tests.web.conftest import Desk
from web.compression import LEAST_BYTES
from web.files import STATIC, Files

SCRIPTS = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js"))
GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_import_of_a_script_has_the_mark(name: str) -> None:
    files = Files()
    file = files.find(name)
    assert file is not None
    source = (STATIC / name).read_text()
    sent = file.content.decode()
    imports = re.findall(r"""(?:^\s*import\b[^;]*?|\bfrom\s+)["']([^"']+)["']""", source, re.M)
    for target in imports:
        assert f'"{target}?v={files.mark}"' in sent
        assert files.find(os.path.normpath(f"{Path(name).parent}/{target}")), target
    assert sent.replace(f"?v={files.mark}", "") == source


def test_every_file_is_sent_compressed_to_who_takes_it(desk: Desk) -> None:
    client = desk.app.test_client()
    files = Files()
    total = 0
    for path in STATIC.rglob("*"):
        if not path.is_file():
            continue
        url = files.url(path.relative_to(STATIC).as_posix())
        plain, packed = client.get(url), client.get(url, headers=GZIP)
        assert plain.headers["Cache-Control"] == packed.headers["Cache-Control"]
        assert "immutable" in packed.headers["Cache-Control"]
        assert "Content-Encoding" not in plain.headers
        total += len(packed.data)
        if packed.headers.get("Content-Encoding") == "gzip":
            assert gzip.decompress(packed.data) == plain.data
            assert packed.headers["Vary"] == "Accept-Encoding"
            assert packed.headers["ETag"] != plain.headers["ETag"]
            again = client.get(url, headers={**GZIP, "If-None-Match": packed.headers["ETag"]})
            assert (again.status_code, again.data) == (304, b"")
        else:
            assert packed.data == plain.data
    assert total < 100_000


def test_the_mark_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "js").mkdir()
    for name in ("a", "b"):
        (tmp_path / "js" / f"{name}.js").write_text('import {x} from "./b.js";')
    files = Files(tmp_path)
    before = files.url("js/a.js")
    (tmp_path / "js" / "b.js").write_text("export const x = 1;")
    files = Files(tmp_path)
    after = files.url("js/a.js")
    assert before != after
    file = files.find("js/a.js")
    assert file is not None
    assert after.partition("?")[2].encode() in file.content


def test_a_link_out_of_the_folder_is_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("key")
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "link.txt").symlink_to(secret)
    assert Files(folder).find("link.txt") is None
    assert Files(folder).find("../secret") is None


@pytest.mark.parametrize("path", ["/", "/user", "/nowhere", "/api/v1/live"])
def test_a_page_is_compressed_where_it_is_taken(desk: Desk, path: str) -> None:
    browser = desk.owner()
    plain, packed = browser.get(path), browser.get(path, headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    if len(plain.data) < LEAST_BYTES:
        assert packed.data == plain.data
        return
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 2
    assert len(gzip.decompress(packed.data)) == len(plain.data)


def test_the_stream_is_never_compressed(desk: Desk) -> None:
    browser = desk.owner()
    answer = browser.get("/live", headers=GZIP)
    assert "Content-Encoding" not in answer.headers
    assert b"retry:" in bytes(next(iter(answer.iter_encoded())))
    answer.close()


def test_a_change_of_any_file_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "js").mkdir()
    script = tmp_path / "js" / "a.js"
    script.write_text("1")
    before = Files(tmp_path)
    assert before.are_current()
    script.write_text("22")
    assert not before.are_current()
    after = Files(tmp_path)
    assert after.mark != before.mark
    (tmp_path / "b.css").write_text("")
    assert not after.are_current()
