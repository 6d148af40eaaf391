"""What the front shows: facts in, one frame out, by one table of priorities (LED-9).

subscribes  session/status (acted on as it arrives), safety/status and load/offer (looked at every
            0.25 s)
publishes   led/frame (1 s and on change, latched)
touches     the front: four segments, network, RFID and mode indicators, the lit frame, touch key
deadline    a change is shown within 0.3 s
safe state  a front that knows nothing shows the start-up pattern (LED-6): not charging, as far as
            is known; it never goes on blinking blue for a node that is silent

Network, RFID, mode and touch lights stay dark until the nodes exist that light them: without the
charging service the box works fully and its indicator is dark (DCS-8).
A front without mains is dark (PAN-2). Restarted in place, the front keeps its last frame until the
facts are heard again.
"""
