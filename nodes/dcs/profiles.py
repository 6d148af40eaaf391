"""The charging profiles of the service that are installed: put in, cleared, ended. Pure.

Those of the box and of each transaction remain over restarts; those of a transaction end with it.
`nodes.dcs.composition` says what they allow.
"""

from msgspec import Struct
from msgspec.structs import replace

from nodes.dcs.profile import ChargingProfile, ProfilePurpose
from nodes.dcs.profile_check import MOST_PROFILES, RunningTransaction, profile_refusal


class ProfileSet(Struct, frozen=True, kw_only=True):
    """All profiles that are installed; at most one of each level of a purpose and a connector."""

    profiles: tuple[ChargingProfile, ...] = ()


class ProfileFilter(Struct, frozen=True, kw_only=True):
    """Which profiles are meant; None: any. If the id is given, nothing else counts."""

    profile_id: int | None = None
    connector: int | None = None
    purpose: ProfilePurpose | None = None
    stack_level: int | None = None


NO_PROFILES = ProfileSet()


def install(
    installed: ProfileSet,
    profile: ChargingProfile,
    *,
    now_s: float | None,
    running: RunningTransaction | None = None,
    replaces_level: bool = True,
) -> tuple[ProfileSet, str]:
    """Install a profile; return the profiles then, and why it is refused ("": it is not).

    It replaces the one with its id, and the one of its level, purpose and connector. Where there
    is no room, those whose validity is over are dropped.

    :param now_s: UTC; None: the clock is not set
    :param running: the transaction that runs
    :param replaces_level: False: another one of this level is a reason to refuse, as in 2.0.1
        (K01.FR.39, .52, .53); in 1.6 (section 5.16.2) it is replaced
    """
    if refusal := profile_refusal(profile, running, now_s):
        return installed, refusal
    others = [each for each in installed.profiles if each.profile_id != profile.profile_id]
    kept = [each for each in others if _place(each) != _place(profile)]
    if len(kept) < len(others) and not replaces_level:
        return installed, f"another profile has stack level {profile.stack_level}"
    if len(kept) >= MOST_PROFILES and now_s is not None:
        kept = [each for each in kept if not _is_over(each, now_s)]
    if len(kept) >= MOST_PROFILES:
        return installed, f"{MOST_PROFILES} profiles are installed, the most that are possible"
    return replace(installed, profiles=(*kept, _bound(profile, running))), ""


def clear(installed: ProfileSet, which: ProfileFilter) -> tuple[ProfileSet, int]:
    """Clear profiles; return the profiles then, and how many have been cleared."""
    kept = tuple(each for each in installed.profiles if not _is_meant(each, which))
    return replace(installed, profiles=kept), len(installed.profiles) - len(kept)


def end_transaction(installed: ProfileSet) -> ProfileSet:
    """Return the profiles after the transaction has ended: without its own."""
    kept = [each for each in installed.profiles if each.purpose is not ProfilePurpose.TRANSACTION]
    return replace(installed, profiles=tuple(kept))


def _bound(profile: ChargingProfile, running: RunningTransaction | None) -> ChargingProfile:
    """Return a profile with the id of its transaction, if it has one."""
    if profile.purpose is not ProfilePurpose.TRANSACTION or running is None:
        return replace(profile, transaction=None)
    return replace(profile, transaction=running.transaction)


def _is_over(profile: ChargingProfile, now_s: float) -> bool:
    """Return whether the validity of a profile is over at a time [UTC s]."""
    return profile.valid_to_utc_s is not None and profile.valid_to_utc_s <= now_s


def _place(profile: ChargingProfile) -> tuple[ProfilePurpose, int, int]:
    """Return what only one profile can have at a time."""
    return profile.purpose, profile.connector, profile.stack_level


def _is_meant(profile: ChargingProfile, which: ProfileFilter) -> bool:
    if which.profile_id is not None:
        return profile.profile_id == which.profile_id
    return (
        which.connector in (None, profile.connector)
        and which.purpose in (None, profile.purpose)
        and which.stack_level in (None, profile.stack_level)
    )
