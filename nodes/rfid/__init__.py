"""The cards: which are in the list, which may authorise, how a new one is taught.

subscribes  session/status, dcs/status (looked at every 0.15 s)
publishes   rfid/status (1 s and on change)
asks        dcs: check_card, where a charging service is in use; session: authorize (RFID-11)
answers     cards (the list), rename (a card), remove (a user's card), erase (every card, the master
            included: PAN-3); the latter three when the disk has the new list, a removal and an
            erase when both generations have it; present (a card of the list that a controller
            names: it authorises as at the reader, never teaches, and is answered with the result)
touches     the card reader; both generations of cards.json in the state directory, label.json at
            the first start
deadline    a card is answered within 0.3 s, plus the time that dcs and session need
safe state  no card authorises; a list of which no generation can be read is empty

A presented card is one event, however long it stays in the field; it counts again after 1 s without
it. A card in the field when the node starts, or when the reader answers again, is no event
(assumed). Of several cards presented at once none counts; if one was seen first, it counts and the
others are ignored.

The list is the label's at the first start of the box, and never again (RFID-1, PAN-3). For a card
of the list session is asked, and its answer shown (RFID-3): no answer in 1 s is a refusal. rfid
itself refuses a card that is not in the list.

While dcs publishes that the box is synchronised with a charging service, dcs is asked first, also
about a card that is not in the list, and session only about a card that it accepts (RFID-11). No
answer of dcs is a refusal. If dcs is silent, the list decides. The card that has authorised logs
off without dcs. A master that begins to teach is not asked about.

Teaching (RFID-8): the master, the new card, the master again, 5 s between each two, and no other
card in between; session must have published that no vehicle is plugged in. The windows are longer
by the 0.15 s that a card may wait for the next look. The list with the new card is on the disk
before it is published as stored. If no other card follows, the master authorises when its 5 s are
over, or when a vehicle is plugged in before that. It authorises at once while a vehicle is plugged
in, while a session is authorised, and while session is silent (RFID-10).

If the list has no master at a start, also at a restart in place, the first card presented within
60 s with no vehicle plugged in becomes the master (RFID-9, RFID-7); a refused card leaves the
window open.

The manual erases all cards or none. A single card, as one that was lost, is removed by a request
(assumed), at any time; a session that it has authorised goes on. The master is erased with all
others only.

A card presented while the previous one is still being asked about, or stored, is refused. A silent
reader ends teaching. Only session uses the setting "Authorization"; it never changes the list
(RFID-12).

machine.py decides, with the types of state.py; asking.py asks about a card and takes the answers,
presenting.py takes a card that a controller names, showing.py has lights and tones, field.py makes
events of polls, cards.py changes the list, changes.py judges what a request asks for, store.py
stores the list. outcome.py names the result of a card, words.py has the texts.
"""
