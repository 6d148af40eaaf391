"""The table of metrics: name, type, help, and how each is read (`web.metrics.values`).

Units are the base units of Prometheus, energy in joules (1 kWh = 3,600,000 J). Labels have only
words of the project: never a card, a serial number, an address or a text that a person has typed.
"""

from collections.abc import Callable
from typing import NamedTuple

from msgs.pilot import CpState
from msgs.safety import Contactor
from msgs.session import WallboxState
from msgs.version import VERSION
from web.metrics import values
from web.metrics.exposition import FamilyKind, MetricSample, family_text
from web.metrics.values import MetricsSnapshot, Samples

WH_J = 3600.0
KB_BYTES = 1024.0
GAUGE, COUNTER = FamilyKind.GAUGE, FamilyKind.COUNTER


class Metric(NamedTuple):
    """One row: a family of samples."""

    name: str
    kind: FamilyKind
    help: str
    read: Callable[[MetricsSnapshot], Samples]


def text_of(snapshot: MetricsSnapshot) -> str:
    """Return all metrics that are known now."""
    return "".join(
        family_text(each.name, each.kind, each.help, each.read(snapshot)) for each in METRICS
    )


METRICS: tuple[Metric, ...] = (
    Metric(
        "wallbox_info",
        GAUGE,
        "Always 1; the label has the version of the software.",
        lambda _: (MetricSample(1.0, (("version", VERSION),)),),
    ),
    Metric(
        "wallbox_power_watts",
        GAUGE,
        "Power that the box takes from the mains, of all phases, by its own meter.",
        values.box(lambda reading: values.one(reading.power_w)),
    ),
    Metric(
        "wallbox_phase_power_watts",
        GAUGE,
        "Power that the box takes on each phase.",
        values.box(lambda reading: values.of_phases(reading, "power_w")),
    ),
    Metric(
        "wallbox_current_amperes",
        GAUGE,
        "Current that the box takes on each phase.",
        values.box(lambda reading: values.of_phases(reading, "current_a")),
    ),
    Metric(
        "wallbox_voltage_volts",
        GAUGE,
        "Voltage of each phase to neutral, at the box.",
        values.box(lambda reading: values.of_phases(reading, "voltage_v")),
    ),
    Metric(
        "wallbox_energy_joules_total",
        COUNTER,
        "Energy that the box has taken since it was new; 3600000 J are 1 kWh.",
        values.box(lambda reading: values.one(reading.lifetime_wh * WH_J)),
    ),
    Metric(
        "wallbox_session_energy_joules",
        GAUGE,
        "Energy of the session that runs, or of the last one.",
        values.session(lambda session: values.one(session.energy_wh * WH_J)),
    ),
    Metric(
        "wallbox_session_duration_seconds",
        GAUGE,
        "Time since the session began; none while no session runs.",
        values.session_duration,
    ),
    Metric(
        "wallbox_session_running",
        GAUGE,
        "1 while a session runs.",
        values.session(lambda session: values.one(bool(session.session_id))),
    ),
    Metric(
        "wallbox_vehicle_plugged",
        GAUGE,
        "1 while a vehicle is plugged in.",
        values.session(lambda session: values.one(session.plugged)),
    ),
    Metric(
        "wallbox_authorized",
        GAUGE,
        "1 while a card has authorised a session, or none is required.",
        values.session(lambda session: values.one(session.authorized)),
    ),
    Metric(
        "wallbox_state",
        GAUGE,
        "1 for the state of the wallbox, as on its page, 0 for all others.",
        values.session(lambda session: values.states(WallboxState, session.state)),
    ),
    Metric(
        "wallbox_contactor_state",
        GAUGE,
        "1 for the proven state of the contactor, 0 for all others.",
        values.safety(lambda safety: values.states(Contactor, safety.contactor)),
    ),
    Metric(
        "wallbox_pilot_state",
        GAUGE,
        "1 for the state of the control pilot as safety reads it, 0 for all others.",
        values.safety(lambda safety: values.states(CpState, safety.cp_state)),
    ),
    Metric(
        "wallbox_offered_current_amperes",
        GAUGE,
        "Current of each phase that the vehicle is offered, by the duty cycle read back.",
        values.safety(lambda safety: values.one(safety.offered_a)),
    ),
    Metric(
        "wallbox_limit_amperes",
        GAUGE,
        "Current of each phase that may be offered: the lowest of all limits.",
        values.limit,
    ),
    Metric(
        "wallbox_limit_source_amperes",
        GAUGE,
        "Limit of each source; none of a source that sets no limit now.",
        values.limits,
    ),
    Metric(
        "wallbox_limit_binding",
        GAUGE,
        "1 for the source of the lowest limit, 0 for all others.",
        values.binding,
    ),
    Metric(
        "wallbox_temperature_celsius",
        GAUGE,
        "Temperature of the hottest sensor.",
        values.safety(lambda safety: values.one(safety.temperature_c)),
    ),
    Metric(
        "wallbox_mains_present",
        GAUGE,
        "1 while the box has mains.",
        values.safety(lambda safety: values.one(safety.has_mains)),
    ),
    Metric(
        "wallbox_fault_active",
        GAUGE,
        "1 for each fault that is raised, by its code, 0 for all others.",
        values.safety(values.faults),
    ),
    Metric(
        "wallbox_fault_retries",
        GAUGE,
        "Automatic retries since the plug went in, of five.",
        values.safety(lambda safety: values.one(safety.retries)),
    ),
    Metric(
        "wallbox_contactor_closings_total",
        COUNTER,
        "Closings of the contactor since the box was new.",
        values.record(lambda record: values.one(record.counts.closings)),
    ),
    Metric(
        "wallbox_contactor_operations",
        GAUGE,
        "Closings of the present contactor; it is made for about 100000.",
        values.record(lambda record: values.one(record.operations)),
    ),
    Metric(
        "wallbox_contactor_openings_total",
        COUNTER,
        "Openings of the contactor since the box was new.",
        values.record(lambda record: values.one(record.counts.openings)),
    ),
    Metric(
        "wallbox_contactor_openings_under_load_total",
        COUNTER,
        "Openings of the contactor at 1 A or more, or at a current that was not known.",
        values.record(lambda record: values.one(record.counts.openings_under_load)),
    ),
    Metric(
        "wallbox_contactor_failed_closings_total",
        COUNTER,
        "Closings of the contactor that were not proven.",
        values.record(lambda record: values.one(record.counts.failed_closings)),
    ),
    Metric(
        "wallbox_contactor_unseen_openings_total",
        COUNTER,
        "Openings of the contactor by a loss of power or the end of safety.",
        values.record(lambda record: values.one(record.unseen_openings)),
    ),
    Metric(
        "wallbox_contactor_largest_opening_current_amperes",
        GAUGE,
        "Largest current of a phase at an opening of the contactor.",
        values.record(lambda record: values.one(record.counts.most_a)),
    ),
    Metric(
        "wallbox_self_tests_total",
        COUNTER,
        "Self-tests of the residual-current monitor since the box was new.",
        values.record(lambda record: values.one(record.counts.tests)),
    ),
    Metric(
        "wallbox_self_test_failures_total",
        COUNTER,
        "Self-tests of the residual-current monitor that have failed.",
        values.record(lambda record: values.one(record.counts.failed_tests)),
    ),
    Metric(
        "wallbox_earth_loop_ohms",
        GAUGE,
        "Median of the protective-earth loop in the newest ten self-tests.",
        values.record(lambda record: values.one(record.newest_earth_ohm)),
    ),
    Metric(
        "wallbox_meter_online",
        GAUGE,
        "1 while the meter is read, 0 while it is lost; none of a meter that is not set up.",
        values.meter_online,
    ),
    Metric(
        "wallbox_meter_age_seconds",
        GAUGE,
        "Time since the last good reading of the meter.",
        values.meter_age,
    ),
    Metric(
        "wallbox_meter_power_watts",
        GAUGE,
        "Power at the house or solar meter, positive from the grid to the loads.",
        values.meter("power_w"),
    ),
    Metric(
        "wallbox_meter_current_amperes",
        GAUGE,
        "Current of each phase at the house or solar meter, negative while power is exported.",
        values.meter_phases("current_a"),
    ),
    Metric(
        "wallbox_meter_voltage_volts",
        GAUGE,
        "Voltage of each phase at the house or solar meter.",
        values.meter_phases("voltage_v"),
    ),
    Metric(
        "wallbox_meter_imported_joules_total",
        COUNTER,
        "Energy from the grid, by the house or solar meter's own total.",
        values.meter("imported_wh", WH_J),
    ),
    Metric(
        "wallbox_meter_exported_joules_total",
        COUNTER,
        "Energy into the grid, by the house or solar meter's own total.",
        values.meter("exported_wh", WH_J),
    ),
    Metric(
        "wallbox_dcs_link",
        GAUGE,
        "1 for the state of the link to the charging service, 0 for all others.",
        values.dcs_link,
    ),
    Metric(
        "wallbox_dcs_unsent_messages",
        GAUGE,
        "Messages of charges that the charging service has not acknowledged.",
        values.dcs_unsent,
    ),
    Metric(
        "wallbox_smart_home_failsafe",
        GAUGE,
        "1 while the controllers of the smart-home interface are silent and its failsafe counts.",
        values.failsafe,
    ),
    Metric(
        "wallbox_smart_home_limit_amperes",
        GAUGE,
        "Current of each phase that a controller has asked for; none if it has not.",
        values.asked,
    ),
    Metric(
        "wallbox_node_up",
        GAUGE,
        "1 while the process of the node is ready and its heartbeat is heard.",
        values.node_up,
    ),
    Metric(
        "wallbox_node_restarts_total",
        COUNTER,
        "Restarts of the node since the supervisor started.",
        values.node_restarts,
    ),
    Metric(
        "wallbox_node_cpu_ratio",
        GAUGE,
        "Share of one processor core that the node uses.",
        values.node("cpu_percent", 0.01),
    ),
    Metric(
        "wallbox_node_resident_memory_bytes",
        GAUGE,
        "Resident memory of the node; memory that nodes share counts for each of them.",
        values.node("memory_kb", KB_BYTES),
    ),
    Metric(
        "wallbox_node_loop_p50_seconds",
        GAUGE,
        "Median time of one round of the node's callbacks.",
        values.node("loop_p50_ms", 0.001),
    ),
    Metric(
        "wallbox_node_loop_p99_seconds",
        GAUGE,
        "Time of one round of the node's callbacks that 99 % do not exceed.",
        values.node("loop_p99_ms", 0.001),
    ),
    Metric(
        "wallbox_node_loop_max_seconds",
        GAUGE,
        "Longest time of one round of the node's callbacks since the last heartbeat.",
        values.node("loop_max_ms", 0.001),
    ),
    Metric(
        "wallbox_node_late_look_seconds",
        GAUGE,
        "Longest gap between two looks of the node since the last heartbeat, if one was late.",
        values.node("look_gap_max_ms", 0.001),
    ),
    Metric(
        "wallbox_node_drops_total",
        COUNTER,
        "What the node could not send or keep.",
        values.node("drops"),
    ),
    Metric(
        "wallbox_node_lost_messages_total",
        COUNTER,
        "Messages that never arrived at the node.",
        values.node("gaps"),
    ),
    Metric(
        "wallbox_node_late_messages_total",
        COUNTER,
        "Messages that were too old when they arrived at the node.",
        values.node("late"),
    ),
    Metric(
        "wallbox_node_refused_messages_total",
        COUNTER,
        "Messages that the node could not decode.",
        values.node("refused"),
    ),
)
"""All of them, in the order in which they are sent."""
