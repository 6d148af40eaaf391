"""What happens to the car: the wallbox's state in nine words, and the life of each session.

subscribes  safety/status, pilot/status, meter/box, load/offer, launch/graph (all looked at
            every 0.2 s)
publishes   session/status (1 s and on change), session/wish (latched, on change)
answers     end (stop the running session until the plug is out), wish (the app's limit or pause),
            sessions (the stored records, newest first)
touches     sessions.sqlite and session-wish.json in the state directory
deadline    none is hard: a "no" is published within 0.2 s, at once when it was asked for
safe state  silence, or authorized = False: pilot goes to x1, safety opens

A session begins when an authorised car is plugged in and ends when it is unplugged, stopped, or the
box is shut down. Permission is published only after the record of the session's start is on the
disk. Restarted in place, the node goes on with the session it finds, with its start energy and
permission, once the pilot has shown that the plug is still seated, and only in the same life of the
graph, told by launch/graph; a plug that went in meanwhile is another vehicle's. A life unknown
after 1.4 s is another one. In another life power was lost: the session is ended, with all that the
box's meter has counted if its counter outlives a loss of power, else with the checkpoint of a
minute before. A session that is stopped stays without permission until the plug has been out. A
pilot that is silent is no unplugged car; a plug that is out has no permission until it is seen in.

On `stop` for a restart the record is brought up to date and everything else stays. On a shutdown
the permission is withdrawn, the contactor waited for (7 s at most), the session stored as ended.
"""
