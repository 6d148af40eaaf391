"""In a mutation run the tests call the mutant, and the originals of all other functions."""

from types import ModuleType

import pytest

from tests.mutation.direct import bind

LAW = """
def rule(): return "wrapper"
def x_rule__mutmut_orig(): return "as written"
def x_rule__mutmut_1(): return "mutant"
mutants_x_rule__mutmut = {
    "_mutmut_orig": x_rule__mutmut_orig,
    "x_rule__mutmut_1": x_rule__mutmut_1,
}
def bare(): return "bare"
"""


@pytest.mark.parametrize(
    ("active", "called"),
    [
        ("nodes.law.x_rule__mutmut_1", "mutant"),
        ("nodes.other.x_rule__mutmut_1", "as written"),
        ("nodes.law.x_bare__mutmut_1", "as written"),
    ],
)
def test_every_name_of_a_function_is_bound_to_the_active_mutant(active: str, called: str) -> None:
    law, reader = ModuleType("nodes.law"), ModuleType("tests.reader")
    exec(LAW, vars(law))
    reader.__dict__["renamed"] = law.rule
    bind([law, reader], active)
    assert law.rule() == reader.renamed() == called
    assert law.bare() == "bare"
