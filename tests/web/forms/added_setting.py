"""Use the page of a setting that was added to copies of msgs and web; print what it shows.

Run by `test_added_setting`, as a process of its own: these packages are imported once.
"""

import sys
from pathlib import Path

import msgs.settings
import web.forms.pages
from tests.web import conftest
from tests.web.forms.conftest import SettingsDesk
from tests.web.forms.examples import at, form_of, send, wrong_at
from tests.web.reading import Reading
from web import account

KEY, PATH = "buzzer_percent", "/configuration/buzzer"


def main(folder: Path) -> None:
    """Show the page, type something wrong, save, and read it back."""
    homes = (Path(msgs.settings.__file__).parents[0], Path(web.forms.pages.__file__).parents[1])
    print(*homes)
    account.TIME_COST, account.MEMORY_KIB = 1, 8  # the password is not tested here
    conftest.weakness_once = lambda password, texts: ""
    for name in ("desk", "box"):
        (folder / name).mkdir()
    desk = SettingsDesk(folder / "desk")
    box, owner = desk.nodes, desk.signed_in
    box.renew(folder / "box")
    reading = Reading(owner.get(PATH).text)
    (hint,) = reading.find(id=f"{at(KEY)}-hint")
    print("shown:", *form_of(reading, PATH).fields[KEY].values, hint.text)
    print("wrong:", wrong_at(send(owner, PATH, {KEY: "101"}).text)[at(KEY)])
    assert send(owner, PATH, {KEY: "45"}).status_code == 303
    print("saved:", box.table()[KEY])
    menu = Reading(owner.get("/configuration").text)
    (link,) = menu.find(href=PATH)
    print("listed:", " ".join(link.text.split()))
    box.graph.kill("system")
    box.start_system()
    box.graph.advance(0.1)
    print("stored:", box.table()[KEY])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
