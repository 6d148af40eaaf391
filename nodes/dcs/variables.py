"""The values of the configuration keys, as the parts of the machine use them. Pure."""

from nodes.dcs import keys
from nodes.dcs.turn import Turn


def seconds_of(turn: Turn, name: str) -> float:
    """Return a time [s]; 0 switches off what it is for."""
    return float(keys.number(turn.durable.configuration, name))


def count_of(turn: Turn, name: str) -> int:
    """Return a number."""
    return keys.number(turn.durable.configuration, name)


def is_on(turn: Turn, name: str) -> bool:
    """Return whether a key is true."""
    return keys.is_on(turn.durable.configuration, name)


def text_of(turn: Turn, name: str) -> str:
    """Return a text."""
    return keys.text(turn.durable.configuration, name)
