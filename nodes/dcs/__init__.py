"""The uplink to a charging service: OCPP 1.6 over a WebSocket.

subscribes  settings; with a service session/status, safety/status, load/offer, led/key (on change)
            and meter/box (when a sample is due)
publishes   dcs/status (1 s and on change), dcs/wish (latched, on change, and each minute while a
            plan limits); neither without a service
answers     check_card (of rfid: may a card charge, as far as the service decides), unpair
asks        session (authorize, end, sessions), system (set: its wishes count once it is paired,
            and no more once the pairing is ended; restart, for a reset of the service)
touches     the network; dcs.sqlite, both generations of dcs-pairing.json and dcs-unsent.json, and
            dcs-AuthorizationKey (mode 0600) in the state directory; reads dcs-ProxyPassword there
deadline    none: the charge never waits for the service
safe state  silence: the box works without the service (DCS-8). A wish remains until its end; the
            fallback of the settings replaces a plan once this node is silent for five minutes

The box is a charge point with one connector. It belongs to a service by `dcs.url`, or by a pairing
with the preset one (`pairing.py`); until then it registers with its serial number and takes part in
nothing else. Without any address the node does nothing.

machine.py is one step over the parts, on a `Turn`: boot.py connects, registers and finds a dead
link; outbox.py sends one call at a time, and keeps those of transactions until they are
acknowledged; transactions.py makes them from session's store, whatever was restarted; sampling.py
adds values of the meter; status.py reports the nine statuses. requests.py has what the service may
ask: remote.py starts, ends and restarts, availability.py, configuring.py, reporting.py,
reservations.py. authorisation.py decides about cards (RFID-11); charge_mode.py and plan.py turn
profiles into wishes, clock.py knows the service's time. state.py holds all of it, store.py writes
what has to last, as whole rows.

profile.py, profiles.py, profile_check.py and composition.py are charging profiles, local_list.py,
reservation.py, keys.py and key_table.py (read by variables.py) and measurands.py the rest of what
OCPP defines. events.py names the operations without a version of OCPP; dialect.py is what a
version translates, dialect_16.py and its three files are 1.6. link.py is the connection,
link_websocket.py the only file with a socket, link_sim.py one in memory. node.py follows the
settings; charge_point.py, which is made with the first service, wires the machine.
"""

IMPORTS = ("asyncio", "ocpp", "websockets")  # see launch.warm
