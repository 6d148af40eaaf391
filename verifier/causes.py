"""The causes in the simulated world for each fault that safety may raise."""

from msgs.plant import SimEvent, SimFault, SimSignals
from msgs.safety import FaultCode
from verifier.rules import HOT_C

OUT = "out"  # no plug is in
STALE_INPUTS = "stale_inputs"  # safety's own readings do not reach it
CHIP_SILENT = "chip_silent"  # the readings of its meter chip do not reach it
# 8007 or all red was raised before: it is kept until it is judged again.
LATCHED = {FaultCode.SAFETY_CIRCUIT: "latched_8007", FaultCode.RED: "latched_red"}
SAFETY_STOPPED = "safety_stopped"  # the safety node is killed or frozen
LATE_ANSWER = "late_answer"  # the monitor may answer a self-test of a safety that was killed
LATE_ANSWER_S = 2.16  # how long a self-test lasts
HEAT = "heat"  # a sensor shows more than 80 degC, or the over-temperature switch has opened
LINGERS_S = 1.0  # how late after its cause a fault may be raised: readings, proofs, a round

LOOKS_S = 0.06  # a cause is seen a bit shorter than it lasts

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
            SimFault.CHIP_FROZEN,  # it is not known whether the box has mains
            STALE_INPUTS,
            CHIP_SILENT,
        }
    ),
    FaultCode.NOT_CLOSING: frozenset(
        {SimFault.NO_CLOSE, SimFault.PE_OPEN, SimFault.PE_HIGH, SAFETY_STOPPED}
    ),
    FaultCode.MAINS_VOLTAGE: frozenset(
        {
            SimFault.SAG,
            SimFault.SWELL,
            SimFault.PHASE_LOST,
            SimFault.CHIP_ZERO,
            SimFault.CHIP_DEAD,
            SimFault.CHIP_FROZEN,
            CHIP_SILENT,
        }
    ),
    FaultCode.OVERCURRENT: frozenset({SimFault.OVERCURRENT}),
    FaultCode.RESIDUAL_CURRENT: frozenset(
        {SimFault.RCM_AC, SimFault.RCM_DC, SimFault.RCM_TEST, LATE_ANSWER}
    ),
    FaultCode.SAFETY_CIRCUIT: frozenset(
        {
            SimFault.WELD,
            SimFault.MIRROR_DEAD,
            SimFault.GENERATOR_STUCK,
            LATCHED[FaultCode.SAFETY_CIRCUIT],
        }
    ),
    FaultCode.RED: frozenset(
        {
            SimFault.WELD,
            SimFault.PE_OPEN,
            SimFault.PE_HIGH,
            SimFault.RCM_TEST,
            LATCHED[FaultCode.RED],
        }
    ),
}
"""One of these, present now or `LINGERS_S` ago, explains the fault."""

LEAST_S: dict[tuple[FaultCode, str], float] = {
    (FaultCode.RED, SimFault.PE_OPEN): 2.0,
    (FaultCode.RED, SimFault.PE_HIGH): 2.0,
    (FaultCode.SAFETY_CIRCUIT, SimFault.GENERATOR_STUCK): 1.5,
}
"""A cause explains the fault only if it has lasted for this long: a shorter one is retried."""


class Causes:
    """The causes that are present, and until when the others were."""

    def __init__(self) -> None:
        self._since_s: dict[str, float] = {}
        self._until_s: dict[str, float] = {OUT: _ALWAYS_S}

    def take_event(self, event: SimEvent, now_s: float) -> None:
        """Note an event of the simulated world."""
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

    def take_signals(self, signals: SimSignals, now_s: float) -> None:
        """Note what the box's sensors show."""
        is_hot = signals.overtemperature or max(signals.terminal_c, signals.board_c) > HOT_C
        self._put(HEAT, is_hot, now_s)

    def take_own_inputs(
        self, *, are_inputs_stale: bool, is_chip_silent: bool, now_s: float
    ) -> None:
        """Note whether safety's own readings reach it."""
        self._put(STALE_INPUTS, are_inputs_stale, now_s)
        self._put(CHIP_SILENT, is_chip_silent, now_s)

    def take_stopped(self, is_stopped: bool, now_s: float) -> None:
        """Note whether the safety node is killed or frozen."""
        self._put(SAFETY_STOPPED, is_stopped, now_s)

    def take_fault(self, code: FaultCode) -> None:
        """Note a fault that safety has raised."""
        if code in LATCHED:
            self._until_s[LATCHED[code]] = _ALWAYS_S

    def take_broken_test(self, pulsed_s: float, back_s: float | None) -> None:
        """Note that safety was killed or frozen after it began a self-test at `pulsed_s` [s].

        :param back_s: when it ran again and released the test line; None: the line was off.
        """
        released_s = _NEVER_S if back_s is None else back_s
        self._until_s[LATE_ANSWER] = max(pulsed_s + LATE_ANSWER_S, released_s)

    def explain(self, code: FaultCode, now_s: float) -> bool:
        """Return whether a fault that is raised now has a cause in the simulated world."""
        return any(self._explains(name, code, now_s) for name in CAUSES[code])

    def _explains(self, name: str, code: FaultCode, now_s: float) -> bool:
        until_s = self._until_s.get(name, _NEVER_S)
        lasted_s = min(now_s, until_s) - self._since_s.get(name, _NEVER_S)
        is_long = lasted_s >= LEAST_S.get((code, name), 0.0) - LOOKS_S
        return is_long and now_s <= until_s + LINGERS_S

    def _put(self, name: str, is_there: bool, now_s: float) -> None:
        if is_there:
            if self._until_s.get(name) != _ALWAYS_S:
                self._since_s[name] = now_s
            self._until_s[name] = _ALWAYS_S
        elif self._until_s.get(name) == _ALWAYS_S:
            self._until_s[name] = now_s
