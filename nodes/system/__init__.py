"""Who the box is, what is configured, and when it begins anew: label, settings, restarts.

subscribes  session/status, led/frame (looked at when the authorisation is to be configured),
            safety/status (when the phase assignment is)
publishes   settings (latched, on change)
answers     get (the settings), set (change some of them), restart (the whole box begins anew)
asks        launch: restart_all
touches     label.json and settings.json in the state directory, each with its generation before
deadline    none; a change is answered when it is on the disk
safe state  none of its own: who reads settings goes on with the newest ones

The label is made at the first start of a box, out of randomness alone, before the node is READY,
and never written again (LAB-1). One of which no generation can be read ends the start: what is
printed on the box would be false. Whoever needs it needs system, and reads it by
`bus.generations.read_kept`. Its secrets are never on the bus; the serial number is, as the name of
the hotspot.

Later beats earlier: the default (msgs/settings.py), `[factory]` of the launch file, what was set,
`[settings]` of the launch file or `--set`. A key of the last kind is locked: shown as such and not
to be changed. The file holds only what was set, so that defaults and factory settings of a later
version apply; what is not understood in it is kept there, logged and not used. Of a damaged file
the generation before it holds, which allows no more; if none can be read, a card is required, the
house is monitored with its meter lost, and 6 A are the most (`msgs.settings.UNKNOWN`). `stored` of
the settings says so until somebody changes a setting. The settings are published before the node is
READY.

A change is made as a whole or not at all, one after another. It is on the disk before it is
published, in both generations if it revokes or lowers something, and published before it is
answered: after a power cut the box has the one before or the one that was answered. A change that
brings together what does not go together is refused (`msgs.settings.problems`); what the launch
file has brought together so is told and stands. The authorisation is changed only with no vehicle
plugged and the charge-mode indicator blue (RFID-7); silence of session or led is a no. A phase
assignment that disagrees with the phases that safety has found wired is refused. The list of cards
is not touched by any setting (RFID-12).

A restart is launch's to carry out: it stops all in order, the session first (PAN-5).

provision.py makes a label, label.py keeps it; machine.py merges settings and judges changes;
msgs/setting_keys.py has them as a table, and words.py alone the texts.
"""

IMPORTS = ("asyncio",)  # see launch.warm
