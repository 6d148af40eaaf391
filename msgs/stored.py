"""Which generation of its stored file a node has read."""

from enum import StrEnum


class Stored(StrEnum):
    """The generation of a file that was read."""

    CURRENT = "current"  # the newest, or no file was ever written
    # The previous one, because the newest is damaged; what was revoked stays revoked.
    PREVIOUS = "previous"
    LOST = "lost"  # both are damaged: the strictest values apply until it is set again
