"""The adapter of a serial line: opened for Modbus RTU, with errors as text for a person.

Opening and closing may wait for a USB adapter, so `serial_line_rtu` does both in a thread.
"""

import errno
import fcntl
import os
import stat
import termios
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from msgs.meter_address import BAUDS, Framing
from nodes.modbus_map.serial_line import SerialPlace

BY_ID = Path("/dev/serial/by-id")  # udev's links: the same name at any socket, in any order
_DRIVERS = Path("/proc/tty/drivers")
_CONSOLES = Path("/proc/consoles")  # of the kernel: name, flags, major:minor
_OTHERS = ("ttyUSB*", "ttyACM*", "ttyAMA*", "serial[0-9]")  # names of adapters and of a Pi's UART
_SHOWN = 3  # devices in an error

_SPEEDS: dict[int, int] = {baud: getattr(termios, f"B{baud}") for baud in BAUDS}
_FLAGS: dict[Framing, int] = {
    Framing.N8_1: 0,
    Framing.E8_1: termios.PARENB,
    Framing.O8_1: termios.PARENB | termios.PARODD,
    Framing.N8_2: termios.CSTOPB,
}
_FRAMING = termios.CSIZE | termios.PARENB | termios.PARODD | termios.CSTOPB
_CONTROL_AT, _SPEED_AT = 2, 5  # of in, out, control and local flags, two speeds, characters

_SERIAL, _PSEUDO_TERMINAL = "serial", "pty:slave"  # kinds in _DRIVERS


class SerialLineError(Exception):
    """Raised when a serial line cannot be opened; says what was expected."""


@dataclass(frozen=True, slots=True)
class SerialLine:
    """An open serial line."""

    descriptor: int  # non-blocking
    stable_name: str  # another path of the device that never changes; "" if there is none

    def release(self) -> None:
        """Let others open the device, before `close`, which may wait."""
        with suppress(OSError, termios.error):  # it is unplugged
            termios.tcflush(self.descriptor, termios.TCIOFLUSH)  # so that `close` waits for nothing
            fcntl.ioctl(self.descriptor, termios.TIOCNXCL)
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the device."""
        with suppress(OSError):  # the descriptor is closed in any case
            os.close(self.descriptor)


def open_serial_line(place: SerialPlace) -> SerialLine:
    """Open a serial line for this process alone.

    :raises SerialLineError: there is none, it is no serial line, it may not be used, another
        process uses it, or it does not take the speed.
    """
    device = place.device
    if place.baud not in _SPEEDS:  # a launch file may say so
        speeds = ", ".join(map(str, BAUDS))
        raise SerialLineError(f"{device}: expected a speed of {speeds}; got {place.baud}")
    try:
        found = os.stat(device)
        kind = _kind_of(found)
        _refuse_console(device, found)
        descriptor = os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SerialLineError(_why_not(device, error)) from error
    try:
        _configure(descriptor, place, kind)
    except OSError as error:
        os.close(descriptor)
        raise SerialLineError(_why_not(device, error)) from error
    except termios.error as error:
        os.close(descriptor)
        raise SerialLineError(_why_not(device, OSError(*error.args))) from error
    except SerialLineError:
        os.close(descriptor)
        raise
    return SerialLine(descriptor, _stable_name(device))


def _kind_of(found: os.stat_result) -> str:
    """Return the kernel's name for a kind of serial line.

    To open another device may do harm: a watchdog starts by it. The screens of a machine have the
    major number of its serial ports, so the minor number counts as well.

    :raises OSError: the device is no serial line.
    """
    if stat.S_ISCHR(found.st_mode):
        for row in _DRIVERS.read_text().splitlines():
            *_, major, minors, kind = row.split()
            first, _, last = minors.partition("-")
            is_of_it = int(major) == os.major(found.st_rdev) and (
                int(first) <= os.minor(found.st_rdev) <= int(last or first)
            )
            if is_of_it and kind in (_SERIAL, _PSEUDO_TERMINAL):
                return kind
    raise OSError(errno.ENOTTY, "no serial line")


def _refuse_console(device: str, found: os.stat_result) -> None:
    """Refuse a console of the kernel: opening it would change its speed under a person there.

    :raises SerialLineError: it is one.
    """
    number = f"{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"
    with suppress(OSError):  # a kernel without consoles
        if any(row.split()[-1:] == [number] for row in _CONSOLES.read_text().splitlines()):
            raise SerialLineError(
                f"{device} is a console of this machine; expected another device, or a kernel"
                " command line without it"
            )


def _configure(descriptor: int, place: SerialPlace, kind: str) -> None:
    """Take the device for this process alone, and set it to raw bytes.

    :raises OSError: another process uses it, or it is gone.
    :raises termios.error: it is gone.
    :raises SerialLineError: it does not take the speed or the framing.
    """
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # also against root, unlike TIOCEXCL
    fcntl.ioctl(descriptor, termios.TIOCEXCL)
    speed = _SPEEDS[place.baud]
    framing = _FLAGS[place.framing] if kind == _SERIAL else 0  # a pseudo-terminal has no parity
    control = termios.CS8 | termios.CREAD | termios.CLOCAL | framing
    in_flags = termios.INPCK if framing & termios.PARENB else 0  # a damaged character is read as 0
    characters: list[bytes | int] = [b"\0"] * len(termios.tcgetattr(descriptor)[-1])
    characters[termios.VMIN] = 1  # a read without bytes is an error, and not the end of the file
    attributes: list[int | list[bytes | int]] = [in_flags, 0, control, 0, speed, speed, characters]
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
    taken = termios.tcgetattr(descriptor)
    if (taken[_CONTROL_AT] & _FRAMING, taken[_SPEED_AT]) != (control & _FRAMING, speed):
        raise SerialLineError(f"{place.device} does not take {place.baud}:{place.framing}")
    termios.tcflush(descriptor, termios.TCIOFLUSH)


def _stable_name(device: str) -> str:
    """Return the link of udev that leads to a device which is named by its number."""
    if Path(device).parent.parent == BY_ID.parent:  # by-id or by-path
        return ""
    with suppress(OSError):
        for link in sorted(BY_ID.iterdir()):
            if os.path.samefile(link, device):
                return str(link)
    return ""


def _why_not(device: str, error: OSError) -> str:
    match error.errno:
        case errno.ENOENT:
            return f"there is no {device}; {_present()}"
        case errno.EACCES | errno.EPERM:
            return f"no permission to use {device}; expected the wallbox in the group of its owner"
        case errno.EBUSY | errno.EWOULDBLOCK:
            return f"{device} is in use by another program"
        case errno.EINVAL:
            return f"{device} does not take this speed or framing"
        case errno.ENOTTY:
            return f"{device} is no serial line; {_present()}"
        case _:
            return f"{device} cannot be opened: {error.strerror or error}"


def _present() -> str:
    """Return the serial lines that there are, as text for a person."""
    with suppress(OSError):
        others = [path for pattern in _OTHERS for path in sorted(BY_ID.parents[1].glob(pattern))]
        named = sorted(BY_ID.iterdir()) if BY_ID.is_dir() else []
        shown = [str(path) for path in (named or others)[:_SHOWN]]
        if shown:
            return f"expected one as {', '.join(shown)}"
    return "no serial adapter is connected"
