"""The text format 0.0.4 of Prometheus: families of samples, with help and type. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import math
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class FamilyKind(Enum):
    """The types of families that are used here."""

    GAUGE = "gauge"  # may rise and fall
    COUNTER = "counter"  # only rises, or begins again at 0; its name ends in _total


class MetricSample(NamedTuple):
    """One value of a family, which its labels distinguish from the others."""

    value: float
    labels: tuple[tuple[str, str], ...] = ()  # name and value of each


def family_text(name: str, kind: FamilyKind, words: str, samples: Iterable[MetricSample]) -> str:
    """Return a family as text: its help, its type and its samples; "": it has none.

    A value that is not finite is left out, as one that is not known.
    """
    lines = [
        f"{name}{_labels(sample.labels)} {_number(sample.value)}\n"
        for sample in samples
        if math.isfinite(sample.value)
    ]
    if not lines:
        return ""
    return f"# HELP {name} {_help(words)}\n# TYPE {name} {kind.value}\n{''.join(lines)}"


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _number(value: float) -> str:
    """Return a number as Go reads it; a whole one without a point."""
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(float(value))


def _help(words: str) -> str:
    return words.replace("\\", r"\\").replace("\n", r"\n")


def _escaped(value: str) -> str:
    return _help(value).replace('"', r"\"")
