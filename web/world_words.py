"""The simulated world as text: its vehicle and its faults."""

from msgs.plant import SimFault, VehicleState

VEHICLES = {
    VehicleState.AWAY: "away",
    VehicleState.PLUGGED: "plugged in, does not ask for energy",
    VehicleState.READY: "asks for energy",
    VehicleState.CHARGING: "charging",
    VehicleState.STOPPING: "stopping",
    VehicleState.FULL: "full",
}

FAULT_GROUPS: tuple[tuple[str, dict[SimFault, str]], ...] = (
    (
        "Vehicle and plug",
        {
            SimFault.NO_DIODE: "no diode: not a vehicle",
            SimFault.CP_SHORT: "pilot line shorted",
            SimFault.CP_MID: "pilot between two states",
            SimFault.CP_OPEN: "pilot line broken",
            SimFault.IGNORES_X1: "vehicle ignores the stop",
            SimFault.ASLEEP: "vehicle is asleep",
            SimFault.OVERCURRENT: "vehicle draws too much",
        },
    ),
    (
        "Contactor",
        {
            SimFault.WELD: "contactor welded",
            SimFault.NO_CLOSE: "contactor does not close",
            SimFault.MIRROR_DEAD: "mirror contact dead",
            SimFault.SLOW: "contactor drops out late",
        },
    ),
    (
        "Protection",
        {
            SimFault.RCM_AC: "residual current, AC",
            SimFault.RCM_DC: "residual current, DC",
            SimFault.RCM_TEST: "residual-current test fails",
            SimFault.PE_OPEN: "protective earth open",
            SimFault.PE_HIGH: "protective earth high-ohmic",
        },
    ),
    (
        "Mains and heat",
        {
            SimFault.SAG: "mains voltage too low",
            SimFault.SWELL: "mains voltage too high",
            SimFault.PHASE_LOST: "phase L2 lost",
            SimFault.HOT: "box too hot",
            SimFault.NTC_OPEN: "temperature sensor broken",
        },
    ),
    (
        "Meters and reader",
        {
            SimFault.METER_LOST: "house meter lost",
            SimFault.CHIP_ZERO: "meter chip measures nothing",
            SimFault.CHIP_DEAD: "meter chip silent",
            SimFault.CHIP_FROZEN: "meter chip frozen",
            SimFault.READER_DEAD: "card reader dead",
        },
    ),
    (
        "Board",
        {
            SimFault.SPI_STUCK: "board's bus stuck",
            SimFault.CP_MINUS: "pilot stuck at -12 V",
            SimFault.GENERATOR_STUCK: "pilot generator stuck",
        },
    ),
)
"""The faults in groups, each with its text."""

FAULT_WORDS = {fault: text for _, faults in FAULT_GROUPS for fault, text in faults.items()}
