"""The terminal while the front is shown: drawn in place by `rich`, keys read one by one."""

import os
import termios
import tty
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from terminal.lines import Style, TextLine, encodable

STDIN = 0
READ_BYTES = 64
_SPECIAL_CHARACTERS = 6  # index in the result of termios.tcgetattr(3)

_STYLES = {
    Style.PLAIN: "",
    Style.FAINT: "dim",
    Style.STRONG: "bold",
    Style.GOOD: "bold green",
    Style.WARNING: "bold yellow",
    Style.ALARM: "bold red",
    Style.BLUE: "dodger_blue2",
    Style.WHITE: "bright_white",
    Style.ORANGE: "dark_orange",
    Style.RED: "red1",
    Style.GREEN: "green3",
}


class Screen:
    """The alternate screen of the terminal; leaving it restores the first one."""

    def __init__(self) -> None:
        # `rich` reads NO_COLOR and TERM, and detects the terminal's colours.
        self._console = Console(highlight=False)
        self._live = Live(
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._before: list[Any] | None = None
        self._drawn: object = None

    @property
    def width(self) -> int:
        """Return the columns of the terminal."""
        return self._console.width

    @property
    def height(self) -> int:
        """Return the lines of the terminal."""
        return self._console.height

    @property
    def hears_keys(self) -> bool:
        """Return whether keys arrive one by one on standard input."""
        return self._before is not None

    def __enter__(self) -> "Screen":
        if os.isatty(STDIN):
            self._before = termios.tcgetattr(STDIN)
            tty.setcbreak(STDIN)
            chosen = termios.tcgetattr(STDIN)
            # Ctrl-Z would leave the shell with this screen and these settings.
            chosen[_SPECIAL_CHARACTERS][termios.VSUSP] = b"\0"
            termios.tcsetattr(STDIN, termios.TCSANOW, chosen)
        try:
            self._live.start()
        except BaseException:
            self._give_keys_back()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._give_keys_back()
        self._live.stop()

    def draw(self, lines: Sequence[TextLine]) -> None:
        """Show lines, if they have changed."""
        drawn = (self.width, self.height, tuple(lines))
        if drawn != self._drawn:
            self._drawn = drawn
            self._live.update(_text(lines, self._console.encoding), refresh=True)

    def keys(self) -> str | None:
        """Return the keys that were pressed; None at the end of input.

        A key that sends an escape sequence, as an arrow, is ignored.
        """
        data = os.read(STDIN, READ_BYTES)
        if not data:
            return None
        return "" if data.startswith(b"\x1b") else data.decode(errors="replace")

    def _give_keys_back(self) -> None:
        if self._before is not None:
            termios.tcsetattr(STDIN, termios.TCSADRAIN, self._before)
            self._before = None


def _text(lines: Sequence[TextLine], encoding: str) -> Text:
    text = Text(no_wrap=True, overflow="crop", end="")
    for number, line in enumerate(lines):
        if number:
            text.append("\n")
        for span in line.spans:
            text.append(encodable(span.text, encoding), _STYLES[span.style])
    return text
