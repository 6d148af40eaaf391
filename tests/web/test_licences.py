"""Each software part of the product is listed with its licence."""

from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.web.conftest import Desk
from web.licences import find_part, read_texts, software_parts

pytestmark = pytest.mark.req("WEB-2")


def needed() -> set[str]:
    """Return what the product depends on here, by the rules of packaging itself."""
    found: set[str] = set()
    open_names = ["wallbox"]
    while open_names:
        for line in distribution(open_names.pop()).requires or ():
            requirement = Requirement(line)
            name = canonicalize_name(requirement.name)
            is_needed = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if is_needed and name not in found:
                found.add(name)
                open_names.append(name)
    return found


def test_each_package_that_the_product_needs_is_listed_with_version_licence_and_text() -> None:
    names = needed()
    assert {"flask", "markupsafe", "pyzmq"} <= names  # directly, and of another package
    parts = {part.key: part for part in software_parts()}
    assert names <= set(parts)
    assert "python" in parts
    assert "pytest" not in parts
    assert "wallbox" not in parts
    for part in parts.values():
        assert part.version, part
        assert part.licence, part
        # The shortest, of paho-mqtt, names the licences and their files.
        assert any(len(text) > 140 for _, text in read_texts(part)), part


def test_parts_that_a_package_contains_are_listed_with_it() -> None:
    pyzmq = find_part("pyzmq")
    assert pyzmq is not None
    assert {"LICENSE.zeromq.txt", "LICENSE.libsodium.txt"} <= {
        file for file, _ in read_texts(pyzmq)
    }


def test_a_text_that_is_gone_is_left_out(tmp_path: Path) -> None:
    part = find_part("flask")
    assert part is not None
    assert read_texts(part._replace(files=(tmp_path / "LICENSE",))) == ()


def test_the_pages_show_every_part_and_its_text(desk: Desk) -> None:
    browser = desk.owner()
    page = browser.get("/licences").text
    for part in software_parts():
        assert f'href="/licences/{part.key}"' in page
        shown = browser.get(f"/licences/{part.key}")
        assert shown.status_code == 200
        assert part.version in shown.text
        assert '<pre class="licence">' in shown.text
    assert "Permission to use, copy, modify" in browser.get("/licences/pyzmq").text.replace(
        "\n", " "
    )


def test_a_part_that_is_not_listed_has_no_page(desk: Desk) -> None:
    browser = desk.owner()
    for key in ("nothing", "../flask", "Flask", "flask/LICENSE", "%00"):
        assert browser.get(f"/licences/{key}").status_code == 404, key


def test_the_pages_need_a_login(desk: Desk) -> None:
    for path in ("/licences", "/licences/flask"):
        assert desk.browser().get(path).location == "/login"
