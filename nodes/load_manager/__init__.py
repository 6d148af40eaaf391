"""How much the car may draw, and why: one arbiter over named claims; the lowest wins (MET-7).

subscribes  settings, meter/house and <source>/wish (acted on as they arrive), meter/box (kept for a
            few seconds, where the house is monitored), safety/status, pilot/status, session/status
            (looked at)
publishes   load/offer (0.5 s and on change): the limit, its reason, and the whole chain
touches     nothing, and stores nothing
deadline    a reading that shows too little headroom lowers the offer in the same callback; the
            end or the hold of a wish changes the offer when it comes
safe state  0 A; silence for 3 s means 0 A to pilot and safety

The claims: dip (the installation), temperature, fuse (what the other loads leave of the main fuse
on each phase that the vehicle uses, MET-1), meter_lost (10 A, MET-3), the lowest wish of app, dcs
and smart_home or the fallback of one that is not heard, and start: after a start no more than pilot
offers already, until every configured claim is heard or the plug is out, so that a restart in place
neither pauses a charge nor raises it, nor ends its pause.

machine.py turns the round; wishes.py judges the sources, house.py the meter, vehicle.py what the
vehicle draws, ramp.py the rise of the fuse's claim; claims.py has the other claims and arbitrates.

The fuse falls at once and rises only after the headroom has lasted: what the meter's noise or the
vehicle's delay would move back again is not followed, and the contactor is spared: each pause
within an hour waits twice as long as the one before, up to ten minutes.
"""
