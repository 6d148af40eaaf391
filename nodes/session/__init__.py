"""The wallbox's state, one of nine, and the charging sessions from begin to end.

subscribes  safety/status, pilot/status, meter/box, load/offer, launch/graph, rfid/status, settings
            (all looked at every 0.2 s)
publishes   session/status (1 s and on change), session/wish (latched, on change and when the clock
            is set)
answers     end (end the running session; this plug-in is not charged any more until the plug is
            out, a card is presented or a request starts it again), start (begin again after a stop,
            where no card is required), wish (the app's limit or pause: for this charge, until
            replaced, until a time, for a duration), energy_limit (of this charge), sessions (the
            stored records, newest first), authorize (a known card was presented)
touches     sessions.sqlite, session-sign and both generations of session-wish.json and of
            session-energy-limit.json in the state directory, and session-end in the run directory
deadline    no hard one: a withdrawn permission is published within 0.2 s, at once on a request
safe state  silence, or permitted = False: pilot goes to X1, safety opens

A session begins when an authorised vehicle is plugged in. It ends when the vehicle is unplugged,
the charge is stopped, logged off, lapsed or ended by a fault, or the box is shut down. None begins
without mains, under a latched fault, in commissioning or in showroom mode. Permission is published
only after the record of the session's start is on the disk, if the disk takes it. After a restart
in place the node goes on with the stored session, its card, start energy and permission, once
safety has shown that the plug is still seated; a plug that went in meanwhile belongs to another
vehicle.

The settings decide whether a card is required. Until they are known no session begins; they do not
affect a session that runs. With no vehicle plugged in, a card authorises: a vehicle that is plugged
in within 60 s is charged with this card. With a vehicle plugged in, a card begins the session, also
after a stop. In both cases the authorisation lapses 60 s after the card (10 s after the plug-in, if
that is later) unless the charge was started: self-test passed, and current offered or held back by
a plan, a pause or a limit. The deadline is stored with the session. After a loss of power the time
begins again. It also lasts until at least 10 s after the random wait by which the boxes of a house
start one after another. An authorisation without a session is not stored: after a restart of the
node the card has to be presented again. The card that has authorised logs off; another one changes
nothing. The same request again logs off. Therefore rfid sends one request for each presented card.

Where no card is required, `start` takes back a stop while the plug is seated (APP-1); it never
authorises.

Mains lost and back: with the same plug still seated the session resumes if it may go on, else it
ends with POWER_LOSS at the time of the loss. Its energy is that of the box's register, which meter
keeps over a loss of power. The node may run meanwhile, as safety's `has_mains` shows, or stop:
launch/graph then has another run of the graph; a run unknown after 1.4 s is taken for another one.
It may go on if its sign shows that the box was not stopped in order since, and is not older than
4 h; the age counts if UTC was set in both boots, which is waited for 60 s at most. There is no
permission until that is known, the plug is seen in and the disk has taken the record again. A
session that was being ended is never resumed.

The end of a session, by a card or a request, is stored in the record and in the sign. Such a
request is answered when one of them is on the disk, and refused if neither is; the permission ends
before.

A latched fault (8007, red) ends the session with FAULT, and so does a plug that is pulled under
another fault that does not clear by itself; fault 1 is a pulled plug. A plug-in whose session was
stopped, or ended by a latched fault, stays without permission until the plug has been out. A
suspension after a stop ends with a new authorisation. A suspension after a latched fault ends when
mains off and on have cleared the fault. A silent pilot does not count as unplugged; a plug that is
out has no permission until it is seen in.

card.py has the way from a card to a charge: authorisation, beginning of the session, permission.
running.py follows the session then: interrupted, resumed, ended; duration.py counts how long it
lasts, by the monotonic clock. machine.py is the step over both.
Each part of the state has its own file: plug.py the plug, start_deadline.py the time of an
authorisation, suspension.py an ended plug-in that stays without permission, energy.py the counter,
entry.py a row of the store, sign.py the sign; state.py holds them. revival.py finds the session of
a start, resumption.py decides whether it may go on, records.py is the store, answers.py holds
requests that wait for it. wishes.py has all wishes, app_wish.py the app's, energy_limit.py and
schedule.py those of the owner, wish_keeper.py stores and publishes them; states.py and faults.py
find the wallbox's state. reasons.py names the reasons, words.py has the texts.

While the disk takes no session, no card authorises. Where none is required a session is permitted
without its record, and `unrecorded` says why: a restart could bring back nothing that needs a card.
The node writes to its store once at the start, and every 5 s while the last write has failed, to
know that.

At a `stop` for a restart only the record is updated. At a shutdown the permission is withdrawn, the
node waits until the contactor is open (7 s at most), and stores the session as ended.
"""
