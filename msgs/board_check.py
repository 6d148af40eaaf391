"""The result of `wallbox board check`, as it is shown and kept."""

from enum import StrEnum

from msgspec import Struct

from msgs.units import Text

BOARD_CHECK_FILE = "board-check.json"  # in the state directory


class CheckOutcome(StrEnum):
    """How a step of the check has ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


class CheckedStep(Struct, frozen=True, kw_only=True):
    """One step of the check, when it has ended."""

    step: str
    outcome: CheckOutcome
    measured: Text  # of a step that was skipped: why
    expected: Text = ""  # of a failure: what should have been measured
    look_at: Text = ""  # of a failure: which parts and wires to look at


class BoardCheck(Struct, frozen=True, kw_only=True):
    """A check that was not broken off."""

    utc_ns: int  # when it ended [ns since 1970]
    is_utc_set: bool  # else the time may be of any year
    version: str  # of this software
    plan: str  # the launch file
    steps: tuple[CheckedStep, ...]
