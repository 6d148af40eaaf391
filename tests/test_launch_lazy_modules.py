"""Modules that packages import and nobody uses: each in a process of its own."""

import subprocess
import sys

BEGIN = """
import sys
from launch.lazy_modules import UNUSED, load_when_used

def executed(name):
    return "__getattr__" not in vars(sys.modules[name])

"""


def printed(program: str) -> str:
    done = subprocess.run(
        (sys.executable, "-c", BEGIN + program),
        capture_output=True, text=True, timeout=60.0, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_module_is_executed_when_it_is_used_and_not_when_it_is_imported() -> None:
    program = """
load_when_used(("html", "urllib.request", "no_such_module"))
import html, urllib.request
import html, urllib.request
before = executed("html"), executed("urllib.request")
assert html.escape("<") == "&lt;" and urllib.request.getproxies
print(before, (executed("html"), executed("urllib.request")), "no_such_module" in sys.modules)
"""
    assert printed(program) == "(False, False) (True, True) False"


def test_a_name_that_is_imported_from_a_module_executes_it() -> None:
    program = """
load_when_used(("html",))
from html import escape
from html.entities import html5
print(escape("<"), html5["lt;"], executed("html"))
"""
    assert printed(program) == "&lt; < True"


def test_a_module_that_is_there_already_is_left_as_it_is() -> None:
    program = """
import html
load_when_used(("html",))
print(sys.modules["html"] is html, executed("html"))
"""
    assert printed(program) == "True True"


def test_the_packages_of_the_network_nodes_use_none_of_them_at_their_import() -> None:
    program = """
import importlib
load_when_used(UNUSED)
for node in ("meter", "web", "plant"):
    for package in importlib.import_module(f"nodes.{node}").IMPORTS:
        importlib.import_module(package)
    importlib.import_module(f"nodes.{node}.node")
print([name for name in UNUSED if executed(name)])
"""
    assert printed(program) == "[]"
