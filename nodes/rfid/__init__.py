"""The cards: which are in the list, who is let through, how another one is taught.

subscribes  session/status (looked at every 0.15 s)
publishes   rfid/status (1 s and on change)
asks        session: authorize, with the UID of a card of the list (RFID-11)
answers     cards (the list), rename (a card), erase (every card, the master included: PAN-3); the
            latter two when the disk has the new list, an erase when both generations have it
touches     the card reader; both generations of cards.json in the state directory, label.json at
            the first start
deadline    a card is answered within 0.3 s and what session takes
safe state  no card authorises; a list of which no generation can be read is empty

A card held is one event, however long; it counts again when it was away for 1 s. What lies in the
field when the node starts, or when the reader answers again, is no event (ours). Of several cards
held at once none counts; where one was seen first, it does, and the others change nothing.

The list is the label's at the first start ever, and never again (RFID-1, PAN-3). A card of the list
is put to session, whose word is shown (RFID-3): no answer in 1 s is a refusal. A card that is not
in the list is refused here.

Teaching (RFID-8): the master, the new card, the master again, 5 s between each two, and nothing
else in between; no vehicle plugged in, which session must have said. The windows are longer by the
0.15 s that a card may wait for the next look. The list with the new card is on the disk before it
is said to be stored. The master alone authorises when its 5 s are over, or a vehicle is plugged in
before that; and at once while one is plugged in, a session is authorised, or session is silent
(RFID-10).

Without a master in the list at a start, one in place as well, the first card held within 60 s
becomes it, no vehicle plugged in (RFID-9, RFID-7); one that is refused leaves the window open.

A card held while the one before is still being asked about, or stored, is refused. A reader that
falls silent ends teaching. The setting "Authorization" is session's: it never changes the list
(RFID-12).

machine.py decides, over the nouns of state.py; sight.py makes events of polls, cards.py knows the
list, store.py keeps it. outcome.py names what became of a card, and words.py alone has the texts.
"""
