"""The limits of the house's supply, from the settings: main fuse, house meter, phases. Pure."""

from msgspec import Struct

from msgs.settings import Grid, PhaseAssignment, Settings, meter_name


class SupplyLimits(Struct, frozen=True, kw_only=True):
    """The settings that limit the current of the house."""

    monitoring: bool  # domestic connection monitoring (MET-1)
    meter: str  # the house meter, as `msgs.settings.meter_name`; "": none
    main_fuse_a: float | None  # of each phase; None: not set
    phases: PhaseAssignment
    grid: Grid = Grid.TN_TT


def supply_limits_of(settings: Settings) -> SupplyLimits:
    """Return the limits that are set."""
    return SupplyLimits(
        monitoring=settings.monitoring.enabled,
        meter=meter_name(settings.house_meter),
        main_fuse_a=settings.main_fuse_a,
        phases=settings.phase_assignment,
        grid=settings.installation.grid,
    )
