"""The newest restart of the box that a person has asked for, as it is stored; not on the bus."""

from msgspec import Struct

from msgs.units import Name

RESTART_FILE = "asked-restart.json"  # in the state directory; system writes it, safety reads it


class AskedRestart(Struct, frozen=True, kw_only=True):
    """A restart that a person has asked for, on the page, by the service key or by a tool.

    Written before anything stops. A restart of the box for another reason, a crash, and a restart
    of a single node leave it as it is. safety compares it with the one that was the newest when it
    stored all red: another id has it judged again (ERR-RED).
    """

    id: Name = ""  # random; "": no restart was asked for yet
