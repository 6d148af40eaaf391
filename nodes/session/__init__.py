"""What happens to the car: the wallbox's state in nine words, and the life of each session.

subscribes  safety/status, pilot/status, meter/box, load/offer, launch/graph (all looked at
            every 0.2 s)
publishes   session/status (1 s and on change), session/wish (latched, on change)
answers     end (stop the running session until the plug is out), wish (the app's limit or pause),
            sessions (the stored records, newest first)
touches     sessions.sqlite and session-wish.json in the state directory
deadline    none is hard: a "no" is published within 0.2 s, at once when it was asked for
safe state  silence, or authorized = False: pilot goes to x1, safety opens

A session begins when an authorised car is plugged in and ends when it is unplugged, stopped, ended
by a fault, or the box is shut down. None begins without mains, under a latched fault, in
commissioning or in showroom mode. Permission is published only after the record of the session's
start is on the disk. Restarted in place, the node goes on with the session it finds, with its card,
start energy and permission, once safety has shown that the plug is still seated; a plug that went
in meanwhile is another vehicle's.

Mains lost and back: with the same plug still seated the session resumes, else it ends with
POWER_LOSS, at the time of the loss, with all that the box's meter has counted if its counter
outlives that, else with the checkpoint of a minute before. The node may live through it, told by
safety's `has_mains`, or die with it: then the life of the graph, told by launch/graph, is another
one; a life unknown after 1.4 s is taken for another one. Until the plug is seen in there is no
permission, however long that takes. A session that was being ended is never resumed.

A latched fault (8007, red) ends the session with FAULT, and so does a plug that is pulled under
another fault that does not clear by itself; fault 1 is a pulled plug. A session that is stopped, or
ended by a latched fault, stays without permission until the plug has been out; the latter also
until mains off and on have cleared the fault. A pilot that is silent is no unplugged car; a plug
that is out has no permission until it is seen in.

machine.py turns the round; plug.py judges the plug, ending.py ends, hold.py keeps an ended plug-in
without permission, revival.py finds the session of a start, energy.py counts, ledger.py and
records.py store; states.py and faults.py find the wallbox's state.

On `stop` for a restart the record is brought up to date and everything else stays. On a shutdown
the permission is withdrawn, the contactor waited for (7 s at most), the session stored as ended.
"""
