"""Messages for tests, one builder for each; every field can be given another value.

Without values a message is one of a sound box of 32 A without a vehicle; `charging_*` returns it
during a charge with 16 A.
"""

from typing import Any

from msgspec.structs import replace

from msgs.card import CardColor, CardRole
from msgs.dcs import ChargeMode, DcsStatus, Link
from msgs.label import Label, LabelCard
from msgs.launch import GraphStatus, Process, ProcessState
from msgs.led import DARK, LedFrame
from msgs.load_manager import LoadOffer
from msgs.meter import NO_LINE, Line, MeterReading
from msgs.pilot import X1_PERCENT, CpState, PilotStatus, duty_of_offer
from msgs.plant import SimSignals
from msgs.rfid import RfidMode, RfidStatus
from msgs.safety import Contactor, Fault, FaultCode, SafetyPhase, SafetyStatus
from msgs.session import SessionRecord, SessionStatus, WallboxState

PerPhase = tuple[float, float, float]  # L1 first

CHARGE_A = 16.0
HIGH_V = {
    CpState.A: 12.0,
    CpState.B: 9.0,
    CpState.C: 6.0,
    CpState.D: 3.0,
    CpState.E: 0.0,
    CpState.F: -12.0,
}


def pilot_status(
    cp_state: CpState = CpState.A, offered_a: float = 0.0, **changes: Any
) -> PilotStatus:
    """Return the status of a CP state; duty and voltages are those of state and offer."""
    duty_percent = duty_of_offer(offered_a)
    high_v = HIGH_V[cp_state]
    status = PilotStatus(
        cp_state=cp_state,
        duty_percent=duty_percent,
        offered_a=offered_a,
        high_v=high_v,
        low_v=high_v if duty_percent == X1_PERCENT else -12.0,
    )
    return replace(status, **changes)


def charging_pilot(**changes: Any) -> PilotStatus:
    return pilot_status(CpState.C, CHARGE_A, **changes)


def safety_status(**changes: Any) -> SafetyStatus:
    """Return the status with an open contactor."""
    status = SafetyStatus(
        contactor=Contactor.OPEN,
        permitted=True,
        faults=(),
        retries=0,
        temperature_c=25.0,
        installation_limit_a=32.0,
        limit_a=32.0,
        phase=SafetyPhase.IDLE,
    )
    return replace(status, **changes)


def charging_safety(**changes: Any) -> SafetyStatus:
    """Return the status with a closed contactor."""
    status = safety_status(
        contactor=Contactor.CLOSED,
        phase=SafetyPhase.CLOSED,
        cp_state=CpState.C,
        offered_a=CHARGE_A,
    )
    return replace(status, **changes)


def faulty_safety(*codes: FaultCode, **changes: Any) -> SafetyStatus:
    """Return the status with faults, the contactor open."""
    return replace(safety_status(faults=codes, phase=SafetyPhase.FAULT), **changes)


def fault_record(code: FaultCode, **changes: Any) -> Fault:
    record = Fault(code=code, since_utc_ns=1, count=1, detail="seen", remedy="do this")
    return replace(record, **changes)


def session_status(**changes: Any) -> SessionStatus:
    """Return the status without a vehicle and without a session."""
    status = SessionStatus(
        state=WallboxState.IDLE,
        plugged=False,
        authorized=False,
        permitted=False,
        session_id="",
        energy_wh=0.0,
        reason="",
    )
    return replace(status, **changes)


def charging_session(**changes: Any) -> SessionStatus:
    """Return the status of a session that charges."""
    status = session_status(
        state=WallboxState.CHARGING, plugged=True, authorized=True, permitted=True, session_id="s1"
    )
    return replace(status, **changes)


def session_record(**changes: Any) -> SessionRecord:
    """Return the record of a session that runs."""
    record = SessionRecord(
        session_id="s1",
        started_utc_ns=10,
        ended_utc_ns=0,
        start_energy_wh=1000.0,
        energy_wh=0.0,
        end_reason=None,
    )
    return replace(record, **changes)


def load_offer(limit_a: float = CHARGE_A, reason: str = "dip", **changes: Any) -> LoadOffer:
    return replace(LoadOffer(limit_a=limit_a, reason=reason, limits=()), **changes)


def line_values(current_a: float = 0.0, voltage_v: float = 230.0, **changes: Any) -> Line:
    """Return one phase; its power is that of current and voltage."""
    values = replace(
        NO_LINE, current_a=current_a, voltage_v=voltage_v, power_w=voltage_v * current_a
    )
    return replace(values, **changes)


def meter_reading(
    currents_a: PerPhase | float = 0.0,
    at_s: float = 0.0,
    voltages_v: PerPhase = (230.0, 230.0, 230.0),
    **changes: Any,
) -> MeterReading:
    """Return a reading sampled at a time; one current counts for all phases."""
    if not isinstance(currents_a, tuple):
        currents_a = (currents_a, currents_a, currents_a)
    l1, l2, l3 = (
        line_values(current_a, voltage_v)
        for current_a, voltage_v in zip(currents_a, voltages_v, strict=True)
    )
    reading = MeterReading(
        lines=(l1, l2, l3),
        power_w=l1.power_w + l2.power_w + l3.power_w,
        online=True,
        source="test",
        sampled_ns=round(at_s * 1e9),
    )
    return replace(reading, **changes)


def rfid_status(**changes: Any) -> RfidStatus:
    """Return the status before the first card."""
    return replace(RfidStatus(mode=RfidMode.READY, last_uid="", accepted=None), **changes)


def dcs_status(**changes: Any) -> DcsStatus:
    """Return the status without a link."""
    status = DcsStatus(link=Link.UNREACHABLE, synchronised=False, mode=ChargeMode.FAST)
    return replace(status, **changes)


def led_frame(**changes: Any) -> LedFrame:
    """Return a front whose lights are off."""
    frame = LedFrame(
        segments=(DARK, DARK, DARK, DARK),
        network=DARK,
        rfid=DARK,
        frame=DARK,
        mode=DARK,
        touch=DARK,
    )
    return replace(frame, **changes)


def node_process(node: str, **changes: Any) -> Process:
    """Return a node that is READY."""
    ready = Process(node=node, state=ProcessState.READY, pid=2, incarnation=1, restarts=0)
    return replace(ready, **changes)


def graph_status(*processes: Process, **changes: Any) -> GraphStatus:
    return replace(GraphStatus(plan="simulation", pid=1, processes=processes), **changes)


def graph_of(**states: ProcessState) -> GraphStatus:
    """Return a graph of these nodes, each in its state."""
    return graph_status(
        *(node_process(node, state=state, detail="3 in 60 s") for node, state in states.items())
    )


def sim_signals(**changes: Any) -> SimSignals:
    """Return the signals without PWM and with DIP switches for 32 A."""
    signals = SimSignals(
        high_v=12.0,
        low_v=12.0,
        duty_percent=X1_PERCENT,
        mirror_closed=True,
        load_voltage=False,
        residual_ac=False,
        residual_dc=False,
        earth_ohm=0.8,
        terminal_c=25.0,
        board_c=25.0,
        overtemperature=False,
        dip1=0b101,
        dip2=0,
    )
    return replace(signals, **changes)


def box_label(master: str, red: str, green: str, blue: str, **changes: Any) -> Label:
    """Return a label with the UIDs of its four cards."""
    printed = Label(
        serial="12345678",
        web_user="admin",
        web_password="12345678",
        recovery_key="K7Q2M9XA4T8R1Z6W3P5Y0C2V8B4N6J",
        wlan_ssid="12345678",
        wlan_password="plugplugplug",
        lan_mac="02:00:00:00:00:01",
        wlan_mac="02:00:00:00:00:02",
        rfid=(
            LabelCard(uid=master, role=CardRole.MASTER, color=CardColor.WHITE),
            LabelCard(uid=red, role=CardRole.USER, color=CardColor.RED),
            LabelCard(uid=green, role=CardRole.USER, color=CardColor.GREEN),
            LabelCard(uid=blue, role=CardRole.USER, color=CardColor.BLUE),
        ),
    )
    return replace(printed, **changes)
