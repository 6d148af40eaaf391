"""The limits of the house's supply, from the settings: main fuse, house meter, phases. Pure."""

from msgspec import Struct
from msgspec.structs import replace

from msgs.settings import Grid, PhaseAssignment, Settings, meter_name
from nodes.load_manager.house import Lines


class SupplyLimits(Struct, frozen=True, kw_only=True):
    """The settings that limit the current of the house."""

    monitoring: bool  # domestic connection monitoring (MET-1)
    meter: str  # the house meter, as `msgs.settings.meter_name`; "": none
    main_fuse_a: float | None  # of each phase; None: not set
    phases: PhaseAssignment
    grid: Grid = Grid.TN_TT
    fuse_budget_percent: float = 0.0  # how far above it the main fuse may be used for a while

    def lines(self, wired: tuple[bool, bool, bool]) -> Lines:
        """Return which line of the box lies on which of the meter, as far as it is known."""
        return Lines(assignment=self.phases, wired=wired, grid=self.grid)


def is_wired_otherwise(before: SupplyLimits, now: SupplyLimits) -> bool:
    """Return whether a clamp that was proven before may lie on another phase now."""
    same = replace(before, main_fuse_a=now.main_fuse_a, fuse_budget_percent=now.fuse_budget_percent)
    return same != now


def supply_limits_of(settings: Settings) -> SupplyLimits:
    """Return the limits that are set."""
    return SupplyLimits(
        monitoring=settings.monitoring.enabled,
        meter=meter_name(settings.house_meter),
        main_fuse_a=settings.main_fuse_a,
        phases=settings.phase_assignment,
        grid=settings.installation.grid,
        fuse_budget_percent=settings.fuse_budget_percent,
    )
