"""Memory that is never paged out: mlockall(2)."""

import contextlib
import ctypes
import errno
import os
import resource
from pathlib import Path

# <sys/mman.h> and <linux/capability.h>
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
CAP_IPC_LOCK = 14


def lock_memory() -> None:
    """Lock all memory that this process uses or will use, from its first use on.

    Without MCL_ONFAULT every page that is shared with the warm parent would be copied, and every
    reserved page filled: safety has 10 MB (PSS) with it, 49 MB without. A process that may lock no
    more than RLIMIT_MEMLOCK locks nothing: later allocations would fail at the limit.

    :raises OSError: it is refused.
    """
    unlimited = resource.RLIM_INFINITY
    with contextlib.suppress(ValueError):  # refused
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (unlimited, unlimited))
    is_unlimited = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == unlimited
    if not is_unlimited and not _has_capability(CAP_IPC_LOCK):
        raise PermissionError(errno.EPERM, "neither CAP_IPC_LOCK nor an unlimited RLIMIT_MEMLOCK")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _has_capability(number: int) -> bool:
    # Without a regular expression: compiling one costs safety 0.3 MB.
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "CapEff":
            return bool(int(value, 16) >> number & 1)
    return False
