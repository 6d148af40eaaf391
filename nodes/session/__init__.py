"""What happens to the car: the wallbox's state in nine words, and the sessions from begin to end.

subscribes  safety/status, pilot/status, meter/box, load/offer, launch/graph, rfid/status, settings
            (all looked at every 0.2 s)
publishes   session/status (1 s and on change), session/wish (latched, on change and when the clock
            is set)
answers     end (stop the running session until the plug is out, or a card is held), wish (the app's
            limit or pause: for this charge, until replaced, until a time, for a duration), sessions
            (the stored records, newest first), authorize (a known card was held)
touches     sessions.sqlite and both generations of session-wish.json in the state
            directory
deadline    none is hard: a "no" is published within 0.2 s, at once when it was asked for
safe state  silence, or permitted = False: pilot goes to x1, safety opens

A session begins when an authorised car is plugged in and ends when it is unplugged, stopped, logged
off, lapsed, ended by a fault, or the box is shut down. None begins without mains, under a latched
fault, in commissioning or in showroom mode. Permission is published only after the record of the
session's start is on the disk. Restarted in place, the node goes on with the session it finds, with
its card, start energy and permission, once safety has shown that the plug is still seated; a plug
that went in meanwhile is another vehicle's.

Whether a card is required is said by the settings, unless the launch file says so. Before that is
known nobody new begins; a session that runs is never touched by it. Nothing plugged in, a card
releases: who plugs in within 60 s charges with it. Plugged in, a card begins the session, also
after a stop. In both cases the authorisation lapses 60 s after the card (10 s after the plug-in, if
that is later) unless the charge was started: self-test passed, and current offered or held by a
plan, a pause or a limit. Until when is stored with the session; after a loss of power the time is
whole again, and outlasts by 10 s the wait by which not all boxes of a house start at once. A
release is not stored: with the node it is lost, and the card is held again. The card that has
authorised logs off; another one changes nothing. To log off is the same request again, so a card
that is held once is asked for once.

Mains lost and back: with the same plug still seated the session resumes, else it ends with
POWER_LOSS, at the time of the loss, with all that the box's meter has counted if its counter
outlives that, else with the checkpoint of a minute before. The node may run through it, as
safety's `has_mains` says, or stop with it: then launch/graph says another run of the graph; a run
unknown after 1.4 s is taken for another one. Until the plug is seen in there is no
permission, however long that takes. A session that was being ended is never resumed.

A latched fault (8007, red) ends the session with FAULT, and so does a plug that is pulled under
another fault that does not clear by itself; fault 1 is a pulled plug. A plug-in whose session was
stopped, or ended by a latched fault, stays without permission until the plug has been out. A stop
is over as well with a new authorisation, a latched fault once mains off and on have cleared it. A
pilot that is silent is no unplugged car; a plug that is out has no permission until it is seen in.

card.py is the way of a card to a charge: the authorisation, the beginning of the session, the
permission. running.py is what becomes of the session then: interrupted, resumed, ended. machine.py
is the step over both. Each part of the state has its own file: plug.py the plug, start_deadline.py
the time of an authorisation, suspension.py an ended plug-in that stays without permission,
energy.py the counter, entry.py a row of the store; state.py holds them. revival.py finds the
session of a start, records.py is the store, app_wish.py keeps the app's wish; states.py and
faults.py find the wallbox's state. reasons.py names why, and words.py alone has the texts.

On `stop` for a restart the record is brought up to date and everything else stays. On a shutdown
the permission is withdrawn, the contactor waited for (7 s at most), the session stored as ended.
"""
