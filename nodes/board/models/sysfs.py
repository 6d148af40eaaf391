"""The files of /sys/class/pwm, as the kernel has them for the PWM of a Raspberry Pi 1 to 4.

Source: drivers/pwm/sysfs.c, core.c (`pwm_apply_state`) and pwm-bcm2835.c of Linux 6.6. That chip's
driver cannot read its registers: the files have what was accepted last. After an unexport the
output is off, while the setting stays. Newer kernels accept any setting of a channel that is
disabled; this model, like 6.6, does not. PwmFiles that no driver uses (power, uevent) are left out.
"""

import errno
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from nodes.board.io import PwmFiles
from nodes.board.pwm import PwmSetting

CLOCK_HZ: Final = 100_000_000  # what the overlay pwm-2chan gives the chip
LEAST_CYCLES: Final = 2
MOST_CYCLES: Final = 2**32 - 1

_CHIP_FILES: Final = ("device", "export", "npwm", "unexport")
_CHANNEL_FILES: Final = ("capture", "duty_cycle", "enable", "period", "polarity")
_BITS: Final = {"period": 64, "duty_cycle": 64, "export": 32, "unexport": 32}


@dataclass(frozen=True, slots=True)
class _State:
    """The setting of a channel as the kernel has it."""

    period_ns: int = 0
    duty_ns: int = 0
    is_enabled: bool = False
    is_inversed: bool = False


class _PwmLine:
    """One channel: exported or not, its setting, and what its pin does."""

    def __init__(self) -> None:
        self.is_exported = False
        self.state = _State()
        self.output = PwmSetting(period_ns=0, duty_ns=0, is_enabled=False)


class ModelPwmFiles(PwmFiles):
    """See `nodes.board.io.PwmFiles`."""

    def __init__(
        self,
        chips: Mapping[int, tuple[str, int]],
        on_change: Callable[[int, int, PwmSetting], None] = lambda *_: None,
        stuck: Callable[[int, int], PwmSetting | None] = lambda *_: None,
    ) -> None:
        """Make chips whose channels are not exported.

        :param chips: by its number, the name of a chip's device and its number of channels.
        :param on_change: gets chip, channel and what its pin does from now on.
        :param stuck: returns what a channel reads back, whatever was written; None: that.
        """
        self._names = {f"pwmchip{number}": name for number, (name, _) in chips.items()}
        self._channels = {
            f"pwmchip{number}": [_PwmLine() for _ in range(channels)]
            for number, (_, channels) in chips.items()
        }
        self._on_change = on_change
        self._stuck = stuck

    def names(self, folder: str) -> list[str]:
        """See `nodes.board.io.PwmFiles.names`."""
        match folder.split("/"):
            case [""]:
                return sorted(self._names)
            case [chip]:
                exported = [
                    f"pwm{number}"
                    for number, channel in enumerate(self._of(chip))
                    if channel.is_exported
                ]
                return sorted((*_CHIP_FILES, *exported))
            case [chip, name] if name not in _CHIP_FILES:
                self._exported(chip, name)
                return sorted(_CHANNEL_FILES)
            case _:
                self._check(folder)
                _fail(errno.ENOTDIR)

    def target(self, path: str) -> str:
        """See `nodes.board.io.PwmFiles.target`."""
        name = self._check(path)
        if name != "device":
            _fail(errno.EINVAL)
        return f"../../../{self._names[path.removesuffix('/device')]}"

    def read(self, path: str) -> str:
        """See `nodes.board.io.PwmFiles.read`."""
        name = self._check(path)
        match path.split("/"):
            case [chip, "npwm"]:
                return f"{len(self._of(chip))}\n"
            case [chip, folder, _] if name in _CHANNEL_FILES:
                number, channel = self._exported(chip, folder)
                return self._show(chip, number, channel.state, name)
            case [_, "export" | "unexport"]:
                _fail(errno.EACCES)
            case _:
                _fail(errno.EISDIR)

    def write(self, path: str, text: str) -> None:
        """See `nodes.board.io.PwmFiles.write`."""
        name = self._check(path)
        match path.split("/"):
            case [chip, "export"]:
                self._export(chip, _number(text, name))
            case [chip, "unexport"]:
                self._unexport(chip, _number(text, name))
            case [chip, folder, _] if name in _CHANNEL_FILES and name != "capture":
                number, channel = self._exported(chip, folder)
                self._apply(chip, number, channel, _changed(channel.state, name, text))
            case [_, "npwm"] | [_, _, "capture"]:
                _fail(errno.EACCES)
            case _:
                _fail(errno.EISDIR)

    def _check(self, path: str) -> str:
        """Return the last name of a path.

        :raises OSError: nothing has that path.
        """
        match path.split("/"):
            case [chip] if chip in ("", *self._names):
                return chip
            case [chip, name] if name in _CHIP_FILES:
                self._of(chip)
                return name
            case [chip, folder]:
                self._exported(chip, folder)
                return folder
            case [chip, folder, name] if name in _CHANNEL_FILES:
                self._exported(chip, folder)
                return name
            case _:
                _fail(errno.ENOENT)

    def _of(self, chip: str) -> list[_PwmLine]:
        return self._channels[chip] if chip in self._channels else _fail(errno.ENOENT)

    def _exported(self, chip: str, folder: str) -> tuple[int, _PwmLine]:
        for number, channel in enumerate(self._of(chip)):
            if channel.is_exported and folder == f"pwm{number}":
                return number, channel
        _fail(errno.ENOENT)

    def _export(self, chip: str, number: int) -> None:
        channels = self._of(chip)
        if number >= len(channels):
            _fail(errno.ENODEV)
        if channels[number].is_exported:
            _fail(errno.EBUSY)
        channels[number].is_exported = True

    def _unexport(self, chip: str, number: int) -> None:
        channels = self._of(chip)
        if number >= len(channels) or not channels[number].is_exported:
            _fail(errno.ENODEV)
        channels[number].is_exported = False
        self._put_out(chip, number, replace(channels[number].state, is_enabled=False))

    def _apply(self, chip: str, number: int, channel: _PwmLine, state: _State) -> None:
        if state.period_ns == 0 or state.duty_ns > state.period_ns:
            _fail(errno.EINVAL)
        if state == channel.state:
            return  # nothing is written to the chip
        cycles = round(state.period_ns * CLOCK_HZ / 1e9)
        if not LEAST_CYCLES <= cycles <= MOST_CYCLES:
            _fail(errno.EINVAL)
        channel.state = state
        self._put_out(chip, number, state)

    def _put_out(self, chip: str, number: int, state: _State) -> None:
        high_ns = state.period_ns - state.duty_ns if state.is_inversed else state.duty_ns
        output = PwmSetting(period_ns=state.period_ns, duty_ns=high_ns, is_enabled=state.is_enabled)
        channel = self._channels[chip][number]
        if output != channel.output:
            channel.output = output
            self._on_change(_chip_number(chip), number, output)

    def _show(self, chip: str, number: int, state: _State, name: str) -> str:
        stuck = self._stuck(_chip_number(chip), number)
        if stuck is not None:
            state = _State(stuck.period_ns, stuck.duty_ns, stuck.is_enabled)
        match name:
            case "period":
                return f"{state.period_ns}\n"
            case "duty_cycle":
                return f"{state.duty_ns}\n"
            case "enable":
                return f"{state.is_enabled:d}\n"
            case "polarity":
                return "inversed\n" if state.is_inversed else "normal\n"
            case _:
                _fail(errno.ENOSYS)  # capture: the chip has none


def _changed(state: _State, name: str, text: str) -> _State:
    """Return a setting with the text that was written to one of its files."""
    match name:
        case "period":
            return replace(state, period_ns=_number(text, name))
        case "duty_cycle":
            return replace(state, duty_ns=_number(text, name))
        case "polarity" if text.removesuffix("\n") in ("normal", "inversed"):
            return replace(state, is_inversed=text.startswith("inversed"))
        case "enable" if _number(text, name) in (0, 1):
            return replace(state, is_enabled=_number(text, name) == 1)
    _fail(errno.EINVAL)


def _number(text: str, name: str) -> int:
    """Return a number as the kernel's kstrtou64, kstrtouint and kstrtoint (for enable) read it."""
    found = re.fullmatch(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9][0-9]*))\n?", text)
    if found is None:
        _fail(errno.EINVAL)
    sign, base16, base8, base10 = found.groups()
    size = int(base16, 16) if base16 else int(base10) if base10 else int(base8 or "0", 8)
    if sign == "-" and name != "enable":
        _fail(errno.EINVAL)
    if size >= 2 ** _BITS.get(name, 31):
        _fail(errno.ERANGE)
    return -size if sign == "-" else size


def _chip_number(chip: str) -> int:
    return int(chip.removeprefix("pwmchip"))


def _fail(number: int) -> NoReturn:
    raise OSError(number, os.strerror(number))
