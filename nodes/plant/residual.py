"""The residual-current monitor: two outputs that trip, and a test line that must trip both."""

from msgspec import Struct
from msgspec.structs import replace

# Times of the module itself. The limits that it must keep: 150 mA AC 40 ms (IEC 61008-1, type A),
# 200 mA DC 0.1 s (IEC 62955); these are the leaks that the simulated faults make.
TRIP_AC_S = 0.020
TRIP_DC_S = 0.060
TEST_S = 0.2  # test line to outputs: within 20 to 700 ms as modules state it
TEST_LASTS_S = 0.5  # assumed: even a short pulse on the test line is a test of this length
RELEASE_S = 0.3  # assumed: an output stays active after its cause, so the coil cannot chatter


class Output(Struct, frozen=True, kw_only=True):
    """One open-collector output; active means tripped."""

    active: bool = False
    turns_at_s: float | None = None


IDLE = Output()


class Monitor(Struct, frozen=True, kw_only=True):
    """Both outputs, and the test if one is running."""

    ac: Output = IDLE
    dc: Output = IDLE
    test_line: bool = False
    tested_s: float | None = None  # when the running test began

    @property
    def is_well(self) -> bool:
        """Return whether neither output cuts the coil."""
        return not (self.ac.active or self.dc.active)

    @property
    def due_s(self) -> float:
        """Return when the monitor next changes by itself [s]; infinity: never."""
        due_s = float("inf")
        if self.ac.turns_at_s is not None:
            due_s = self.ac.turns_at_s
        if self.dc.turns_at_s is not None:
            due_s = min(due_s, self.dc.turns_at_s)
        if self.tested_s is not None and not self.test_line:
            due_s = min(due_s, self.tested_s + TEST_LASTS_S)
        return due_s


UNPOWERED = Monitor()


def settle(
    monitor: Monitor,
    now_s: float,
    *,
    test_line: bool,
    leak_ac: bool,
    leak_dc: bool,
    ignores_test: bool,
) -> Monitor:
    """Return the monitor at a time; `ignores_test`: it ignores its test line."""
    tested_s = monitor.tested_s
    if test_line and not monitor.test_line and not ignores_test:
        tested_s = now_s
    elif tested_s is not None and not test_line and now_s >= tested_s + TEST_LASTS_S:
        tested_s = None
    tested = tested_s is not None
    ac = _settle_output(monitor.ac, now_s, tested or leak_ac, TRIP_AC_S if leak_ac else TEST_S)
    dc = _settle_output(monitor.dc, now_s, tested or leak_dc, TRIP_DC_S if leak_dc else TEST_S)
    if (
        ac is monitor.ac
        and dc is monitor.dc
        and test_line == monitor.test_line
        and tested_s == monitor.tested_s
    ):
        return monitor
    return Monitor(ac=ac, dc=dc, test_line=test_line, tested_s=tested_s)


def _settle_output(output: Output, now_s: float, cause: bool, trip_s: float) -> Output:
    if cause == output.active:
        return output if output.turns_at_s is None else replace(output, turns_at_s=None)
    turns_at_s = now_s + (trip_s if cause else RELEASE_S)
    if output.turns_at_s is not None:
        turns_at_s = min(output.turns_at_s, turns_at_s)
    if now_s >= turns_at_s:
        return Output(active=cause)
    if turns_at_s == output.turns_at_s:
        return output
    return replace(output, turns_at_s=turns_at_s)
