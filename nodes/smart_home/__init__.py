"""Controllers in the local network: what they ask for becomes wishes (APP-2, MET-7).

subscribes  settings, session/status (acted on as they arrive); launch/graph, safety/status,
            dcs/status, pilot/status, meter/box, load/offer (looked at)
asks        session: start, end, sessions; rfid: present (a card that a controller names)
serves      broker_password
publishes   smart_home/wish (on change, and each 3 s while it has a hold), smart_home/status
touches     UDP port 7090 and TCP port 502; an MQTT broker, with smart_home-MqttPassword and
            smart_home-mqtt-ca.pem of the state directory; smart_home.json in the run directory
            (until the box starts again) and in the state directory (a failsafe that lasts longer)
deadline    a current or a pause is a wish in the same callback; the failsafe limits when its time
            is over, and is the fallback of the wish, should this node be silent
safe state  none of its own: load_manager keeps the wishes, or takes the fallback

The UDP interface answers while the settings and DSW1.3 have it on. A datagram counts from the
addresses of the settings' list, or from the networks that the box is in; each address has ten
answers a second. Answers go to port 7090 of the sender, and to the port that it has sent from.

The Modbus interface is switched on likewise, and admits the same addresses. It has the registers of
KEBA's P30: reads show the newest state, a write is answered when its order is. On the product UDP
and Modbus exclude each other; here both may be on (assumed), and the newest order counts. A client
that asks too quickly is answered later. There are 16 connections; an idle one is closed.

The MQTT interface connects to the broker of the settings, publishes values that change, and takes
orders from `set/...`. A retained order is refused, for it may be old. A lost broker is tried again
after 1 to 60 s, and gets all values again; orders of the time between are lost.

Currents, enabling and the failsafe count until the box starts again, `currtime`, an energy limit
and `currtime 0` until the plug is out. What an order changes is on the disk before it is
confirmed. A restart of this node alone keeps all of it, and gives the controllers the time of the
failsafe again. `start` with a card is refused unless the settings allow it; a card of the list then
authorises as at the reader, and three wrong ones block their sender for a minute.

orders.py has what can be ordered, in any protocol; control.py what is asked for and what follows
from it with time; machine.py carries orders out, with the types of state.py; kept.py and store.py
keep it. snapshot.py has what controllers see of the box. The UDP interface: udp_commands.py reads
commands, udp_reports.py writes answers, senders.py says who is answered and how often,
udp_desk.py joins them to the socket of datagrams.py. The Modbus interface: modbus_registers.py has
what is read and written, modbus_pace.py says when, modbus_desk.py joins them to the port of
modbus_server.py, on whose connections modbus_connections.py answers. The MQTT interface:
mqtt_orders.py reads orders, mqtt_readings.py has what is published and when, mqtt_discovery.py
what Home Assistant learns of the box, mqtt_desk.py joins them to the connection of mqtt_link.py.
words.py has the texts.
"""

IMPORTS = ("asyncio",)  # see launch.warm
