"""Messages of the safety record: each self-test, the operations of the contactor, the earth.

safety counts since its start, and publishes its counts with the newest reports. system adds up what
it hears over restarts and losses of power, and keeps it.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from msgs.stored import Stored
from msgs.units import Amps, Count, Milliseconds, Name, Nanoseconds, Ohms, Text

ENDURANCE = 100_000  # operations of a 40 A contactor at AC-1 (hardware.md 2.2)
WORN_OPERATIONS = 80_000  # a warning from here on: 80 %
# The vehicle has not dropped its load: safety calls a contactor unloaded below this.
LOADED_A = 1.0
EARTH_TESTS = 10  # first and newest self-tests whose median earth is compared
EARTH_RISE_OHM = 50.0  # assumed: a good loop has less than 100 ohm, and 500 ohm are refused
MOST_TESTS, MOST_OPERATIONS = 8, 16  # newest reports in one message


def median_ohm(values_ohm: Sequence[float]) -> float | None:
    """Return the median of earth loops, to 0.1 ohm; None: there are none."""
    if not values_ohm:
        return None
    ordered, half = sorted(values_ohm), len(values_ohm) // 2
    middle = ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2.0
    return round(middle, 1)


class SelfTestOutcome(StrEnum):
    """How a self-test of the residual-current monitor ended."""

    PASSED = "passed"
    NOT_IDLE = "not_idle"  # an output was active without any test
    NO_ANSWER = "no_answer"  # an output did not answer the test
    LATE = "late"  # an output became idle only after its time
    STUCK = "stuck"  # an output stayed active after the test
    BROKEN_OFF = "broken_off"  # by a plug that was pulled, a fault, a late look: no failure


FAILED = frozenset(SelfTestOutcome) - {SelfTestOutcome.PASSED, SelfTestOutcome.BROKEN_OFF}
"""The outcomes that are failures of the monitor."""


class SelfTestReport(Struct, frozen=True, kw_only=True):
    """One self-test. Its times are those of safety's looks, 10 ms apart."""

    number: Count  # of the self-tests, from 1
    utc_ns: Nanoseconds  # when it began; 0: the clock was not set
    outcome: SelfTestOutcome
    active_ms: Milliseconds | None = None  # test line on until both outputs active; None: never
    idle_ms: Milliseconds | None = None  # test line off until both outputs idle; None: never
    # Median of the protective-earth loop during the test; None: not measured.
    earth_ohm: Ohms | None = None


class ContactorOperation(Struct, frozen=True, kw_only=True):
    """One closing or opening of the contactor, when it was proven or given up."""

    number: Count  # of closings and openings, from 1
    utc_ns: Nanoseconds  # of the command; 0: the clock was not set
    is_closing: bool
    # Command until mirror contact and load voltage prove it; None: never, or without a command.
    took_ms: Milliseconds | None = None
    # The largest current of a phase when the contacts were to open; None: not known.
    current_a: Amps | None = None
    is_under_load: bool = False  # at LOADED_A or more, or not known
    is_ordered: bool = True  # False: the coil has dropped by itself


class SafetyCounts(Struct, frozen=True, kw_only=True):
    """What has been counted."""

    closings: Count = 0  # commanded; each is one operation of the contactor's endurance
    openings: Count = 0
    openings_under_load: Count = 0
    failed_closings: Count = 0  # not proven closed
    tests: Count = 0  # self-tests, those that were broken off included
    failed_tests: Count = 0
    most_a: Amps = 0.0  # the largest known current at an opening


class SafetyEvidence(Struct, frozen=True, kw_only=True):
    """What safety has counted since its start, and the newest reports, oldest first.

    Sent at the start and with each report; nothing waits for it. The counts are complete: a reader
    that was down misses reports beyond those in the message, and no count.
    """

    process: Name  # the id of safety's process: another one begins at 0
    counts: SafetyCounts = SafetyCounts()
    tests: Annotated[tuple[SelfTestReport, ...], Meta(max_length=MOST_TESTS)] = ()
    operations: Annotated[tuple[ContactorOperation, ...], Meta(max_length=MOST_OPERATIONS)] = ()


class RecordWarning(StrEnum):
    """What the record shows that a person should know."""

    WORN = "worn"  # the contactor has WORN_OPERATIONS or more
    EARTH_RISEN = "earth_risen"  # the earth loop, by EARTH_RISE_OHM or more


class RecordPart(StrEnum):
    """What may be new beside a box that goes on."""

    CONTACTOR = "contactor"  # it was replaced: its operations begin at 0
    EARTH = "earth"  # another place, or other works: the next self-tests are the first ones


class RenewPart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of `renew`: what is new."""

    part: RecordPart


class SafetyRecordStatus(Struct, frozen=True, kw_only=True):
    """What the box has counted since it was new, and what is wrong with it. Sent on change."""

    counts: SafetyCounts
    operations: Count = 0  # closings of the present contactor
    since_utc_ns: Nanoseconds = 0  # of the first that was counted; 0: not known
    contactor_utc_ns: Nanoseconds = 0  # when the contactor was replaced; 0: never, or not known
    # Openings that were not heard, as a loss of power or the end of safety came before. They are in
    # `counts.openings`; their current is not known.
    unseen_openings: Count = 0
    # Medians of the first EARTH_TESTS self-tests that have measured it, and of the newest ones.
    first_earth_ohm: Ohms | None = None  # None: there were fewer
    newest_earth_ohm: Ohms | None = None  # None: none has measured it
    warnings: Annotated[tuple[RecordWarning, ...], Meta(max_length=8)] = ()
    stored: Stored = Stored.CURRENT  # which generation of the record was read at the start
    unstored: Text = ""  # why the disk does not take the record; "": it does


class SafetyDay(Struct, frozen=True, kw_only=True):
    """What was counted on one day (UTC), with the worst values of that day."""

    day: Name  # "2026-12-01"; "": before the clock was set for the first time
    counts: SafetyCounts = SafetyCounts()
    active_ms: Milliseconds | None = None  # longest of the self-tests that have passed
    idle_ms: Milliseconds | None = None
    closing_ms: Milliseconds | None = None  # longest that was proven
    opening_ms: Milliseconds | None = None
    earth_ohm: Ohms | None = None  # highest


class SafetyRecordArguments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of `safety_record`: how many of each list, or those older than given ones."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    before_test: Annotated[int, Meta(ge=1)] | None = None  # the number of a self-test
    before_day: Name | None = None


class SafetyRecord(Struct, frozen=True, kw_only=True):
    """Answer to `safety_record`; the lists have the newest first."""

    status: SafetyRecordStatus
    tests: Annotated[tuple[SelfTestReport, ...], Meta(max_length=100)]
    openings: Annotated[tuple[ContactorOperation, ...], Meta(max_length=100)]  # under load
    days: Annotated[tuple[SafetyDay, ...], Meta(max_length=100)]
