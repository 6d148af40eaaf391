"""What launch answers of its plan: the same in processes and in memory."""

from typing import Any

from launch.plan import Plan
from launch.ports import shift_ports


def parameters_of(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return what the plan gives to each node: node -> parameter -> value.

    As it is written there or by `--set`, with `--ports` added; what is left to a node's default is
    not in it.
    """
    return {node.name: shift_ports(node.parameters, plan.ports) for node in plan.nodes}
