"""What the box publishes over MQTT, and how often. Pure.

One topic for each value, `<base>/<name>`, with its unit in the name. All are retained, so that a
controller that starts later has them. A value is sent when it changes, a measured one not more
often than its period, and all of them after each connection.
"""

from collections.abc import Callable

from msgspec import Struct

from msgs.pilot import MAX_OFFER_A
from nodes.smart_home.snapshot import BoxSnapshot, ChargeState, PlugCode

AVAILABILITY = "availability"
ONLINE, OFFLINE = "online", "offline"
RESULT = "result"

AT_ONCE_S, MEASURED_S, ENERGY_S = 0.0, 2.0, 10.0  # assumed: between two messages of one topic
MOST_MA = round(MAX_OFFER_A * 1000.0)  # "no limit" is shown as the most that the box can offer

STATES = {
    ChargeState.STARTING: "starting",
    ChargeState.NOT_READY: "not ready",
    ChargeState.READY: "ready",
    ChargeState.CHARGING: "charging",
    ChargeState.ERROR: "error",
    ChargeState.SUSPENDED: "suspended",
}


class MqttReading(Struct, frozen=True, kw_only=True):
    """One value."""

    name: str  # of its topic
    text: Callable[[BoxSnapshot], str]
    period_s: float = AT_ONCE_S
    meaning: str  # for the documents


class Published(Struct, frozen=True, kw_only=True):
    """What was sent last on a topic."""

    text: str
    at_s: float


def _status(seen: BoxSnapshot) -> str:
    """Return the state as evcc reads it: IEC 61851-1, and F for a fault or a start."""
    if seen.state in (ChargeState.ERROR, ChargeState.STARTING):
        return "F"
    if seen.plug is not PlugCode.VEHICLE:
        return "A"
    return "C" if seen.state is ChargeState.CHARGING else "B"


def _flag(is_on: bool) -> str:
    return "true" if is_on else "false"


def _amps(current_ma: int) -> str:
    return f"{current_ma / 1000.0:.1f}"


def _limit(seen: BoxSnapshot) -> str:
    """Return what was asked for, to 1 mA: it reads back as it was ordered."""
    return f"{min(seen.user_ma, MOST_MA) / 1000.0:g}"


def _temperature(seen: BoxSnapshot) -> str:
    return "None" if seen.temperature_c is None else str(seen.temperature_c)


def _current(line: int) -> Callable[[BoxSnapshot], str]:
    return lambda seen: _amps(seen.currents_ma[line])


def _voltage(line: int) -> Callable[[BoxSnapshot], str]:
    return lambda seen: str(seen.voltages_v[line])


READINGS = (
    MqttReading(
        name="state",
        text=lambda seen: STATES[seen.state],
        meaning="starting, not ready (unplugged, or a card is needed), ready, charging, error, "
        "suspended (paused)",
    ),
    MqttReading(
        name="status",
        text=_status,
        meaning="A no vehicle, B plugged in, C charging, F fault or start",
    ),
    MqttReading(
        name="plugged",
        text=lambda seen: _flag(seen.plug is PlugCode.VEHICLE),
        meaning="true: a vehicle is plugged in",
    ),
    MqttReading(
        name="charging",
        text=lambda seen: _flag(seen.state is ChargeState.CHARGING),
        meaning="true: the vehicle is charged",
    ),
    MqttReading(
        name="problem",
        text=lambda seen: _flag(seen.state is ChargeState.ERROR),
        meaning="true: a fault is present",
    ),
    MqttReading(
        name="error",
        text=lambda seen: str(seen.error),
        meaning="the code of the first fault, as in report 2; 0: none",
    ),
    MqttReading(
        name="enabled",
        text=lambda seen: _flag(seen.is_user_enabled),
        meaning="false: a controller pauses the charge; reads back at once",
    ),
    MqttReading(
        name="current_a",
        text=_limit,
        meaning="what a controller has asked for; 32: no limit; reads back at once",
    ),
    MqttReading(
        name="offered_a",
        text=lambda seen: _amps(seen.offered_ma),
        meaning="what the vehicle is offered, after all limits",
    ),
    MqttReading(
        name="energy_limit_wh",
        text=lambda seen: f"{seen.energy_limit_dwh / 10.0:g}",
        meaning="the energy after which this charge pauses; 0: none",
    ),
    MqttReading(
        name="failsafe_s",
        text=lambda seen: str(seen.failsafe_s),
        meaning="the time of the failsafe; 0: none",
    ),
    MqttReading(
        name="failsafe_a",
        text=lambda seen: _amps(seen.failsafe_ma),
        meaning="its current",
    ),
    MqttReading(
        name="power_w",
        text=lambda seen: str(round(seen.power_mw / 1000.0)),
        period_s=MEASURED_S,
        meaning="the power of the charge",
    ),
    *(
        MqttReading(
            name=f"current_l{line + 1}_a",
            text=_current(line),
            period_s=MEASURED_S,
            meaning=f"the current of L{line + 1}",
        )
        for line in range(3)
    ),
    *(
        MqttReading(
            name=f"voltage_l{line + 1}_v",
            text=_voltage(line),
            period_s=ENERGY_S,
            meaning=f"the voltage of L{line + 1}",
        )
        for line in range(3)
    ),
    MqttReading(
        name="session_energy_kwh",
        text=lambda seen: f"{seen.session_dwh / 10_000.0:.3f}",
        period_s=ENERGY_S,
        meaning="the energy of this session, or of the last",
    ),
    MqttReading(
        name="energy_kwh",
        text=lambda seen: f"{seen.lifetime_dwh / 10_000.0:.3f}",
        period_s=ENERGY_S,
        meaning="the energy of the wallbox since it was made",
    ),
    MqttReading(
        name="temperature_c",
        text=_temperature,
        period_s=ENERGY_S,
        meaning="the temperature in the wallbox; None: not known",
    ),
)
"""All values, in the order in which they are sent."""


def due(
    seen: BoxSnapshot, published: dict[str, Published], now_s: float
) -> tuple[tuple[str, str], ...]:
    """Return the names and the texts that are to be sent now.

    :param published: by name, in this connection.
    """
    found = []
    for reading in READINGS:
        text, before = reading.text(seen), published.get(reading.name)
        if before is None or (text != before.text and now_s >= before.at_s + reading.period_s):
            found.append((reading.name, text))
    return tuple(found)
