"""How the box is wired, and the times of safety's machine [s]."""

from msgspec import Struct


class Config(Struct, frozen=True, kw_only=True):
    """How the box is wired, and the times of the machine [s]."""

    earth_loop: bool = True  # False: a grid whose earth loop cannot be measured (IT)
    showroom: bool = False  # STA-2: never closes
    # The wait before the self-test when the mains are back, so that not all boxes of a house start
    # at once. Drawn at each start of the node (hardware.md 2.6: up to 30 s).
    wait_s: float = 0.0
    closing_s: float = 0.3  # assumed: pull-in 15 to 30 ms (40 A contactors), times ten
    # Protects the contactor from a vehicle that toggles between B and C; Table A.6, seq. 4 allows
    # 3 s from C to closed.
    between_s: float = 2.5  # between two closings
    opening_s: float = 0.2  # ERR-RED: voltage still there 0.2 s after opening
    # A predecessor's contactor drops with its last watchdog edge (1.0 s) and then has opening_s.
    start_s: float = 1.5
    # After an opening because pilot saw the plug pulled first: safety's own readings need 20 ms;
    # the rest is reserve.
    pulled_s: float = 0.1
    # assumed: no vehicle stops and is unplugged in so short a time of stale inputs
    unseen_s: float = 0.5
    lost_s: float = 0.1  # assumed: a shorter dip of the mains is no fault of the box
    vehicle_s: float = 6.0  # Table A.6, seq. 10.2: the vehicle has 6 s to drop its load
    sigterm_s: float = 0.15  # from SIGTERM to the end: within 200 ms
    period_s: float = 0.01  # between two looks
    # While the contactor is proven open and no vehicle is there, more looks would open nothing
    # sooner: half of the hold of safety's own inputs.
    idle_s: float = 0.025
    first_status_s: float = 0.5  # the first status waits this long for a proof: half of its hold
    stale_s: float = 1.0  # assumed: stale inputs for longer are a fault
    # The generator does not follow pilot/status: longer than the hold of that message (1.0 s).
    not_followed_s: float = 1.5
    # assumed: it is a fault if stale inputs or late looks break off a charge or a self-test this
    # often
    interruptions: int = 3
    interruptions_s: float = 60.0
    tested_s: float = 86_400.0  # a self-test is good for a day (Easee, NexBlue: hardware.md 2.1)
    # assumed: how long all red is judged again; a missing earth is seen sooner
    trial_s: float = 3.0
    keep_s: float = 2.0  # a node that is asked to stop waits this long for its disk
