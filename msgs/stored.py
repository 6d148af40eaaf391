"""How well a node knows what it has stored."""

from enum import StrEnum


class Stored(StrEnum):
    """Which generation of a file was read."""

    CURRENT = "current"  # the newest; or nothing was ever written
    PREVIOUS = "previous"  # the newest is damaged: the change before it; what was revoked stays so
    LOST = "lost"  # none can be read: the strictest values hold until somebody sets it anew
