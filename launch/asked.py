"""Who may ask what of launch, and what the plan answers: the same in processes and in memory."""

from typing import Any

from bus import Call
from launch.plan import Plan
from launch.ports import shift_ports

STEERS = "system"  # the node that pages, keys and updates ask


def may_steer(call: Call[Any]) -> bool:
    """Refuse whoever has no say over processes: only system and the command line do."""
    if call.caller == STEERS or call.caller.startswith("tool-"):
        return True
    call.refuse("only system and the command line start and stop nodes")
    return False


def answer_parameters(call: Call[Any], plan: Plan) -> None:
    """Answer what the plan gives to each node: node -> parameter -> value.

    As it is written there or by `--set`, with `--ports` added; what is left to a node's default is
    not in it. There may be secrets among it: it is answered to system alone.
    """
    if call.caller == STEERS:
        call.ok({node.name: shift_ports(node.parameters, plan.ports) for node in plan.nodes})
    else:
        call.refuse(f"the plan's parameters are answered to {STEERS} alone")
