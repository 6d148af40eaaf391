"""safety: whether current may flow. Owns the contactor; no request closes it.

Subscribes: pilot/status, session/status, meter/box. Reads them at each look; no message wakes it.
Publishes: safety/status every 100 ms and on change; safety/evidence at the start and when a
self-test or an operation of the contactor has ended. Serves no request.
Touches: enable, watchdog and test lines; mirror contact, load-side voltage, residual-current
monitor, protective earth, temperatures, DIP switches, external input; the pilot line and the meter
chip, which it reads itself, in addition to the nodes that own them; both generations of
safety-latch.json in the state directory, and asked-restart.json, which system writes. One driver
for each chip: coil.py, analog.py, generator.py, shift_register.py, chip.py; chain.py makes one
reading of all.
Deadline: one look each 10 ms; each 25 ms while open and without a vehicle. The enable line is off
within 50 ms after a vehicle leaves C or D, and at the next look after the monitor has tripped (the
hardware cuts the coil by itself as well).
Safe state: enable off, no watchdog edges. Entered at once when its own inputs are silent (50 ms),
when pilot is silent (1.0 s), and, with the contactor closed, when its own look is more than 100 ms
late. Entered when session (3 s) or meter (5 s) is silent and the vehicle draws less than 1 A, after
6 s at the latest.

At start the coil driver switches enable off before any watchdog edge and any other device; then
safety proves the contactor open. It relies on no message that it can check itself: pilot/status
counts only while safety's own readings agree.
SIGTERM opens at once and ends within 200 ms; an orderly stop first asks the vehicle to stop.

What is stored is in the run directory while the state directory refuses it
(`write_generations_or_spare`).
8007 and all red are stored on the disk and hold after a crash or a restart; if no generation of the
file can be read, 8007 holds. Both are judged again after a power-on reset of the hardware, all red
also after one restart of the box that a person has asked for; a contactor that is then proven open
clears them (ERR-8007, ERR-RED). No other fault is stored.
The wired phases are stored as well: a phase that is lost stays 8002 over restarts.

machine.py is the step and the phases. reading.py updates each part with one reading: cycle.py
judges the gap before a look, evaluation.py evaluates a reading (cleaned.py its types, frozen.py
whether the meter chip measures, supply.py mains and current, wiring.py the phases that count,
earth.py the protective earth, heat.py temperatures, pace.py how the current follows them,
switches.py the DIP switches and the external input), contactor.py proves the contactor, selftest.py
tests the monitor, duty.py compares the generator with pilot, plug.py follows the plug, stale.py
counts unusable readings, complain.py finds faults (finding.py names their causes), faults.py keeps
them by the rules of the ERR table. recall.py takes what the disk has at start (latch.py) and has
latched faults judged again (mains_reset.py). reasons.py finds the reasons why no current may flow,
report.py makes what is published, with the texts of words.py. evidence.py counts self-tests and
operations of the contactor for the safety record, which system keeps. No decision depends on a
text.
state.py has the state: one Struct for each part.
"""
