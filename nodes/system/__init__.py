"""Who the box is, what is configured, and when it begins anew: label, settings, restarts.

subscribes  session/status, led/frame (looked at when the authorisation is to be configured)
publishes   settings (latched, on change)
answers     get (the settings), set (change some of them), restart (the whole box begins anew)
asks        launch: parameters (what the plan gives to others), restart_all
touches     label.json and settings.json in the state directory
deadline    none; a change is answered when it is on the disk
safe state  none of its own: who reads settings goes on with the newest ones

The label is made at the first start of a box, out of randomness alone, before the node is READY,
and never written again (LAB-1). One that cannot be understood ends the start: what is printed on
the box would be false. Whoever needs it needs system, and reads it by `bus.store.read_kept`. Its
secrets are never on the bus; the serial number is, as the name of the hotspot.

A setting has its default (msgs/settings.py), over it what was set, over both what the launch file
or `--set` gives to the node that it belongs to: that one is locked, shown as such and not to be
changed. The file holds only what was set, so that the defaults of a later version apply; what is
not understood in it is kept there, told and not used. A damaged file is set aside and told; the box
is then as it was delivered, with the plan's `factory`. The settings are published when launch has
answered what is locked; until then `get` and `set` are answered with not_ready.

A change is made as a whole or not at all, one after another. It is on the disk before it is
published, and published before it is answered: after a power cut the box has the one before or the
one that was answered. A change that brings together what does not go together is refused
(`msgs.settings.problems`); what the launch file has brought together so is told and stands. The
authorisation is changed only with no vehicle plugged and the charge-mode indicator blue (RFID-7);
silence of session or led is a no. The list of cards is not touched by any setting (RFID-12).

A restart is launch's to carry out: it stops all in order, the session first (PAN-5).

provision.py makes a label, label.py keeps it; tree.py has the settings as a table, locks.py what
the launch file gives, machine.py judges changes, store.py keeps them.
"""
