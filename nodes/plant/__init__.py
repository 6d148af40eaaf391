"""The simulated world: mains, house, sun, cable, vehicle, contactor, leakage, heat, hands.

Present in simulation only. The physics is a pure model (`model.step`); the node moves it on
whenever somebody drives it or reads it, its next event is due, or, while currents or temperatures
change, at looks. Each start is a new world: no vehicle, cold counters. What the box's converters
read may have noise (`noise`, parameter noise_lsb); what the meters of house and sun read has none.

Subscribes
    sim/pilot_drive, sim/contactor_drive, sim/lights: what the box's controller drives. Each takes
    effect at once. Silence of the pilot means nothing: its generator goes on by itself, and is in
    x1 before the first drive. Silence of the contactor's watchdog edges for 1.0 s drops the coil.
    A contactor drive with clear_reset takes the flag back that the mains set when they come on.
Publishes
    sim/signals (20 ms and on change), sim/power (0.1 s and when a current is cut), sim/cards and
    sim/keys (1 s and on change), sim/event (what happened, stamped with the moment at which it
    did): plugged, unplugged, pulled, full, s2_closed, s2_opened, woken, coil_on, coil_off,
    contacts_closed, contacts_open, residual, residual_clear, duty, house, sun, power, fault,
    clear, card, card_gone, key, lights.
Serves
    plug, unplug, pull, ready, full, tap, touch, service, house, sun, power, fault, clear, status,
    modbus_read.
Touches
    one TCP port: the meters of house (unit 1) and sun (unit 2) as real Modbus TCP servers. With
    the driver server_sim none: reads come as the request modbus_read.
Deadline
    20 ms for sim/signals; its readers take 50 ms of silence for failed sensors.
Safe state
    none of its own: whoever reads it takes silence for a fault.
"""

IMPORTS = ("asyncio", "pymodbus")  # see launch.warm
