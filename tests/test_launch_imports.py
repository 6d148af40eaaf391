"""What a node declares that it imports is what it imports: the warm parent goes by it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import launch
from launch.plan_file import load_plan

ROOT = Path(launch.__file__).parents[1]
PLAN = ROOT / "launch" / "simulation.toml"
NODES = {node.name: node for node in load_plan(PLAN).nodes}

# Loads one node as a warm parent does, and prints which packages the project's own modules import
# beyond those that every node's process has: third-party ones, and asyncio, which costs 5 MB.
LOAD = """
import builtins, json, sys
import launch.warm
from launch.loading import load_node
from launch.plan_file import load_plan
from pathlib import Path

file, node, *folders = sys.argv[1:]
sys.path.extend(folders)
plan = load_plan(Path(file))
shared = set(sys.modules)
checked = launch.warm.PACKAGES
found = set()
really_import = builtins.__import__

def note(name, globals=None, locals=None, fromlist=(), level=0):
    importer = (globals or {}).get("__name__", "").partition(".")[0]
    package = name.partition(".")[0]
    is_counted = package == "asyncio" or package not in sys.stdlib_module_names
    if level == 0 and importer in checked and is_counted and package not in {*checked, *shared}:
        found.add(package)
    return really_import(name, globals, locals, fromlist, level)

builtins.__import__ = note
if load_node(plan.entry(node)).is_asyncio:
    found.add("asyncio")
print(json.dumps(sorted(found)))
"""


@pytest.mark.parametrize("node", NODES)
def test_a_node_declares_what_it_imports(node: str) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", LOAD, str(PLAN), node, str(ROOT)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    module = __import__(NODES[node].module, fromlist=["IMPORTS"])
    assert sorted(getattr(module, "IMPORTS", ())) == json.loads(done.stdout)
