"""pilot: reads the control pilot and drives its PWM (IEC 61851-1:2017, Annex A).

Subscribes: safety/status, session/status, load/offer. Reads them when it looks; nothing wakes it.
Publishes: pilot/status every 20 ms, every 100 ms in state A, and on change.
Touches: the PWM generator and the two plateaus of the CP line (`cp_line.py`).
Deadline: one look each 20 ms, and 5 ms after a reading that does not confirm the state; each 50 ms
without a vehicle. A change of the CP state is detected within 25 ms (to A), 30 ms (to any other) or
60 ms (from A); 50 ms are allowed to leave C or D. A lowered or withdrawn offer is on the
line within 20 ms.
Safe state: X1, the steady +12 V that offers no current. It follows when safety is silent (1.0 s),
when session or load_manager is silent (3 s), when the CP line cannot be read (at once), and when
one of them withdraws its permission (at once). The hardware PWM goes on after this process ends: a
restart in place adopts the duty that it reads back, and safety opens when pilot/status has been
silent for 1.0 s.

A vehicle that has not answered its offer for 30 s may be asleep and is woken, by X1 or by state F
and then X1; `waking.py` has the rules.

It decides neither whether current may flow (safety) nor how much (load_manager): it offers the
lowest of their limits, and never more than the installation may carry.
"""
