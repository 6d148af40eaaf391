"""The simulated world: mains, house, sun, cable, vehicle, contactor, leakage, heat, cards, keys.

Present in simulation only. The physics is a pure model (`model.step`). The node advances it when a
drive or an act arrives, when its next event is due, and at looks while currents or temperatures
change. Each start is a new world: no vehicle, counters at 0. The readings of the box's converters
may have noise (`noise`, parameter noise_lsb); the meter chip has steps, and noise of one step while
a current flows, as a chip that repeats itself is frozen. The meters of house and sun have none.

Subscribes
    sim/pilot_drive, sim/contactor_drive, sim/lights: the outputs of the box's controller. Each
    takes effect at once. The pilot's generator keeps its duty while sim/pilot_drive is silent, and
    is in X1 before the first message. The coil drops 1.0 s after the last watchdog edge of the
    contactor drive. A contactor drive with clear_reset clears the power-on flag.
Publishes
    sim/signals (20 ms and on change), sim/power (0.1 s and when a current is cut), sim/cards and
    sim/keys (1 s and on change), sim/event (each event, stamped with the time at which it
    occurred): plugged, unplugged, pulled, full, s2_closed, s2_opened, woken, coil_on, coil_off,
    contacts_closed, contacts_open, residual, residual_clear, duty, house, sun, power, fault,
    clear, card, card_gone, key, lights.
Serves
    plug, unplug, pull, ready, full, tap, touch, service, house, sun, power, fault, clear, status,
    modbus_read.
Touches
    one TCP port: the meters of house (unit 1) and sun (unit 2) as a real Modbus TCP server. With
    the driver server_sim none: a read is the request modbus_read.
Deadline
    20 ms for sim/signals; its readers take 50 ms of silence for failed sensors.
Safe state
    none of its own: its readers treat silence as a fault.
"""

IMPORTS = ("asyncio", "pymodbus")  # see launch.warm
