"""What a step of the check is, and how it is judged."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from msgs.board_check import CheckOutcome
from nodes.board.check.board import CheckedBoard


class Person(Protocol):
    """Who stands at the box."""

    def show(self, text: str) -> None:
        """Show what is to be done now, without an answer."""

    def confirm(self, question: str) -> bool | None:
        """Return yes or no; None: the person leaves it out."""

    def agree(self, question: str) -> bool:
        """Return whether the person has answered with the whole word "yes"."""

    def number(self, question: str) -> float | None:
        """Return a number; None: the person leaves it out."""


class StepJudgement(Struct, frozen=True, kw_only=True):
    """How a step has ended; see `msgs.board_check.CheckedStep`."""

    outcome: CheckOutcome
    measured: str
    expected: str = ""
    look_at: str = ""


class CheckStep(Struct, frozen=True, kw_only=True):
    """One step.

    It measures alone, or guided by a person, and is left out without one. A step that can do both
    is guided if there is a person.
    """

    name: str
    look_at: str  # which parts and wires, if the step fails
    alone: Callable[[CheckedBoard], StepJudgement] | None = None
    guided: Callable[[CheckedBoard, Person], StepJudgement] | None = None
    needs: tuple[str, ...] = ()  # names of steps that must be ok before


def passed(measured: str) -> StepJudgement:
    """Return the judgement of a step that is ok."""
    return StepJudgement(outcome=CheckOutcome.OK, measured=measured)


def failed(measured: str, expected: str, look_at: str = "") -> StepJudgement:
    """Return the judgement of a step that has failed.

    :param look_at: what the step's own text does not say.
    """
    return StepJudgement(
        outcome=CheckOutcome.FAILED, measured=measured, expected=expected, look_at=look_at
    )


def skipped(why: str) -> StepJudgement:
    """Return the judgement of a step that was left out."""
    return StepJudgement(outcome=CheckOutcome.SKIPPED, measured=why)


def judged(is_ok: bool, measured: str, expected: str) -> StepJudgement:
    """Return the judgement of something that was measured."""
    return passed(measured) if is_ok else failed(measured, expected)


def in_range(value: float, least: float, most: float, unit: str) -> StepJudgement:
    """Return whether a value is in a range."""
    expected = f"{least:g} to {most:g} {unit}"
    return judged(least <= value <= most, f"{value:.2f} {unit}", expected)
