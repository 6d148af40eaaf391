"""The static files: in memory, compressed once, with a mark in all URLs so that browsers keep them.

They are read with this module, before the process of the page is forked: compressing would touch
1.4 MB of memory that it shares until then. A process forked after a change reads them again.

The mark is a hash of all of them. The imports of a script carry it too, so no script of another
version is mixed in: with a file of an earlier version in its cache a browser would show no values.
"""

import gzip
import hashlib
import mimetypes
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).parent / "static"
MARK_CHARACTERS = 12

# Not from the system's table: a browser runs a script only with the right type.
TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/vnd.microsoft.icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
}
PACKED = frozenset({".png", ".ico", ".woff2"})  # compressed already

# `from "./page.js"`, `import "./page.js"`, `import("./page.js")`
_IMPORT = re.compile(rb"""(\b(?:from|import)\s*\(?\s*["'])(\.{1,2}/[\w./-]+\.js)(["'])""")


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is sent."""

    content: bytes
    compressed: bytes | None  # by gzip; None: not smaller
    mimetype: str


class Files:
    """The folder `static` as it was at the start: templates are kept for as long. Any thread."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder
        self._stamps = frozenset(_stamps(os.fspath(folder)))
        paths = [each for each in sorted(folder.rglob("*")) if each.is_file()]
        contents = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in paths
            if not path.is_symlink()
        }
        total = hashlib.sha256()
        for name, content in contents.items():
            total.update(b"%s %d " % (name.encode(), len(content)) + content)
        self.mark = total.hexdigest()[:MARK_CHARACTERS]
        self._files = {name: _file(name, each, self.mark) for name, each in contents.items()}

    def are_current(self) -> bool:
        """Return whether no file has changed since they were read."""
        return self._stamps == frozenset(_stamps(os.fspath(self._folder)))

    def find(self, name: str) -> File | None:
        """Return a file of the folder by its path in it; None if there is none."""
        return self._files.get(name)

    def url(self, name: str) -> str:
        """Return the URL of a file; it changes with the content of any file."""
        return f"/static/{name}?v={self.mark}"


def _stamps(folder: str) -> Iterator[tuple[str, int, int]]:
    """Yield path, time [ns] and size of each file, which differ after a change."""
    with os.scandir(folder) as entries:
        for each in entries:
            if each.is_dir(follow_symlinks=False):
                yield from _stamps(each.path)
            else:
                status = each.stat(follow_symlinks=False)
                yield each.path, status.st_mtime_ns, status.st_size


def _file(name: str, content: bytes, mark: str) -> File:
    suffix = Path(name).suffix
    if suffix == ".js":
        content = _IMPORT.sub(rb"\1\2?v=%s\3" % mark.encode(), content)
    compressed = None if suffix in PACKED else gzip.compress(content, mtime=0)
    if compressed is not None and len(compressed) >= len(content):
        compressed = None
    guess = TYPES.get(suffix) or mimetypes.guess_type(name)[0]
    return File(
        content=content, compressed=compressed, mimetype=guess or "application/octet-stream"
    )


_READ_BEFORE = Files()


def static_files() -> Files:
    """Return the static files as they are now."""
    return _READ_BEFORE if _READ_BEFORE.are_current() else Files()
