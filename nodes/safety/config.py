"""How the box is wired, and the times of safety's machine [s]."""

from msgspec import Struct


class Config(Struct, frozen=True, kw_only=True):
    """How the box is wired, and the times of the machine [s]."""

    earth_loop: bool = True  # False: a grid whose earth loop cannot be measured (IT)
    showroom: bool = False  # STA-2: never closes
    # Mains that are back: this box waits so long before it tests, so that not all boxes of a house
    # start at once. Drawn at each start of the node (hardware.md 2.6: up to 30 s).
    wait_s: float = 0.0
    closing_s: float = 0.3  # assumed: pull-in 15 to 30 ms (40 A contactors), times ten
    # A vehicle that toggles between B and C wears nobody's contactor out, and waits no longer than
    # Table A.6, seq. 4 allows: 3 s from C to closed.
    between_s: float = 2.5  # between two closings
    opening_s: float = 0.2  # ERR-RED: voltage still there 0.2 s after opening
    # A predecessor's contactor drops with its last watchdog edge (1.0 s) and then has opening_s.
    start_s: float = 1.5
    # Opened because pilot saw the plug leave first; our own eyes need 20 ms, and some reserve.
    pulled_s: float = 0.1
    # assumed: nobody lets a vehicle stop and pulls its plug in so short a moment without sight
    unseen_s: float = 0.5
    lost_s: float = 0.1  # assumed: a dip of the mains shorter than this is no fault of ours
    vehicle_s: float = 6.0  # Table A.6, seq. 10.2: the vehicle has 6 s to drop its load
    farewell_s: float = 0.15  # stopped by SIGTERM: gone within 200 ms
    period_s: float = 0.01  # between two looks
    # While the contactor is proven open and no vehicle is there, nothing could be opened sooner:
    # half of the hold of our own inputs.
    idle_s: float = 0.025
    first_word_s: float = 0.5  # a reader waits no longer for a first proof: half of our hold
    blind_s: float = 1.0  # assumed: sensors that are silent for longer are a fault, no hiccup
    # The pilot's generator does not do what pilot says: longer than a message may be old (1.0 s).
    disobeyed_s: float = 1.5
    # assumed: a charge or a self-test that lost sight, or a late look, breaks off so often is no
    # hiccup either
    interruptions: int = 3
    interruptions_s: float = 60.0
    tested_s: float = 86_400.0  # a self-test is good for a day (Easee, NexBlue: hardware.md 2.1)
    keep_s: float = 2.0  # a node that is asked to stop waits so long for its disk
