"""What the arbiter knows at one instant. Pure."""

from msgspec import Struct

from msgs.load_manager import PhaseSearchAction
from msgs.meter import MeterReading
from msgs.pilot import MIN_OFFER_A, PLUGGED, CpState, PilotStatus
from msgs.safety import Contactor, SafetyStatus
from msgs.session import SessionStatus
from nodes.load_manager.solar import SolarLimits
from nodes.load_manager.supply_limits import SupplyLimits
from nodes.load_manager.unbalance import UnbalanceLimits
from nodes.load_manager.wishes import Source, finite_a


class Inputs(Struct, frozen=True, kw_only=True):
    """What is known at this instant; None: silent, or never heard."""

    now_s: float
    supply_limits: SupplyLimits | None  # of the newest settings, at any age
    pilot: PilotStatus | None
    is_sent_after_start: bool  # pilot/status, see `is_sent_after_start`
    safety: SafetyStatus | None
    session: SessionStatus | None
    box_readings: tuple[MeterReading, ...]  # since the step before, oldest first
    house: MeterReading | None  # the newest, at any age
    sources: tuple[Source, ...]  # of wishes
    solar: SolarLimits = SolarLimits()  # of the newest settings
    unbalance: UnbalanceLimits = UnbalanceLimits()
    external_limit_a: float = 0.0  # of the newest settings: while the external input is open
    asked: PhaseSearchAction | None = None  # an event: what `find_phases` was asked for

    @property
    def cp_state(self) -> CpState | None:
        """Return the CP state from safety; state A from pilot as well.

        A safety that is dead or hangs must not hide a change of vehicles.
        """
        if self.pilot is not None and self.pilot.cp_state is CpState.A:
            return CpState.A
        return None if self.safety is None else self.safety.cp_state

    @property
    def offered_a(self) -> float:
        """Return the current that pilot offers; 0 if it is silent."""
        return 0.0 if self.pilot is None else finite_a(self.pilot.offered_a)

    @property
    def is_idle(self) -> bool:
        """Return whether a pause opens nothing: the contactor is open, or no current is offered."""
        is_open = self.safety is None or self.safety.contactor is Contactor.OPEN
        return is_open or self.offered_a < MIN_OFFER_A

    @property
    def is_paused(self) -> bool:
        """Return whether the vehicle has charged in this session and is offered no current now.

        Before the first charge the contactor has not opened, so there is no pause to keep. While
        session or safety permits no current, as after a restart of the box, no current is offered
        whatever load_manager has said.
        """
        session = self.session
        return (
            self.cp_state in PLUGGED
            and self.offered_a < MIN_OFFER_A
            and self.safety is not None
            and self.safety.permitted
            and session is not None
            and session.permitted
            and bool(session.session_id)
            and session.energy_wh > 0.0
        )
