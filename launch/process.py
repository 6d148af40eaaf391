"""Linux functions for process groups that Python lacks: see prctl(2)."""

import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path

MOST_DESCRIPTORS = 1 << 20  # as many as Linux allows a process by default (fs.nr_open)

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

_c_prctl = ctypes.CDLL(None, use_errno=True).prctl


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def signal_on_parent_death(parent: int, number: int) -> bool:
    """Let the kernel send this process a signal when its parent dies.

    Return False if the parent is another one already: then no signal will come.
    """
    _prctl(_PR_SET_PDEATHSIG, number)
    return os.getppid() == parent


def set_process_name(name: str) -> None:
    """Set the name that `ps` and `top` show; the kernel keeps 15 bytes of it."""
    _c_prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def take_outputs(log_fd: int) -> None:
    """Read from /dev/null, and write both outputs to the log."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log_fd, 1)
    os.dup2(log_fd, 2)
    os.close(nothing)


def keep_descriptor(kept: int) -> None:
    """Close all descriptors except the standard three and a given one."""
    os.closerange(3, kept)
    os.closerange(kept + 1, MOST_DESCRIPTORS)


def wait_for_parent(former: int, seconds: float = 1.0) -> None:
    """Wait until this process has another parent than the former one."""
    until = time.monotonic() + seconds
    while os.getppid() == former and time.monotonic() < until:
        time.sleep(0.0002)


def signal_group(pid: int, number: int) -> None:
    """Send a signal to a process group; no error if it has ended."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return


def is_group(number: int) -> bool:
    """Return whether a process group has a process left."""
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    return True


def end_groups(groups: set[int]) -> None:
    """Kill all processes of process groups in this session whose leaders may have ended."""
    session = os.getsid(0)
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(after_name[2]) in groups and int(after_name[3]) == session:
                os.kill(int(folder.name), signal.SIGKILL)


def reset_signals() -> None:
    """Restore the handling of signals that Python starts with, and block none.

    SIGPIPE and SIGXFSZ stay ignored, as in Python: writing to a closed pipe is an OSError.
    """
    signal.set_wakeup_fd(-1)
    kept = {signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE, signal.SIGXFSZ}
    for number in signal.valid_signals() - kept:
        if signal.getsignal(number) not in (signal.SIG_DFL, None):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _prctl(option: int, value: int) -> None:
    if _c_prctl(option, value, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"prctl: {os.strerror(error)}")
