"""The program of the supervisor: `wallbox launch` becomes it when it has read its options.

The nodes share what this process has imported (`launch.warm`); so it has no command line of its own
but words in a fixed order: FILE PORTS RUN_DIR STATE_DIR LEAST_LEVEL [SETTING...].
"""

import sys
from pathlib import Path

from bus.lock import BusyError
from bus.place import Place, PlaceError, prepare
from launch.children import fork
from launch.plan import PlanError
from launch.plan_file import load_plan
from launch.process_messages import NodeList
from launch.supervisor import EXIT_FAILED, supervise


def main() -> None:
    """Run the graph in the foreground; exit code 1 and one line on stderr if it cannot start."""
    file, ports, run_dir, state_dir, least_level, *settings = sys.argv[1:]
    place = Place(run_dir=Path(run_dir), state_dir=Path(state_dir))
    try:
        plan = load_plan(Path(file), settings, int(ports))
        prepare(place)
        nodes = tuple(plan.entry(node.name) for node in plan.nodes)
        # Before this process has a thread: all modules imported so far are shared with the nodes.
        warm = fork(NodeList(nodes=nodes, folders=plan.folders))
        sys.exit(supervise(plan, place, warm, least_level))
    except (PlanError, PlaceError, BusyError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_FAILED)
    except KeyboardInterrupt:  # before the supervisor has a handler for the signal
        print("Aborted!", file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    main()
