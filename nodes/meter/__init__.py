"""Meter values with their age: the box's own meter chip, and the Modbus meters of house and sun.

Subscribes
    settings, applied while it runs: a meter that is configured or changed is polled at once, one
    that is switched off is not polled any more; and the topic of its chip driver (simulated:
    sim/power).
Publishes
    meter/box every 0.2 s, and nothing while the chip cannot be read: readers detect the silence.
    meter/house and meter/solar, if configured, at every poll. After a failed poll online is False,
    error has the reason, and values and sampling time are those of the last good poll (MET-3).
Answers
    test_connection: any meter is read once (MET-2), over the poll's connection if it is polled.
Touches
    the meter chip; one connection to each Modbus server and one opening of each serial line, whose
    meters it only reads; meter-energy in the state directory.
Deadline
    0.2 s for meter/box. Polls of one meter never overlap.
Safe state
    silence: no value is repeated with a newer time.

lifetime_wh of meter/box is the box's register of energy (lifetime.py): what the chip has counted,
over resets of the chip and restarts of the node. Sessions are differences of it.
"""

IMPORTS = ("asyncio", "pymodbus")  # see launch.warm
