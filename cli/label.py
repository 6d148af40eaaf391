"""`wallbox label`: the configuration label of this box, as printed on it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.common import fail, place_of

if TYPE_CHECKING:
    from msgs.label import Label

TITLE = "WALLBOX  configuration label"
PADDING = 2


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--state-dir",
    type=click.Path(path_type=Path),
    help="Directory of the label (else $WALLBOX_STATE_DIR, ~/.local/state/wallbox).",
)
def command(as_json: bool, state_dir: Path | None) -> None:
    """Show the configuration label of this box: its keys, its addresses, its four cards.

    Its login and cards give access to the box. It is made at the first start of the box; before
    that: exit code 1.
    """
    import msgspec

    from bus.generations import read_valid_or_raise
    from bus.store import StoreError
    from msgs.label import LABEL_FILE, Label

    folder = place_of(None, state_dir).state_dir
    try:
        label = read_valid_or_raise(folder / LABEL_FILE, Label)
    except StoreError as error:
        fail(str(error))
    if label is None:
        fail(f"no label in {folder}; the first start of the box makes it: `wallbox launch`")
    if as_json:
        click.echo(msgspec.json.encode(label).decode())
        return
    for line in card(label):
        click.echo(line)


def card(label: "Label") -> list[str]:
    """Return the lines of the label as a card in a frame."""
    sections = (
        (("Serial number", label.serial),),
        (
            ("Ethernet MAC", label.lan_mac),
            ("WLAN MAC", label.wlan_mac),
        ),
        (
            ("Hotspot SSID", label.wlan_ssid),
            ("Hotspot password", label.wlan_password),
            ("Hotspot IP", label.hotspot_ip),
        ),
        (
            ("User name", label.web_user),
            ("Password", f"{label.web_password}  (until the first login)"),
            ("Recovery key", label.recovery_key),
        ),
        tuple(
            (f"RFID {each.role.value}, {each.color.value}", each.uid) for each in label.rfid
        ),
    )  # fmt: skip
    rows = [row for section in sections for row in section]
    names = max(len(name) for name, _ in rows) + PADDING
    inside = max(len(TITLE), names + max(len(value) for _, value in rows))
    rule = "─" * (inside + 2 * PADDING)

    def line(text: str) -> str:
        return f"│{' ' * PADDING}{text.ljust(inside)}{' ' * PADDING}│"

    lines = [f"┌{rule}┐", line(TITLE)]
    for section in sections:
        lines.append(f"├{rule}┤")
        lines += [line(name.ljust(names) + value) for name, value in section]
    return [*lines, f"└{rule}┘"]
