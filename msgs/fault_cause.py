"""The causes of faults: what safety has found, more exact than a code of the ERR table."""

from enum import StrEnum


class Cause(StrEnum):
    """Why safety raises a fault; several causes share a code."""

    STILL_LIVE = "still_live"  # commanded open, and voltage on the cable
    NOT_PROVEN_OPEN = "not_proven_open"  # commanded open, no voltage, mirror proves nothing
    STRAY_CURRENT = "stray_current"  # commanded open, and current flows
    GENERATOR = "generator"  # reads back another duty than pilot has set
    LATCH_UNREADABLE = "latch_unreadable"  # the stored 8007
    EARTH = "earth"  # missing, with the contactor proven open
    EARTH_DISTURBED = "earth_disturbed"  # bad for a moment, with the contactor closed
    RESIDUAL_AC = "residual_ac"
    RESIDUAL_DC = "residual_dc"
    RESIDUAL_BOTH = "residual_both"
    TEST_NOT_IDLE = "test_not_idle"
    TEST_NO_ANSWER = "test_no_answer"
    TEST_LATE = "test_late"  # an output became idle too late
    TEST_STUCK = "test_stuck"
    OVERCURRENT = "overcurrent"
    MAINS_RANGE = "mains_range"
    CHIP_SILENT = "chip_silent"
    PULLED_IN_TEST = "pulled_in_test"
    PULLED_IN_CHARGE = "pulled_in_charge"
    PILOT_SHORT = "pilot_short"
    PILOT_MINUS = "pilot_minus"  # at -12 V, and the generator does not drive it
    PILOT_UNDEFINED = "pilot_undefined"
    NO_DIODE = "no_diode"  # the halves mirror each other: no vehicle
    DIODE_LOST = "diode_lost"  # the same, and the diode was proven since the plug went in
    NEGATIVE_HALF = "negative_half"  # neither -12 V nor mirrored
    DOES_NOT_CLOSE = "does_not_close"
    NO_LOAD_VOLTAGE = "no_load_voltage"  # closed by the mirror contact, without voltage behind it
    MIRROR_OPEN = "mirror_open"  # voltage behind it, and open by the mirror contact
    DROPPED = "dropped"  # the proof of closed was lost without a command
    CYCLE_LATE = "cycle_late"  # a look of safety itself came too late, or late too often
    SENSORS_SILENT = "sensors_silent"
    SENSORS_NONSENSE = "sensors_nonsense"
    MAINS_UNCLEAR = "mains_unclear"
    SWITCH_OPEN = "switch_open"  # the over-temperature switch
    SENSOR_FAILED = "sensor_failed"
    TOO_HOT = "too_hot"
