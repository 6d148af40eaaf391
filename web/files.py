"""The static files: in memory, compressed once, with a mark in all URLs so that browsers keep them.

The mark is a hash of all of them. The imports of a script carry it too, so no script of another
version is mixed in: with a file of an earlier version in its cache a browser would show no values.
"""

import gzip
import hashlib
import mimetypes
import re
import threading
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

Version = tuple[tuple[str, int, int], ...]  # name, when it was changed [ns], and its size


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is sent."""

    content: bytes
    compressed: bytes | None  # by gzip; None: not smaller
    mimetype: str


@dataclass(frozen=True, slots=True)
class _Folder:
    """All files as they were read together."""

    version: Version
    mark: str
    files: dict[str, File]


class Files:
    """The folder `static`. Any thread may call it."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._path = folder.resolve()
        self._lock = threading.Lock()
        self._folder = self._read(self._version())

    @property
    def mark(self) -> str:
        """Return the mark of the files as they are now; changed ones are read again."""
        version = self._version()
        with self._lock:
            if version != self._folder.version:
                self._folder = self._read(version)
            return self._folder.mark

    def find(self, name: str) -> File | None:
        """Return a file of the folder by its path in it; None if there is none."""
        return self._folder.files.get(name)

    def url(self, name: str) -> str:
        """Return the URL of a file; it changes with the content of any file."""
        return f"/static/{name}?v={self.mark}"

    def _version(self) -> Version:
        found = []
        for path in sorted(self._path.rglob("*")):
            if path.is_file() and not path.is_symlink():
                status = path.stat()
                name = path.relative_to(self._path).as_posix()
                found.append((name, status.st_mtime_ns, status.st_size))
        return tuple(found)

    def _read(self, version: Version) -> _Folder:
        contents = {name: (self._path / name).read_bytes() for name, _, _ in version}
        total = hashlib.sha256()
        for name, content in contents.items():
            total.update(b"%d %s %d " % (len(name), name.encode(), len(content)) + content)
        mark = total.hexdigest()[:MARK_CHARACTERS]
        files = {name: _file(name, content, mark) for name, content in contents.items()}
        return _Folder(version=version, mark=mark, files=files)


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
