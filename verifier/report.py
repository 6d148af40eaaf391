"""What a soak tells: in words for a person, and as one object for a machine."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from verifier.box import Life, Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All lives of one soak."""

    seed: int
    lives: tuple[Life, ...]
    real_s: float

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Return all breaches."""
        return tuple(violation for life in self.lives for violation in life.violations)

    @property
    def sessions(self) -> int:
        """Return how many visits were lived."""
        return sum(life.sessions for life in self.lives)

    @property
    def virtual_s(self) -> float:
        """Return how much virtual time has passed [s]."""
        return sum(life.virtual_s for life in self.lives)

    @property
    def ratio(self) -> float:
        """Return virtual time to real time."""
        return self.virtual_s / self.real_s

    @property
    def counts(self) -> Counter[str]:
        """Return what was done and what went wrong, and how often."""
        total: Counter[str] = Counter()
        for life in self.lives:
            total.update(life.counts)
        return total


def to_object(result: Result) -> dict[str, Any]:
    """Return the result as plain data."""
    return {
        "ok": not result.violations,
        "seed": result.seed,
        "sessions": result.sessions,
        "boxes": len(result.lives),
        "latched": sum(bool(life.latched) for life in result.lives),
        "stored": sum(life.stored for life in result.lives),
        "virtual_s": round(result.virtual_s, 3),
        "real_s": round(result.real_s, 3),
        "ratio": round(result.ratio, 1),
        "counts": dict(sorted(result.counts.items())),
        "violations": [
            {
                "invariant": violation.invariant,
                "detail": violation.detail,
                "seed": violation.seed,
                "session": violation.session,
                "at_s": violation.at_s,
                "replay": replay(violation),
                "timeline": list(violation.timeline),
            }
            for violation in result.violations
        ],
    }


def to_words(result: Result) -> Iterator[str]:
    """Yield the lines that a person reads."""
    counts = result.counts
    yield (
        f"{result.sessions} sessions in {len(result.lives)} boxes, "
        f"{result.virtual_s / 3600.0:.2f} h of virtual time in {result.real_s:.1f} s, "
        f"{result.ratio:.0f} times as fast"
    )
    yield "went wrong: " + _list(counts, TROUBLES)
    yield (
        f"went well: the contactor closed {counts['closings']} times, "
        f"{sum(life.stored for life in result.lives)} sessions stored, "
        f"{counts['charges']} charges after all was mended, "
        f"{counts['borne']} that had to go on through a trouble"
    )
    latched = [life.latched for life in result.lives if life.latched]
    if latched:
        kinds = ", ".join(f"{count} of {kind}" for kind, count in sorted(Counter(latched).items()))
        yield f"ended early by a latched fault: {kinds}"
    for violation in result.violations:
        yield ""
        yield f"BROKEN: {violation.invariant}, in session {violation.session} of seed"
        yield f"  {violation.seed}, {violation.at_s:.3f} s after its start: {violation.detail}"
        yield f"  again: {replay(violation)}"
        yield from (f"  {line}" for line in violation.timeline)
    yield "" if result.violations else "every invariant held"
    if result.violations:
        yield f"{len(result.violations)} invariants were broken"


def to_line(life: Life) -> str:
    """Return one life in one line."""
    verdict = ", ".join(violation.invariant for violation in life.violations)
    return (
        f"seed {life.seed}: {life.sessions} sessions, {life.virtual_s:.0f} s at "
        f"{life.virtual_s / life.real_s:.0f}x: {'BROKEN ' + verdict if verdict else 'held'}"
        + (f"; latched {life.latched}" if life.latched else "")
    )


def replay(violation: Violation) -> str:
    """Return the command that shows a breach again."""
    return f"wallbox soak --sessions {violation.session} --seed {violation.seed}"


TROUBLES = ("faults", "kills", "holds", "restarts", "losses", "silences", "outages")


def _list(counts: Counter[str], names: Sequence[str]) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in names)
