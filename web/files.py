"""The static files: kept in memory, with a hash in the URL so that browsers can cache them."""

import hashlib
import mimetypes
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


@dataclass(frozen=True, slots=True)
class File:
    """One file as it was read."""

    content: bytes
    mimetype: str
    mark: str
    version: tuple[int, int]  # when it was changed, and its size


class Files:
    """The folder `static`. Any thread may call it."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder.resolve()
        self._files: dict[Path, File] = {}

    def find(self, name: str) -> File | None:
        """Return a file of the folder, read again if it was changed; None if there is none."""
        try:
            path = (self._folder / name).resolve()
            if not path.is_relative_to(self._folder) or not path.is_file():
                return None
            status = path.stat()
            version = (status.st_mtime_ns, status.st_size)
            file = self._files.get(path)
            if file is None or file.version != version:
                file = self._files[path] = _read(path, version)
        except (OSError, ValueError):  # also for an invalid name
            return None
        return file

    def url(self, name: str) -> str:
        """Return the URL of a file; it changes with the content."""
        file = self.find(name)
        return f"/static/{name}?v={file.mark}" if file else f"/static/{name}"


def _read(path: Path, version: tuple[int, int]) -> File:
    content = path.read_bytes()
    guess = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    return File(
        content=content,
        mimetype=guess or "application/octet-stream",
        mark=hashlib.sha256(content).hexdigest()[:MARK_CHARACTERS],
        version=version,
    )
