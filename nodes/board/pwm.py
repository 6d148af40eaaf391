"""One channel of the kernel's hardware PWM, by its files below /sys/class/pwm.

The chip is found by the name of its device: its number depends on the order of the drivers. A
channel continues without the process that has set it, and ends when it is unexported; nothing here
does that. Once enabled, a channel stays so, and a duty of 0 keeps its pin low: the enable bits of
all channels are in one register, which older kernels change without a lock, so that two processes
could undo each other's bits (pwm-bcm2835.c, `bcm2835_pwm_apply`).

The files have what was written last. A driver of a chip whose registers it does not read, as
pwm-bcm2835.c, cannot show more. Sources: Documentation/ABI/testing/sysfs-class-pwm and
drivers/pwm/sysfs.c of Linux.
"""

import errno
from typing import Final

from msgspec import Struct

from bus import DriverError
from nodes.board.io import PwmFiles

NORMAL: Final = "normal"  # polarity: high for the duty
SETUP: Final = "expected dtoverlay=pwm-2chan in config.txt"


class PwmSetting(Struct, frozen=True, kw_only=True):
    """What a channel does. Its pin is low while it is not enabled."""

    period_ns: int
    duty_ns: int  # of each period the pin is high
    is_enabled: bool

    @property
    def duty_percent(self) -> float:
        """Return the share of the period in which the pin is high [%]; 0 before the first."""
        return 100.0 * self.duty_ns / self.period_ns if self.period_ns else 0.0


def find(files: PwmFiles, device: str) -> str | None:
    """Return the folder of the chip with a device's name; None: there is none."""
    return next((chip for chip, name in _chips(files) if name == device), None)


def read(files: PwmFiles, folder: str) -> PwmSetting | None:
    """Read the setting of a channel; None: it is not exported, or of the other polarity."""
    try:
        if files.read(f"{folder}/polarity").strip() != NORMAL:
            return None
        return PwmSetting(
            period_ns=int(files.read(f"{folder}/period")),
            duty_ns=int(files.read(f"{folder}/duty_cycle")),
            is_enabled=int(files.read(f"{folder}/enable")) == 1,
        )
    except (OSError, ValueError):
        return None


class PwmReader:
    """A channel that another process sets. Nothing is written."""

    def __init__(self, files: PwmFiles, device: str, channel: int) -> None:
        """Choose the channel; it need not exist yet."""
        self._files = files
        self._device = device
        self._channel = channel
        self._folder: str | None = None  # while it can be read

    def read(self) -> PwmSetting | None:
        """Read the setting; None: there is no such chip, or its channel is not exported."""
        if self._folder is None:
            chip = find(self._files, self._device)
            if chip is None:
                return None
            self._folder = f"{chip}/pwm{self._channel}"
        setting = read(self._files, self._folder)
        if setting is None:
            self._folder = None  # the chip may have another number when it is there again
        return setting


class PwmChannel:
    """A channel that this process sets. What an earlier process has set continues until then."""

    def __init__(self, files: PwmFiles, device: str, channel: int) -> None:
        """Find the chip, and export the channel if no process has done so.

        :raises DriverError: there is no such chip or channel, or a driver of the kernel uses it.
        """
        chip = find(files, device)
        if chip is None:
            names = [name for _, name in _chips(files) if name]
            there = f"expected one of: {', '.join(names)}" if names else SETUP
            raise DriverError(f'there is no PWM "{device}"; {there}', "pwm_device")
        self._files = files
        self._folder = f"{chip}/pwm{channel}"
        self._is_normal = False  # whether its polarity is known to be that
        try:
            self._export(chip, channel)
        except OSError as error:
            text = f'channel {channel} of the PWM "{device}": {error.strerror}'
            raise DriverError(f"{text}; expected a free channel of it", "pwm_channel") from error

    def read(self) -> PwmSetting | None:
        """Read the setting back; None: it cannot be read, or has the other polarity."""
        return read(self._files, self._folder)

    def set(self, period_ns: int, duty_ns: int) -> bool:
        """Set a channel and enable it; return whether the kernel has accepted all of it.

        Nothing that is read decides what is written, so a read-back that is wrong changes nothing.

        :raises ValueError: the duty is longer than the period, or one of them is out of range.
        """
        if not 0 <= duty_ns <= period_ns or period_ns == 0:
            raise ValueError(f"duty {duty_ns} ns of {period_ns} ns; expected 0 to the period")
        try:
            if not self._is_normal:
                self._make_normal()
            self._write_both(str(period_ns), str(duty_ns))
            self._write("enable", "1")
        except OSError:
            return False
        return True

    def _write_both(self, period: str, duty: str) -> None:
        """Write the duty before the period; if it is longer than the present period, after it.

        At each write the duty has to be at most the period, else the kernel refuses it.
        """
        try:
            self._write("duty_cycle", duty)
        except OSError:
            self._write("period", period)
            self._write("duty_cycle", duty)
        else:
            self._write("period", period)

    def _export(self, chip: str, channel: int) -> None:
        try:
            self._files.write(f"{chip}/export", str(channel))
        except OSError as error:
            # EBUSY with a folder: an earlier process has done it. Without: the kernel uses it.
            is_exported = f"pwm{channel}" in self._files.names(chip)
            if error.errno != errno.EBUSY or not is_exported:
                raise
        else:
            # After an unexport the chip is off, but the kernel still has the setting and would
            # ignore it as unchanged: pwm-bcm2835.c, bcm2835_pwm_free; core.c, pwm_apply_state.
            self._disable()

    def _make_normal(self) -> None:
        try:
            is_normal = self._files.read(f"{self._folder}/polarity").strip() == NORMAL
        except OSError:
            return  # looked at again with the next setting
        if not is_normal:
            self._disable()  # some chips change the polarity only while they are disabled
            self._write("polarity", NORMAL)
        self._is_normal = True

    def _disable(self) -> None:
        if self._files.read(f"{self._folder}/enable").strip() != "0":
            self._write("enable", "0")

    def _write(self, name: str, text: str) -> None:
        self._files.write(f"{self._folder}/{name}", text)


def _chips(files: PwmFiles) -> list[tuple[str, str]]:
    """Return the folder and the device's name of each chip."""
    try:
        return [(chip, _device_of(files, chip)) for chip in files.names("")]
    except OSError:
        return []  # this kernel has no PWM


def _device_of(files: PwmFiles, chip: str) -> str:
    """Return the name of a chip's device; "" while its driver is being removed."""
    try:
        return files.target(f"{chip}/device").rsplit("/", 1)[-1]
    except OSError:
        return ""
