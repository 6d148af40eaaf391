"""A small charging service, to try the uplink on: a third party without the bus.

listens     on 127.0.0.1, one port: the page at /, its connection at /page, boxes at /ocpp/IDENTITY
speaks      OCPP 1.6J with boxes, by the package `ocpp`; JSON with its page
touches     portal.json (mode 0600: it has the keys of the boxes) in the state directory
safe state  silence: the box works without a service (DCS-8)

It belongs to a box as any other service does, and knows no more of it than OCPP says: a box that
connects the first time waits until it is activated on the page, is offered the pairing, and gets
its key after the touch key was pressed. For each charge it plans the cheapest current that has the
wished energy in the vehicle by the departure, and sends it as a charging profile.

planner.py (the cheapest plan) and planning.py (prices, departure, charging profile) are pure;
records.py is what lasts, keeping.py its file; service.py is what is known and done, boxes.py one
box, box_connection.py its messages; page_state.py is what the page shows, page_orders.py what it
asks for; server.py has the sockets. node.py is how `launch` runs it.
"""
