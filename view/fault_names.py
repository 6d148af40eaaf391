"""The names of the faults, for a person."""

from msgs.safety import FaultCode

FAULT_NAMES: dict[FaultCode, str] = {
    FaultCode.UNPLUGGED: "the plug was pulled",
    FaultCode.TOO_HOT: "the box is too hot",
    FaultCode.NO_VEHICLE: "what is plugged in is no vehicle",
    FaultCode.PLUG_STATE: "the plug or its cable is in an impossible state",
    FaultCode.NOT_CLOSING: "the charging voltage cannot be switched on",
    FaultCode.MAINS_VOLTAGE: "the mains voltage is too low or too high",
    FaultCode.OVERCURRENT: "the vehicle draws more than it may",
    FaultCode.RESIDUAL_CURRENT: "a residual current, or its monitor has failed its test",
    FaultCode.SAFETY_CIRCUIT: "the safety circuit has failed",
    FaultCode.RED: "the cable may be live, or the protective earth is missing",
}
"""A short name of each code of the ERR table."""


def code_title(code: FaultCode) -> str:
    """Return the title of a code."""
    return "All red" if code is FaultCode.RED else f"Fault {code.value}"
