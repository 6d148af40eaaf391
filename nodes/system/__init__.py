"""The box's label, its settings, its restart, and the safety record.

subscribes  session/status, led/frame (looked at when the authorisation is to be configured),
            safety/status (when the phase assignment is), safety/evidence (each message)
publishes   settings, system/safety_record (latched, on change)
answers     get (the settings), set (change some of them), restart (the whole graph restarts),
            set_clock (UTC is set, and the whole graph restarts), safety_record (what was counted),
            renew (the contactor or the earth is new: its count begins again)
asks        launch: restart_all
touches     label.json, settings.json, asked-restart.json and safety-record.json in the state
            directory, each in two generations; safety-counts there; the clock (`box_clock`)
deadline    none; a change is answered when it is on the disk
safe state  none of its own: the other nodes keep the newest settings

The label is made at the first start of a box, from random numbers, before the node is READY, and
never written again (LAB-1). If no generation of it can be read, the start fails: a new label would
not match what is printed on the box. A node that uses the label needs system, and reads it with
`bus.generations.read_valid_or_raise`. Its secrets are never on the bus; the serial number is, as
the name of the hotspot.

In rising precedence: the default (msgs/settings.py), `[factory]` of the launch file, what was set,
`[settings]` of the launch file or `--set`. A key of the last kind is locked: shown as such, and it
cannot be changed. The file has only what was set, so that defaults and factory settings of a later
version apply; unknown content is kept in it, logged and not used. If the file is damaged the
previous generation holds, which allows no more; if none can be read, a card is required, the house
is monitored with its meter lost, and at most 6 A are offered (`msgs.settings.UNKNOWN`). Each key is
`lost` then until somebody has set it, also to the value that applies; the file names those that are
left. Of a previous generation, `stored` says so until a setting is changed. The settings are
published before the node is READY.

Either all keys of a change are stored or none. Changes are made one after another. A change is on
the disk before it is published, in both generations if it revokes or lowers something, and
published before it is answered: after a power cut the box has the settings before the change, or
those that were answered. A change that leads to a contradiction is refused
(`msgs.setting_problems`); a contradiction in the launch file is logged and stays. A caller may send
the values that a person saw before; if one of them is another now, the change is refused, so that
two who change settings at the same time do not overwrite each other unseen. The
authorisation is changed only with no vehicle plugged in and the charge-mode indicator blue
(RFID-7); if session or led is silent it is refused. A phase assignment that disagrees with the
phases that safety has found wired is refused. No setting changes the list of cards (RFID-12).

launch does the restart: it stops all in order, the session first (PAN-5). Before it is asked, the
restart is stored as one that a person wants (`msgs/restart.py`), because it has safety judge all
red again; if launch refuses it, the one before is stored again. A disk that does not answer for
2 s, or refuses, does not keep the box from being restarted: then all red stays. While one restart
is stored and asked for, others are answered with "not ready".

The clock is set to what a person's browser shows, from 2026 to 2045, unless a time server sets it
or the process may not; then the box restarts as above: no part goes on with the time before.

The safety record is the sum of what safety has counted in all of its processes: self-tests,
operations of the contactor, the earth. safety publishes and waits for nobody; here it is added up
and stored within 2 s, and at a stop (`record_pace.py`). Each sum is stored with safety's process
and those of its counts that are in it, so that nothing is counted twice. If one of its files is
damaged the counts are those of the other; if both are, they begin again, and the page says so.

safety_record.py adds up, record_store.py has the files, record_pace.py says when they are written,
record_keeper.py is the wiring of these. provision.py makes a label, label.py stores it; machine.py
merges settings and checks changes; msgs/setting_keys.py has the table of settings, words.py the
texts.
"""
