"""The address of the box's page, for a terminal."""

from bus.generations import read_valid_or_raise
from bus.place import Place
from bus.store import StoreError
from bus.tool import Tool
from msgs.label import LABEL_FILE, Label
from msgs.methods import PAGE
from msgs.requests import NoArguments
from terminal.snapshot import FrontSnapshot


def page_words(tool: Tool, place: Place, snapshot: FrontSnapshot) -> str:
    """Return the page's address, with the login of the label until the first one; "" if no page.

    Only the box's own user can read the label.
    """
    if not any(process.node == "web" for process in snapshot.processes):
        return ""
    page = tool.call(PAGE, NoArguments()).result
    if page is None:
        return ""
    if not page.is_first:
        return page.url
    try:
        label = read_valid_or_raise(place.state_dir / LABEL_FILE, Label)
    except StoreError:
        label = None
    if label is None:
        return page.url
    return f"{page.url}, login {label.web_user} / {label.web_password}"
