"""Holes in the heap of the C library, free blocks between those in use: malloc(3), mallinfo(3)."""

import ctypes

# Above 1040 bytes the allocator divides what is free: a few sizes fill it. Below, each size has a
# list of its own, and the blocks of many of them are never joined.
SIZES_BYTES = (65536, 32768, 16384, 8192, 4096, 2048, *range(1040, 0, -8))


class _Usage(ctypes.Structure):
    """A struct mallinfo2 of <malloc.h>: ten figures."""

    _fields_ = (
        ("others", ctypes.c_size_t * 9),
        ("keepcost", ctypes.c_size_t),  # bytes free at the end of the heap
    )


def fill_holes() -> None:
    """Allocate all that is free in the main thread's heap, but for its end; it is never freed.

    A process that is forked later then allocates in pages of its own, next to each other, and not
    in holes: each of these is in another page, which it would copy, as well as those of the holes
    next to it in the allocator's lists. Little is lost: the pages of the holes are mostly in use.
    A C library without these functions, such as musl, is left as it is.
    """
    c_library = ctypes.CDLL(None)
    try:
        malloc, mallinfo2, sbrk = c_library.malloc, c_library.mallinfo2, c_library.sbrk
    except AttributeError:
        return
    malloc.argtypes, malloc.restype = (ctypes.c_size_t,), ctypes.c_size_t
    mallinfo2.argtypes, mallinfo2.restype = (), _Usage
    sbrk.argtypes, sbrk.restype = (ctypes.c_ssize_t,), ctypes.c_size_t
    end = sbrk(0) - mallinfo2().keepcost
    for size in SIZES_BYTES:
        while 0 < malloc(size) < end:  # 0: there is no memory left
            pass
