"""The page and its interface, by http: shows what the nodes say, forwards requests.

subscribes  session/status and led/frame (sent on as they arrive, while somebody watches);
            safety/status, meter/box, meter/house, meter/solar, load/offer, rfid/status, dcs/status,
            launch/graph (looked at each 0.25 s while somebody watches)
publishes   nothing
answers     page (where it is, and whether anybody has signed in yet)
asks        the simulated world, where there is one: its state each second while somebody watches,
            and the acts of the panel
touches     one TCP port; label.json (read) and both generations of web-account.json,
            web-failures.json and web-sessions.json in the state directory
deadline    none is hard: a change is sent within 0.25 s
safe state  none: nothing depends on it

Decides nothing about the charger. Pages, accounts and streams are the package `web`, which knows
messages and no bus; here is what ties both together. The server's threads never touch the bus:
they post into the node's loop and wait for the answer, and the loop never waits for a thread.
While nobody watches and no session runs, nothing is timed but a look each 5 s at connections that
may be idle.
The label has to be there before: `web` needs `system`.
"""

IMPORTS = ("argon2", "flask", "waitress", "werkzeug")  # see launch.warm
