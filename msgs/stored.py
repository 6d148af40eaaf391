"""Which generation of its stored file a node has read."""

from enum import StrEnum


class Stored(StrEnum):
    """The generation of a file that was read."""

    CURRENT = "current"  # the newest, or no file was ever written
    PREVIOUS = "previous"  # the newest is damaged: the one before it; what was revoked stays so
    LOST = "lost"  # both are damaged: the strictest values hold until it is set again
