"""The front: its lights, its tones and its keys. Messages in, one frame out (LED-9).

subscribes  session/status and rfid/status (acted on as they arrive); safety/status, load/offer,
            dcs/status, launch/graph and system/heartbeat (read every 0.25 s)
publishes   led/frame (1 s and on change, latched), led/key (a press that had an effect)
asks        rfid: erase; system: restart (the service key)
touches     the front: four segments, network, RFID and mode indicators, the lit frame, touch key
            and its light, buzzer, service key
deadline    a change is shown within 0.3 s; a key that moves wakes the node at once
safe state  without messages the front shows the start-up pattern (LED-6); it stops blinking blue
            when session or safety is silent. 8007 and all red stay while safety is silent or has
            not judged them again after a start. A key whose state is unknown does nothing

Each light depends only on the nodes that it describes: without the charging service the box works
fully and the network indicator is off (DCS-8); while rfid is silent its lights are off. Without
mains the front is off, plays no tone and ignores its keys (PAN-2). After a restart in place the
front keeps its last frame until the messages have arrived, 1.25 s at most. At a start of the box,
which launch/graph shows, it shows the start-up pattern at once (LED-6).

machine.py makes the frame; the patterns of the status LED are in msgs.status_led, indicators.py the
other lights, tones.py plays one tone after another. keys.py turns the level of a key into events,
key_actions.py turns those into actions: the service key restarts the box between its two tones, and
at the second erases every card and then restarts it (PAN-3); a press of the lit touch key is
published on led/key, where dcs acts on it (PAN-4, DCS-2, DCS-5).
"""
