"""Where the box's page is, in words for a terminal."""

from bus.generations import read_kept
from bus.place import Place
from bus.store import StoreError
from bus.tool import Tool
from msgs.label import LABEL_FILE, Label
from msgs.methods import PAGE
from msgs.requests import NoArguments
from terminal.facts import Facts


def page_words(tool: Tool, place: Place, facts: Facts) -> str:
    """Return the page's address, and until somebody has signed in the login for that; "" if none.

    The login stands on the box's label, which only the box's own user can read.
    """
    if not any(process.node == "web" for process in facts.processes):
        return ""
    page = tool.call(PAGE, NoArguments()).result
    if page is None:
        return ""
    if not page.is_first:
        return page.url
    try:
        label = read_kept(place.state_dir / LABEL_FILE, Label)
    except StoreError:
        label = None
    if label is None:
        return page.url
    return f"{page.url}, login {label.web_user} / {label.web_password}"
