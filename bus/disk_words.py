"""Why a store fails, for a person: one place that turns an error into words.

A person reads what the disk does, without a path or the system's own words; those are in the log.
"""

import errno

_FULL = "the disk of the box is full"
_READ_ONLY = "the disk of the box is read-only"
_BUSY = "the box has too much to do"
_DAMAGED = "a stored file is damaged or missing"
_OTHER = "the disk of the box does not work"

_OF_SYSTEM = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.EMFILE: _BUSY,
    errno.ENFILE: _BUSY,
    errno.ENOMEM: _BUSY,
    errno.EAGAIN: _BUSY,
    errno.ENOENT: _DAMAGED,
    errno.EISDIR: _DAMAGED,
    errno.ENOTDIR: _DAMAGED,
    errno.ELOOP: _DAMAGED,
}

# The primary result codes of SQLite (https://www.sqlite.org/rescode.html). They are here by their
# number, since most nodes have no database, and the module of SQLite needs memory.
_OF_DATABASE = {
    3: _READ_ONLY,  # SQLITE_PERM
    5: _BUSY,  # SQLITE_BUSY
    6: _BUSY,  # SQLITE_LOCKED
    7: _BUSY,  # SQLITE_NOMEM
    8: _READ_ONLY,  # SQLITE_READONLY
    11: _DAMAGED,  # SQLITE_CORRUPT
    13: _FULL,  # SQLITE_FULL
    14: _READ_ONLY,  # SQLITE_CANTOPEN: a directory in which nothing can be made
    26: _DAMAGED,  # SQLITE_NOTADB
}
_PRIMARY = 0xFF  # the bits of an extended result code that are the primary one

_NEXT = "Try again; if it stays so, restart the box, and then call the service"


def plain_words(error: BaseException) -> str:
    """Return why a store has failed, by the first cause of its error."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    if cause is error:  # found by the store itself, in what it has read
        return _DAMAGED
    if isinstance(cause, OSError):
        return _OF_SYSTEM.get(cause.errno or 0, _OTHER)
    code: int = getattr(cause, "sqlite_errorcode", None) or 0
    return _OF_DATABASE.get(code & _PRIMARY, _OTHER)


def not_changed(problem: str) -> str:
    """Return the answer to a request whose change the disk has refused.

    :param problem: why, from `plain_words`.
    """
    return f"Nothing was changed: {problem}. {_NEXT}."
