"""What in the simulated world explains a fault that safety raises."""

from msgs.plant import SimEvent, SimFault, SimSignals
from msgs.safety import FaultCode
from verifier.rules import HOT_C

OUT = "out"  # no plug is in
BLIND = "blind"  # what safety reads itself does not reach it
UNMETERED = "unmetered"  # what its meter chip says does not reach it
KEPT = "kept"  # 8007 was told before: it outlives everything but mains off and on
ASLEEP = "asleep"  # safety itself is held up
ORPHAN = "orphan"  # the monitor may answer a self-test whose safety has died
ORPHAN_S = 2.16  # a self-test lasts so long
HEAT = "heat"  # a sensor shows more than 80 degC, or the over-temperature switch has opened
LINGERS_S = 1.0  # a fault is raised so long after its cause has gone: readings, proofs, a round

_ALWAYS_S, _NEVER_S = float("inf"), float("-inf")

CAUSES: dict[FaultCode, frozenset[str]] = {
    FaultCode.UNPLUGGED: frozenset({OUT, SimFault.CP_OPEN}),
    FaultCode.TOO_HOT: frozenset({HEAT, SimFault.NTC_OPEN}),
    FaultCode.NO_VEHICLE: frozenset({SimFault.NO_DIODE}),
    FaultCode.PLUG_STATE: frozenset(
        {
            SimFault.CP_SHORT,
            SimFault.CP_MID,
            SimFault.CP_MINUS,
            SimFault.SPI_STUCK,
            BLIND,
            UNMETERED,
        }
    ),
    FaultCode.NOT_CLOSING: frozenset({SimFault.NO_CLOSE, ASLEEP}),
    FaultCode.MAINS_VOLTAGE: frozenset(
        {
            SimFault.SAG,
            SimFault.SWELL,
            SimFault.PHASE_LOST,
            SimFault.CHIP_ZERO,
            SimFault.CHIP_DEAD,
            UNMETERED,
        }
    ),
    FaultCode.OVERCURRENT: frozenset({SimFault.OVERCURRENT}),
    FaultCode.RESIDUAL_CURRENT: frozenset(
        {SimFault.RCM_AC, SimFault.RCM_DC, SimFault.RCM_TEST, ORPHAN}
    ),
    FaultCode.SAFETY_CIRCUIT: frozenset(
        {SimFault.WELD, SimFault.MIRROR_DEAD, SimFault.GENERATOR_STUCK, KEPT}
    ),
    FaultCode.RED: frozenset(
        {SimFault.WELD, SimFault.PE_OPEN, SimFault.PE_HIGH, SimFault.RCM_TEST}
    ),
}
"""Any one of these, there now or a moment ago, explains the fault."""


class Causes:
    """What is wrong in the world, and until when it was."""

    def __init__(self) -> None:
        self._until_s: dict[str, float] = {OUT: _ALWAYS_S}

    def happened(self, event: SimEvent, now_s: float) -> None:
        """Take what has happened in the world."""
        match event.what:
            case "plugged":
                self._put(OUT, False, now_s)
            case "unplugged" | "pulled":
                self._put(OUT, True, now_s)
            case "fault":
                self._put(event.detail, True, now_s)
            case "clear":
                self._put(event.detail, False, now_s)
            case _:
                pass

    def felt(self, signals: SimSignals, now_s: float) -> None:
        """Take what the box's sensors show."""
        is_hot = signals.overtemperature or max(signals.terminal_c, signals.board_c) > HOT_C
        self._put(HEAT, is_hot, now_s)

    def saw(self, *, is_blind: bool, is_unmetered: bool, now_s: float) -> None:
        """Take whether safety's own readings reach it."""
        self._put(BLIND, is_blind, now_s)
        self._put(UNMETERED, is_unmetered, now_s)

    def slept(self, is_asleep: bool, now_s: float) -> None:
        """Take whether safety is held up."""
        self._put(ASLEEP, is_asleep, now_s)

    def told(self, code: FaultCode) -> None:
        """Take note of a fault that safety tells."""
        if code is FaultCode.SAFETY_CIRCUIT:
            self._until_s[KEPT] = _ALWAYS_S

    def left_testing(self, pulsed_s: float, back_s: float | None) -> None:
        """Take note that a safety died or slept which began to test the monitor at a time [s].

        :param back_s: when it was back to take the test line back, if it had left it on.
        """
        self._until_s[ORPHAN] = max(pulsed_s + ORPHAN_S, _NEVER_S if back_s is None else back_s)

    def explain(self, code: FaultCode, now_s: float) -> bool:
        """Return whether a fault that is raised now has its cause in the world."""
        until_s = max(self._until_s.get(name, _NEVER_S) for name in CAUSES[code])
        return now_s <= until_s + LINGERS_S

    def _put(self, name: str, is_there: bool, now_s: float) -> None:
        if is_there:
            self._until_s[name] = _ALWAYS_S
        elif self._until_s.get(name) == _ALWAYS_S:
            self._until_s[name] = now_s
