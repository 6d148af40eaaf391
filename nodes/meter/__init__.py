"""Values with their age: the box's own meter chip, and the Modbus meters of house and sun.

Subscribes
    settings, followed while it runs: a meter that is configured anew is polled at once, one that is
    switched off no more; and what its chip driver reads (simulated: sim/power).
Publishes
    meter/box every 0.2 s, and nothing while the chip cannot be read: that silence is the fault.
    meter/house and meter/solar, if configured, at every poll. A poll that fails says so: online is
    False, the reason is given, values and sampling time stay those of the last good one (MET-3).
Touches
    the meter chip; one connection to each Modbus server, which it only reads.
Deadline
    0.2 s for meter/box. A poll never overlaps the next one of the same meter.
Safe state
    silence: no value is ever repeated with a fresh time.
"""

IMPORTS = ("asyncio", "pymodbus")  # see launch.warm
