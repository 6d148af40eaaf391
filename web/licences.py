"""The software parts that the wallbox is made of, with their licences (WEB-2).

Read from the installed packages: those that the wallbox depends on, directly or not, and Python.
The list is read once, at the first request. A text is read for each request and not kept.
"""

import re
import sysconfig
from collections.abc import Iterator
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from platform import python_version
from typing import NamedTuple

PRODUCT = "wallbox"
EXTRAS = frozenset({"board", "board5"})  # of pyproject.toml, for the drivers of a board
MOST_NAME_CHARACTERS = 60  # a longer field "License" is the text itself

_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)\s*(\[(?P<extras>[^\]]*)\])?")
_EXTRA = re.compile(r"extra\s*==\s*['\"](?P<extra>[^'\"]+)['\"]")
_TEXT = re.compile(r"(licen[cs]e|copying|notice|authors|copyright)[^/]*$", re.IGNORECASE)
_CLASSIFIER = "License :: "


class SoftwarePart(NamedTuple):
    """One part."""

    key: str  # in the path of its page
    name: str
    version: str
    licence: str  # its name; "" if only its text says it
    files: tuple[Path, ...]  # its texts


@cache
def software_parts() -> tuple[SoftwarePart, ...]:
    """Return all parts by name, Python first."""
    found: dict[str, SoftwarePart] = {}
    _walk(PRODUCT, EXTRAS, found)
    found.pop(_key(PRODUCT), None)
    return (_python(), *sorted(found.values(), key=lambda part: part.key))


def find_part(key: str) -> SoftwarePart | None:
    """Return the part of this key; None if there is none."""
    return next((part for part in software_parts() if part.key == key), None)


def read_texts(part: SoftwarePart) -> tuple[tuple[str, str], ...]:
    """Return the texts of a part by the names of their files, but for files that are gone."""
    texts = []
    for file in part.files:
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        texts.append((file.name, text.strip("\n")))
    return tuple(texts)


def _walk(name: str, extras: frozenset[str], found: dict[str, SoftwarePart]) -> None:
    """Add a package that is installed, and what it requires."""
    key = _key(name)
    if key in found:
        return
    try:
        package = distribution(name)
    except PackageNotFoundError:
        return  # for another system, or for an extra that is not installed
    found[key] = _part(key, package)
    for needed, of_extra, its_extras in _requirements(package):
        if not of_extra or of_extra in extras:
            _walk(needed, its_extras, found)


def _requirements(package: Distribution) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Yield what a package requires: its name, for which extra, and its own extras."""
    for line in package.requires or ():
        requirement, _, marker = line.partition(";")
        match = _REQUIREMENT.match(requirement.strip())
        if match is None:
            continue
        of_extra = _EXTRA.search(marker)
        extras = frozenset(filter(None, (match["extras"] or "").replace(" ", "").split(",")))
        yield match["name"], of_extra["extra"] if of_extra else "", extras


def _part(key: str, package: Distribution) -> SoftwarePart:
    files = (file for file in package.files or () if _TEXT.search(str(file)))
    return SoftwarePart(
        key=key,
        name=package.metadata["Name"],
        version=package.version,
        licence=_licence(package),
        files=tuple(sorted(Path(str(file.locate())) for file in files if file.suffix != ".py")),
    )


def _licence(package: Distribution) -> str:
    fields = package.metadata
    names: list[str] = fields.get_all("License-Expression") or fields.get_all("License") or [""]
    if 0 < len(names[0]) <= MOST_NAME_CHARACTERS:
        return names[0]
    lines: list[str] = fields.get_all("Classifier") or []
    classifiers = [
        each.removeprefix(_CLASSIFIER).rpartition(" :: ")[2]
        for each in lines
        if each.startswith(_CLASSIFIER)
    ]
    return ", ".join(classifiers)


def _python() -> SoftwarePart:
    version = ".".join(python_version().split(".")[:2])
    places = (
        Path(sysconfig.get_path("stdlib")) / "LICENSE.txt",
        Path(f"/usr/share/doc/python{version}/copyright"),  # of Debian
    )
    return SoftwarePart(
        key="python",
        name="Python",
        version=python_version(),
        licence="PSF-2.0",
        files=tuple(place for place in places if place.is_file())[:1],
    )


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
