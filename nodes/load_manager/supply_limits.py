"""What the settings say of the site: main fuse, house meter, phases. Pure."""

from msgspec import Struct

from msgs.settings import PhaseAssignment, Settings, meter_name


class Site(Struct, frozen=True, kw_only=True):
    """The part of the settings that decides how much current there is."""

    monitoring: bool  # domestic connection monitoring (MET-1)
    meter: str  # the house meter, as `msgs.settings.meter_name`; "": none
    main_fuse_a: float | None  # of each phase; None: not set
    phases: PhaseAssignment


def site_of(settings: Settings) -> Site:
    """Return what is set for this site."""
    return Site(
        monitoring=settings.monitoring.enabled,
        meter=meter_name(settings.house_meter),
        main_fuse_a=settings.main_fuse_a,
        phases=settings.phase_assignment,
    )
