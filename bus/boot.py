"""The present boot of the machine: its id, and whether UTC has been set in it, and setting it.

Monotonic time begins again with each boot, so a stored one counts only in the boot that it is from.
UTC of a machine without a battery begins at a wrong time, until a time server has been reached.
"""

import ctypes
import time
from pathlib import Path

from bus.interface import ClockSetError

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
CLOCKS = Path("/sys/class/rtc")  # each with `hctosys`: 1 if the kernel has set UTC from it
SYNCHRONISED = Path("/run/systemd/timesync/synchronized")  # made by systemd-timesyncd

# <sys/timex.h>
_TIME_ERROR = 5  # the clock is not synchronised
_TIMEX_BYTES = 512  # more than a struct timex has

_c_library = ctypes.CDLL(None)


def boot_id() -> str:
    """Return the id of this boot; "" if it is not known."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""


def was_utc_set() -> bool:
    """Return whether UTC is known to have been set in this boot.

    By a clock with a battery at the start, or by a time server since.
    """
    return _has_hardware_clock() or is_synchronised()


def is_synchronised() -> bool:
    """Return whether a time server has set UTC in this boot."""
    return SYNCHRONISED.exists() or _is_synchronised()


def set_utc_of_machine(utc_ns: int) -> None:
    """Set UTC [ns since 1970] for every program of this machine; for a driver alone.

    :raises ClockSetError: a time server sets it, or this process may not.
    """
    if is_synchronised():
        raise ClockSetError("a time server sets it already")
    try:
        time.clock_settime_ns(time.CLOCK_REALTIME, utc_ns)
    except PermissionError as error:
        raise ClockSetError("this process may not set it; expected CAP_SYS_TIME") from error
    except OSError as error:
        raise ClockSetError(f"the kernel refuses: {error.strerror}") from error


def _has_hardware_clock() -> bool:
    # Not by `glob`: compiling its pattern costs a process 0.3 MB.
    try:
        return any(_has_set_utc(clock) for clock in CLOCKS.iterdir())
    except OSError:
        return False


def _has_set_utc(clock: Path) -> bool:
    try:
        return (clock / "hctosys").read_text().strip() == "1"
    except OSError:
        return False


def _is_synchronised() -> bool:
    """Return whether the kernel counts UTC as synchronised, see adjtimex(2)."""
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)  # all zeros: it only reads
    state: int = _c_library.adjtimex(timex)
    return 0 <= state < _TIME_ERROR
