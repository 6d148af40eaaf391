"""The command `wallbox`. Only the module of the verb that was asked for is imported.

Exit codes: 0 done; 1 not done, with one line that says why; 2 wrong usage; 3 no graph runs.
"""

import importlib

import click

# verb -> the module with its `command`, and what it does in one line.
VERBS = {
    "launch": ("cli.launch", "Run a graph in the foreground; Ctrl-C stops it in order."),
    "front": ("cli.front", "Show the front of the wallbox and its charge, live."),
    "ps": ("cli.ps", "Show the processes of the running graph."),
    "restart": ("cli.restart", "Restart one node in place; done when it is READY."),
    "stop": ("cli.stop", "Stop the running graph in order."),
    "topics": ("cli.topics", "Show the table of topics."),
    "methods": ("cli.methods", "Show the table of methods."),
    "sniff": ("cli.sniff", "Show the traffic, or count it."),
    "call": ("cli.call", "Send one request to a node and show its answer."),
    "label": ("cli.label", "Show the configuration label of this box."),
    "board": ("cli.board", "Check the board of this machine before the first charge."),
    "sim": ("cli.sim", "Act on the simulated world."),
    "soak": ("cli.soak", "Run the graph under virtual time with random disturbances."),
}


class Verbs(click.Group):
    """The verbs of the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb's module and return its command."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(VERBS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which there are."""
        if args[0] not in VERBS and not args[0].startswith("-"):
            ctx.fail(f"no verb {args[0]!r}; expected one of {', '.join(VERBS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table, without importing any of it."""
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, text) for verb, (_, text) in VERBS.items()])


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run, observe and control a wallbox, which is a graph of small processes."""


if __name__ == "__main__":
    main()
