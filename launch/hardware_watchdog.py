"""The hardware watchdog of the machine, e.g. /dev/watchdog of a Raspberry Pi.

Once it is open, the machine restarts unless a byte is written within its time-out. The loop of the
supervisor writes one each third of it. An ordered stop ends it: "V" before the file is closed, the
magic close of the kernel's documentation. A supervisor that was killed, or whose loop hangs, does
not: the machine restarts, unless a new supervisor opens the file in time.

A watchdog that cannot be used is an error in the log, and the graph runs without: it protects
nobody (the contactor has its own watchdog on the board), it only brings a hung machine back.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Callable

from bus import Bus
from launch.plan import WatchdogPlan

FEEDS_PER_TIMEOUT = 3

# <linux/watchdog.h>; the numbers are the same on ARM and x86.
_SET_TIMEOUT = 0xC0045706  # WDIOC_SETTIMEOUT: an int, seconds; the driver answers what it has set
_GET_TIMEOUT = 0x80045707  # WDIOC_GETTIMEOUT
_INT = struct.Struct("i")

_FOOD = b"\0"
_MAGIC_CLOSE = b"V"

_NOT_A_WATCHDOG = "it is no watchdog"
_REASONS = {
    errno.ENOENT: "it does not exist; expected dtparam=watchdog=on in config.txt",
    errno.EACCES: "this user may not write to it",
    errno.EBUSY: "another program feeds it; expected RuntimeWatchdogSec=off in systemd's "
    "system.conf",
    errno.ENOTTY: _NOT_A_WATCHDOG,
    errno.ENXIO: _NOT_A_WATCHDOG,
}


class HardwareWatchdog:
    """A watchdog that is fed from now on, or none."""

    def __init__(
        self, bus: Bus, plan: WatchdogPlan | None, log: Callable[[str, str], None]
    ) -> None:
        """Open it and set its time-out, if the plan has one.

        :param log: writes a line: level, text.
        """
        self._log = log
        self._fd = -1
        if plan is None:
            return
        self._device = plan.device
        try:
            fd = os.open(self._device, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            self._complain(error)
            return
        try:
            timeout_s = _set_timeout(fd, plan.timeout_s)
        except OSError as error:
            if error.errno != errno.ENOTTY:  # it is one, and runs since it was opened
                os.write(fd, _MAGIC_CLOSE)
            os.close(fd)
            self._complain(error)
            return
        self._fd = fd
        log("info", f"{self._device} restarts the machine after {timeout_s:g} s of silence")
        self._feed()
        bus.every(timeout_s / FEEDS_PER_TIMEOUT, self._feed)

    def close(self, *, in_order: bool) -> None:
        """Close it; after an ordered stop it ends, else the machine restarts."""
        if self._fd < 0:
            return
        if in_order:
            self._write(_MAGIC_CLOSE)
        os.close(self._fd)
        self._fd = -1

    def _feed(self) -> None:
        if self._fd >= 0:
            self._write(_FOOD)

    def _write(self, byte: bytes) -> None:
        try:
            os.write(self._fd, byte)
        except OSError as error:  # repeated lines are summed up by the journal
            self._log("error", f"the watchdog {self._device} is not fed: {error.strerror}")

    def _complain(self, error: OSError) -> None:
        why = _REASONS.get(error.errno or 0, error.strerror)
        text = f"the watchdog {self._device} is not used: {why}; a hung machine stays hung"
        self._log("error", text)


def _set_timeout(fd: int, timeout_s: int) -> float:
    """Set the time-out; return the one that is in force [s].

    A driver may refuse the time-out and keep its own: EINVAL, EOPNOTSUPP.

    :raises OSError: it is no watchdog.
    """
    try:
        answer: bytes = fcntl.ioctl(fd, _SET_TIMEOUT, _INT.pack(timeout_s))
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise
        answer = fcntl.ioctl(fd, _GET_TIMEOUT, _INT.pack(0))
    (in_force_s,) = _INT.unpack(answer)
    return float(in_force_s)
