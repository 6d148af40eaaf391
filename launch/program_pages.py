"""Pages of program files that only the start of a process has used: madvise(2)."""

import ctypes
from collections.abc import Iterable, Iterator
from pathlib import Path

MADV_DONTNEED = 4  # <sys/mman.h>


def release_program_pages() -> None:
    """Unmap the unmodified pages of the program and its libraries.

    The kernel maps a page again when it is used, from the same file. A process that has imported
    for others uses a small part of what it has mapped. Call it while the process has one thread, so
    that no range changes between its reading and its release. A refusal changes nothing, nor does a
    kernel without smaps.
    """
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    try:
        with Path("/proc/self/smaps").open() as smaps:  # line by line: the whole would cost 0.6 MB
            ranges = list(unmodified_ranges(smaps))
    except OSError:
        return
    for begin, end in ranges:
        madvise(begin, end - begin, MADV_DONTNEED)


def unmodified_ranges(smaps: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each range that shows nothing but the content of its file: proc(5).

    That is a private range of a file which cannot be written to and has no page of its own; a
    library's relocated tables cannot be written to either, and have such pages.
    """
    span = ""
    used_kb = 0
    for line in smaps:
        words = line.split(maxsplit=5)
        if "-" in words[0]:
            access, inode = words[1], words[4]
            is_fixed = access[1] == "-" and access[3] == "p" and inode != "0"
            span = words[0] if is_fixed else ""
        elif words[0] == "Rss:":
            used_kb = int(words[1])
        elif words[0] == "Anonymous:" and words[1] == "0" and span and used_kb:
            begin, _, end = span.partition("-")
            yield int(begin, 16), int(end, 16)
