"""Runs the steps of the check one after another."""

from collections.abc import Callable

from bus import DriverError
from msgs.board_check import CheckedStep, CheckOutcome
from nodes.board.check import (
    chip_steps,
    contactor_steps,
    front_steps,
    pilot_steps,
    protection_steps,
)
from nodes.board.check.board import CheckedBoard
from nodes.board.check.places import Places
from nodes.board.check.step import CheckStep, Person, StepJudgement, failed, skipped
from nodes.board.spi_link import ChipError

NO_PERSON = "needs a person"


def all_steps(places: Places) -> list[CheckStep]:
    """Return the steps in their order; what can close the contactor is last."""
    return [
        *chip_steps.steps(places),
        *pilot_steps.steps(places),
        *protection_steps.steps(places),
        *front_steps.steps(places),
        *contactor_steps.steps(places),
    ]


def run(board: CheckedBoard, person: Person | None, on_step: Callable[[CheckedStep], None]) -> None:
    """Run all steps. The caller leaves the board, also if this raises.

    :param person: None: nobody is there; what needs a person is left out.
    :param on_step: gets each step when it has ended.
    """
    outcomes: dict[str, CheckOutcome] = {}
    for step in all_steps(board.places):
        judgement = judge(step, board, person, outcomes)
        outcomes[step.name] = judgement.outcome
        has_failed = judgement.outcome is CheckOutcome.FAILED
        on_step(
            CheckedStep(
                step=step.name,
                outcome=judgement.outcome,
                measured=judgement.measured,
                expected=judgement.expected,
                look_at="; ".join(filter(None, (judgement.look_at, step.look_at)))
                if has_failed
                else "",
            )
        )


def judge(
    step: CheckStep,
    board: CheckedBoard,
    person: Person | None,
    outcomes: dict[str, CheckOutcome],
) -> StepJudgement:
    """Run one step, unless one that it needs was not ok; its lines are off then.

    :param outcomes: of the steps before.
    """
    for need in step.needs:
        if outcomes[need] is not CheckOutcome.OK:
            how = "has failed" if outcomes[need] is CheckOutcome.FAILED else "was left out"
            return skipped(f"{need} {how}")
    try:
        if person is not None and step.guided is not None:
            return step.guided(board, person)
        return skipped(NO_PERSON) if step.alone is None else step.alone(board)
    except (ChipError, DriverError, OSError) as error:
        return failed(str(error), "an answer")
    finally:
        board.lines.rest()
