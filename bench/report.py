"""The report of a benchmark: one JSON object, with its aims and whether they are met."""

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Aim:
    """One figure that has an aim; `relation` is "<=" or ">="."""

    id: str
    value: float
    unit: str
    relation: str
    bound: float

    @property
    def holds(self) -> bool:
        """Return whether the aim is met; a figure that could not be measured is NaN and fails."""
        return self.value <= self.bound if self.relation == "<=" else self.value >= self.bound


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile by rank, 0.99 for the 99th; NaN of nothing."""
    ordered = sorted(values)
    return ordered[math.ceil(len(ordered) * share) - 1] if ordered else math.nan


def report(name: str, results: dict[str, Any], aims: list[Aim]) -> None:
    """Print the object: on one line with --json, else a line for each figure."""
    if "--json" in sys.argv:
        print(
            json.dumps(
                {
                    "name": name,
                    "results": results,
                    "aims": [
                        {
                            "id": aim.id,
                            "value": round(aim.value, 4),
                            "unit": aim.unit,
                            "aim": f"{aim.relation} {aim.bound:g}",
                            "holds": aim.holds,
                        }
                        for aim in aims
                    ],
                }
            )
        )
        return
    for key, value in results.items():
        print(f"{name}  {key:32} {value}")
    for aim in aims:
        mark = "holds" if aim.holds else "MISSED"
        print(
            f"{name}  {aim.id:32} {aim.value:.3g} {aim.unit}  {aim.relation} {aim.bound:g}  {mark}"
        )
