"""safety: whether current may flow. Owns the contactor; nobody can command it closed.

Subscribes: pilot/status, session/status, meter/box. Reads them when it looks; nothing wakes it.
Publishes: safety/status every 100 ms and on change. Serves no request.
Touches: enable, watchdog and test lines; mirror contact, load-side voltage, residual-current
monitor, protective earth, temperatures, DIP switches; the pilot line and the meter chip, which it
reads itself beside their owners; both generations of safety-latch.json in the state directory. Its
devices are cut by chip: coil.py, analog.py, generator.py, shift_register.py, chip.py; chain.py
makes one reading.
Deadline: one look each 10 ms, each 25 ms while it is open and no vehicle is there. A vehicle that
leaves C or D has the enable line off within 50 ms, a monitor that trips within one look (the
hardware cuts the coil by itself as well).
Safe state: enable off, no watchdog edges. It follows silence: of its own inputs (50 ms), of pilot
(1.0 s), and, once the vehicle draws less than 1 A or 6 s later, of session (3 s) or meter (5 s).
With the contactor closed it also follows a look of its own that is more than 100 ms late.

Its first act is enable off, as the coil is opened, before any edge and any other device; then it
proves the contactor open. It trusts no message that it can check itself: pilot's word counts only
while its own eyes see the same.
SIGTERM opens at once and ends within 200 ms; an orderly stop first asks the vehicle to stop.

8007 outlives the process: it is kept on the disk, also where no generation of the file can be read,
and goes only with a power-on reset of the hardware after it and a contactor that is then proven
open (ERR-8007). No other fault outlives it.
The wired phases outlive it as well: a phase that is lost stays 8002 over restarts.

machine.py is the step and the phases. reading.py takes each part one reading on: cycle.py judges
the gap before a look, judge.py makes facts of a reading (supply.py of mains and current, wiring.py
of the phases that count, heat.py of temperatures, switches.py of the DIP switches), contactor.py
proves the contactor, selftest.py tests the monitor, duty.py compares the generator with pilot,
plug.py follows the plug, stale.py counts readings that say nothing, complain.py makes faults of
facts (finding.py names their causes), faults.py keeps them by the rules of the ERR table. recall.py
takes what a start finds on the disk (latch.py) and what mains off and on clear (mains_reset.py).
why.py finds what speaks against current, report.py makes what is published, with the texts of
words.py. No decision depends on a text. state.py holds the state: one Struct for each part.
"""
