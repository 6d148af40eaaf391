"""The settings of the owner's wishes. Pure."""

from msgspec import Struct

from msgs.settings import Settings
from nodes.session.schedule import WeekPlan, plan_of


class OwnerSettings(Struct, frozen=True, kw_only=True):
    """What the owner has set for each charge."""

    energy_limit_wh: float | None  # None: no limit
    plan: WeekPlan


def owner_settings_of(settings: Settings) -> OwnerSettings:
    """Return what is set."""
    limit_kwh = settings.charge.energy_limit_kwh
    return OwnerSettings(
        energy_limit_wh=None if limit_kwh is None else limit_kwh * 1000.0,
        plan=plan_of(settings),
    )
