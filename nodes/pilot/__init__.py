"""pilot: reads the control pilot and drives its PWM (IEC 61851-1:2017, Annex A).

Subscribes: safety/status, session/status, load/offer. Reads them when it looks; nothing wakes it.
Publishes: pilot/status every 20 ms, every 100 ms in state A, and on change.
Touches: the PWM generator and the two plateaus of the pilot line (`line.py`).
Deadline: one look each 20 ms, and 5 ms after a reading that does not confirm the state; each 50 ms
without a vehicle. A change of the vehicle's state is known within 25 ms (to A), 30 ms (to any
other) or 60 ms (from A); to leave C or D, detection may take 50 ms. A lowered or
withdrawn offer is on the line within 20 ms.
Safe state: x1, the steady +12 V that offers nothing. It follows silence of safety (1.0 s), of
session or load_manager (3 s), of its own line (at once), and every "no" (at once). The hardware
PWM outlives this process: a restart in place adopts the duty that it reads back, and safety opens
when nobody has spoken for the pilot for 1.0 s.

A vehicle that has not answered its offer for 30 s is woken once in a session (of this incarnation):
4 s of state F, then x1 for a second at least.

Decides neither whether current may flow (safety) nor how much (load_manager): it says the least
of what they leave, and never more than the installation may carry.
"""
