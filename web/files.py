"""The static files: which there are, and a mark of their content, so that they may be kept long."""

import hashlib
from pathlib import Path

STATIC = Path(__file__).parent / "static"
MARK_CHARACTERS = 12


class Files:
    """The folder `static`, read once for each file."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder
        self._marks: dict[str, str] = {}

    @property
    def folder(self) -> Path:
        """Return where they are."""
        return self._folder

    def mark(self, name: str) -> str:
        """Return the mark of a file's content; "" if there is no such file."""
        if name not in self._marks:
            path = self._folder / name
            if not path.resolve().is_relative_to(self._folder.resolve()) or not path.is_file():
                return ""
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            self._marks[name] = digest[:MARK_CHARACTERS]
        return self._marks[name]

    def url(self, name: str) -> str:
        """Return the address of a file, which is another one when its content is."""
        mark = self.mark(name)
        return f"/static/{name}?v={mark}" if mark else f"/static/{name}"
