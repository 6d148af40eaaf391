"""The report of a soak: text for a person, one object for a program."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from verifier.box import BoxRun, Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakResult:
    """The runs of one soak."""

    seed: int
    runs: tuple[BoxRun, ...]
    real_s: float

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Return all breaches."""
        return tuple(violation for run in self.runs for violation in run.violations)

    @property
    def visits(self) -> int:
        """Return the number of visits."""
        return sum(run.visits for run in self.runs)

    @property
    def virtual_s(self) -> float:
        """Return the virtual time of all runs [s]."""
        return sum(run.virtual_s for run in self.runs)

    @property
    def ratio(self) -> float:
        """Return virtual time to real time."""
        return self.virtual_s / self.real_s

    @property
    def counts(self) -> Counter[str]:
        """Return how often each kind of act, disturbance and result occurred."""
        total: Counter[str] = Counter()
        for run in self.runs:
            total.update(run.counts)
        return total


def to_object(result: SoakResult) -> dict[str, Any]:
    """Return the result as plain data."""
    return {
        "ok": not result.violations,
        "seed": result.seed,
        "sessions": result.visits,
        "boxes": len(result.runs),
        "latched": result.counts["latched"],
        "stored": sum(run.stored for run in result.runs),
        "virtual_s": round(result.virtual_s, 3),
        "real_s": round(result.real_s, 3),
        "ratio": round(result.ratio, 1),
        "counts": dict(sorted(result.counts.items())),
        "violations": [
            {
                "invariant": violation.invariant,
                "detail": violation.detail,
                "seed": violation.seed,
                "session": violation.visit,
                "at_s": violation.at_s,
                "replay": replay(violation),
                "timeline": list(violation.timeline),
            }
            for violation in result.violations
        ],
    }


def to_text(result: SoakResult) -> Iterator[str]:
    """Yield the lines that a person reads."""
    counts = result.counts
    yield (
        f"{result.visits} sessions in {len(result.runs)} boxes, "
        f"{result.virtual_s / 3600.0:.2f} h of virtual time in {result.real_s:.1f} s, "
        f"{result.ratio:.0f} times as fast"
    )
    yield "disturbances: " + _list(counts, DISTURBANCES)
    yield (
        f"results: the contactor closed {counts['closings']} times, "
        f"{sum(run.stored for run in result.runs)} sessions stored, "
        f"{counts['charges']} charges after all faults were cleared, "
        f"{counts['latched']} latched faults among them, "
        f"{counts['harmless']} that had to go on through a disturbance"
    )
    for violation in result.violations:
        yield ""
        yield f"BROKEN: {violation.invariant}, in session {violation.visit} of seed"
        yield f"  {violation.seed}, {violation.at_s:.3f} s after its start: {violation.detail}"
        yield f"  repeat: {replay(violation)}"
        yield from (f"  {line}" for line in violation.timeline)
    yield "" if result.violations else "no invariant was broken"
    if result.violations:
        yield f"{len(result.violations)} invariants were broken"


def to_line(run: BoxRun) -> str:
    """Return the line of one run."""
    broken = ", ".join(violation.invariant for violation in run.violations)
    return (
        f"seed {run.seed}: {run.visits} sessions, {run.virtual_s:.0f} s at "
        f"{run.virtual_s / run.real_s:.0f}x: {'BROKEN ' + broken if broken else 'ok'}"
    )


def replay(violation: Violation) -> str:
    """Return the command that repeats a breach."""
    return f"wallbox soak --sessions {violation.visit} --seed {violation.seed}"


DISTURBANCES = (
    "faults",
    "kills",
    "freezes",
    "restarts",
    "losses",
    "silences",
    "outages",
    "power cuts",
    "box restarts",
    "vehicles",
    "full disks",
    "clocks",
)


def _list(counts: Counter[str], names: Sequence[str]) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in names)
