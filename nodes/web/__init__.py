"""The page and its interface, by HTTP: shows what the nodes publish, forwards requests.

subscribes  session/status and led/frame (sent on as they arrive, while a stream is open);
            safety/status, meter/box, meter/house, meter/solar, load/offer, rfid/status, dcs/status,
            launch/graph (looked at each 0.25 s while a stream is open); settings (when they change:
            the page's names, its metrics and its announcement); */heartbeat, with metrics
publishes   nothing
answers     page (its address, and whether the first login is still to come)
asks        the simulated world, if there is one: its state each second while a stream is open, and
            the acts of the panel
touches     one TCP port; label.json (read) and both generations of web-account.json,
            web-failures.json, web-devices.json, web-sessions.json and web-metrics.json in the state
            directory; the announcer (mDNS), while the page is reached from other machines
deadline    no hard one: a change is sent within 0.25 s
safe state  none: no node depends on it

Decides nothing about the charger. Pages, accounts and streams are the package `web`, which knows
messages and no bus; this package connects both. The server's threads never touch the bus: they post
into the node's loop and wait for the answer, and the loop never waits for a thread. While no stream
is open and no session runs, the only timers look each 5 s for idle connections and for other
addresses of the machine.
The label has to exist at the start: `web` needs `system`.
"""

IMPORTS = ("argon2", "flask", "waitress", "werkzeug")  # see launch.warm
