"""What the front shows and plays, and what its keys ask for: messages in, one frame out (LED-9).

subscribes  session/status and rfid/status (acted on as they arrive); safety/status, load/offer,
            dcs/status and system/heartbeat (looked at every 0.25 s)
publishes   led/frame (1 s and on change, latched), led/key (a press that had an effect)
asks        rfid: erase; system: restart (the service key)
touches     the front: four segments, network, RFID and mode indicators, the lit frame, touch key
            and its light, buzzer, service key
deadline    a change is shown within 0.3 s; a key that moves is looked at at once
safe state  a front that knows nothing shows the start-up pattern (LED-6): not charging, as far as
            is known; it never goes on blinking blue for a node that is silent. A key of which
            anything is unknown does nothing

Each light follows the nodes that it speaks of: without the charging service the box works fully
and its indicator is dark (DCS-8), and so are the lights of a reader that says nothing. A front
without mains is dark, plays nothing and has no keys (PAN-2). Restarted in place, the front keeps
its last frame until the messages are heard again, 1.25 s at most; at the start of the box, told by
launch/graph, it shows the start-up pattern at once (LED-6).

machine.py makes the frame; pattern.py holds the status LED's patterns, indicators.py the other
lights, tones.py plays one tone after another. keys.py tells what a finger does to one key,
fingers.py what follows from it: the service key restarts the box between its two tones, and at
the second erases every card and then restarts it (PAN-3); a press of the lit touch key is told on
led/key, where dcs acts on it (PAN-4, DCS-2, DCS-5).
"""
