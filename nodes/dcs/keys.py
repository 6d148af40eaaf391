"""The values of the configuration keys: what the service has set, and what it is shown. Pure."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from nodes.dcs.events import Variable, Verdict
from nodes.dcs.key_table import BY_NAME, KEYS, KeyAccess


class Configuration(Struct, frozen=True, kw_only=True):
    """What is stored: the values that the service has set, by the names of the table."""

    values: dict[str, str] = {}


DEFAULTS = Configuration()


class KeyChange(Struct, frozen=True, kw_only=True):
    """What came of a change."""

    configuration: Configuration
    verdict: Verdict  # ACCEPTED, REJECTED or NOT_SUPPORTED
    name: str = ""  # as it is in the table; "": there is no such key
    secret: bytes | None = None  # the new value of a key that can only be written
    reason: str = ""  # why it is refused, for the log


def change(configuration: Configuration, name: str, value: str) -> KeyChange:
    """Set a key; the case of its name does not count (section 7.29: CiString)."""
    row = BY_NAME.get(name.casefold())
    if row is None:
        reason = f"there is no key {name[:50]!r}"
        return KeyChange(configuration=configuration, verdict=Verdict.NOT_SUPPORTED, reason=reason)
    refusal = "it can only be read" if row.access is KeyAccess.READ else row.check(value)
    if refusal:
        reason = f"{row.name}: {refusal}"
        return KeyChange(
            configuration=configuration, verdict=Verdict.REJECTED, name=row.name, reason=reason
        )
    if row.access is KeyAccess.WRITE:
        return KeyChange(
            configuration=configuration,
            verdict=Verdict.ACCEPTED,
            name=row.name,
            secret=bytes.fromhex(value),
        )
    values = {**configuration.values, row.name: value.strip()}
    return KeyChange(
        configuration=replace(configuration, values=values),
        verdict=Verdict.ACCEPTED,
        name=row.name,
    )


def show(
    configuration: Configuration, names: tuple[str, ...], given: Mapping[str, str]
) -> tuple[tuple[Variable, ...], tuple[str, ...]]:
    """Return the keys that are asked for, and the names that are none; none named: all keys.

    :param given: the values that the node knows better: PHASE_ROTATION, SECURITY_PROFILE, and
        HEARTBEAT, which a registration sets as well
    """
    known: dict[str, Variable] = {}
    unknown: dict[str, None] = {}
    for name in names or [row.name for row in KEYS]:
        row = BY_NAME.get(name.casefold())
        if row is None:
            unknown[name] = None
        else:
            value = None if row.access is KeyAccess.WRITE else text(configuration, row.name, given)
            known[row.name] = Variable(
                name=row.name, value=value, is_readonly=row.access is KeyAccess.READ
            )
    return tuple(known.values()), tuple(unknown)


def text(configuration: Configuration, name: str, given: Mapping[str, str] = {}) -> str:
    """Return the value of a key. A stored one that is not valid any more counts as not set."""
    row = BY_NAME[name.casefold()]
    if row.default is None or row.name in given:
        return given.get(row.name, "")
    value = configuration.values.get(row.name)
    if value is None or row.access is not KeyAccess.BOTH or row.check(value):
        return row.default
    return value


def is_on(configuration: Configuration, name: str) -> bool:
    """Return the value of a key that is true or false."""
    return text(configuration, name).lower() == "true"


def number(configuration: Configuration, name: str) -> int:
    """Return the value of a key that is a number."""
    return int(text(configuration, name))
