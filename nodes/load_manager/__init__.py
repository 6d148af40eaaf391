"""How much the vehicle may draw, and why: an arbiter takes the lowest of named claims (MET-7).

subscribes  settings, meter/house and <source>/wish (acted on as they arrive), meter/box (kept for a
            few seconds, where the house is monitored), safety/status, pilot/status, session/status
            (looked at; safety/status at once when the external input has changed)
answers     find_phases: begins, stops or shows the measurement of the phase assignment
publishes   load/offer (0.5 s and on change): the limit, its reason, and the whole chain
touches     no device, and stores nothing
deadline    a reading that shows too little headroom lowers the offer in the same callback; the
            end or the hold of a wish changes the offer when it comes
safe state  0 A; silence for 3 s means 0 A to pilot and safety

The claims: dip (the installation), temperature, external_input (while its contact is open, and 10 s
longer, where DSW1.1 switches it on), fuse (what the other loads leave of the main fuse
on each phase that the vehicle uses, MET-1), meter_lost (10 A, MET-3), meter_proof (10 A until the
house meter has shown the vehicle's current), phase_search (6, 8 or 10 A while the phase assignment
is measured), the lowest wish of app, dcs and smart_home or the fallback of one that is silent,
schedule and energy_limit (session's wishes for the owner), solar and unbalance where they are
switched on, rest (the least pause of a controller that pauses again and again), and start: after a
start no more than pilot already offers, until every configured claim is known or the plug is out.
So a restart in place neither pauses a charge, nor raises its current, nor ends a pause.

machine.py is the step, monitoring.py its part for the house, state.py and inputs.py what it
remembers and knows; wishes.py evaluates the sources, house.py the meter, meter_pace.py how often
its values are renewed, clamps.py whether it shows the vehicle, vehicle.py what the vehicle draws,
thermal_budget.py what the fuse has carried, ramp.py the rise of the fuse's claim, rest.py the least
pause of a controller, external_input.py the claim of that contact; claims.py has the other claims
and arbitrates. owner.py has the claims that the owner switches on: solar.py the surplus of solar
power, unbalance.py the difference between the phases. search.py measures the phase assignment, with
phases.py to judge it and search_words.py.

The phase assignment says which phases of the house feed the box. If the phases that safety has
found wired contradict it, from wherever it was set, or the vehicle draws on a phase beside it, each
line of the box counts on every phase of the house.

The claim of the fuse falls at once, to 6 A at first where a charge would have to pause. It rises
only after the headroom has lasted by fresh readings, so that it follows neither the meter's noise
and delay nor the vehicle's. To spare the contactor, each pause within an hour lasts twice as long
as the previous one, up to ten minutes, and the third within half an hour until the load has stayed
away for ten minutes; with a thermal budget (`fuse_budget_percent`) the fuse carries 6 A through a
peak. load/offer has the claim as numbers that add up.
"""
