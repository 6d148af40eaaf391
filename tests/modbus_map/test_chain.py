"""The search for a model in a chain (SunSpec)."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.modbus_map.bank import Bank
from nodes.modbus_map.blocks import Block
from nodes.modbus_map.chain import MOST_MODELS, FoundModel, NoModelError, search
from nodes.modbus_map.meter_map import MapError, load_map
from tests.modbus_map.every_map import a_line, values_of

SUNSPEC = load_map("sunspec")
assert SUNSPEC.chain is not None
CHAIN = SUNSPEC.chain

Words = dict[int, int]

ONE = a_line(2300.0, imported_wh=1000.0, exported_wh=10.0)
VALUES = values_of((ONE, ONE, ONE))


def never(address: int) -> bool:
    """Return False: the kind of function that hypothesis makes."""
    return False


def chain_at(start: int, *models: tuple[int, int], maker: str = "Fronius") -> Words:
    """Return the registers of a chain: the common model, then models by ID and length."""
    words = [0x5375, 0x6E53, 1, 66, *(0 for _ in range(66))]
    text = maker.encode().ljust(32, b"\0")
    words[4:20] = [int.from_bytes(text[at : at + 2], "big") for at in range(0, 32, 2)]
    for number, length in models:
        words += [number, length, *(0 for _ in range(length))]
    words += [0xFFFF, 0]
    return dict(enumerate(words, start))


def find(meter: Words) -> tuple[FoundModel, list[Block]]:
    """Search a meter that refuses registers that it does not have; return all reads too."""
    registers: Words = {}
    refused: set[int] = set()
    reads: list[Block] = []
    while True:
        step = search(CHAIN, registers, refused)
        if isinstance(step, FoundModel):
            return step, reads
        reads.append(step)
        places = range(step.address, step.address + step.count)
        if all(place in meter for place in places):
            registers.update({place: meter[place] for place in places})
        else:
            refused.add(step.address)


@pytest.mark.req("MET-1")
@pytest.mark.parametrize("start", [40000, 0, 50000])
@pytest.mark.parametrize("model", [201, 202, 203, 204, 211, 212, 213, 214])
def test_a_model_is_found_from_each_beginning(start: int, model: int) -> None:
    length = 105 if model < 210 else 124
    found, _ = find(chain_at(start, (model, length)))
    assert (found.model.id, found.base, found.length) == (model, start + 70, length)


def test_models_of_the_maker_lie_in_between() -> None:
    found, reads = find(chain_at(40000, (103, 50), (64_001, 7), (213, 124), (203, 105)))
    assert (found.model.id, found.base) == (213, 40131)
    assert reads == [
        Block(40000, 2),
        Block(40002, 2),
        Block(40004, 16),
        Block(40070, 2),
        Block(40122, 2),
        Block(40131, 2),
    ]


def test_a_chain_without_a_meter_does_not_hide_another_one() -> None:
    meter = {**chain_at(40000, (103, 50), (160, 48)), **chain_at(0, (203, 105))}
    assert find(meter)[0].base == 70


def test_a_chain_that_the_meter_cuts_off_does_not_hide_another_one() -> None:
    first = chain_at(40000, (103, 50))
    meter = {at: word for at, word in first.items() if at < 40100} | chain_at(50000, (203, 105))
    assert find(meter)[0].base == 50070


@pytest.mark.parametrize(
    ("meter", "text"),
    [
        ({}, "found: no chain"),
        (chain_at(40000, (103, 50), (160, 48)), "found: 1, 103, 160"),
        (dict.fromkeys(range(40000, 41000), 0), "found: no chain"),
        (chain_at(40000, (203, 20)), "found: 1, 203"),  # shorter than the model
    ],
)
def test_a_meter_without_a_model_is_named_with_what_it_has(meter: Words, text: str) -> None:
    with pytest.raises(NoModelError, match=f"none of the models 203, 213, .*{text}"):
        find(meter)


def test_a_longer_model_is_read_like_its_own() -> None:
    assert find(chain_at(40000, (203, 107)))[0].length == 107


def test_a_meter_that_counts_export_as_positive_is_refused() -> None:
    with pytest.raises(NoModelError, match="meters of SolarEdge cannot be read with this map"):
        find(chain_at(40000, (103, 50), (1, 66), (203, 105), maker="SolarEdge"))


def test_a_chain_without_an_end_ends() -> None:
    registers = {**chain_at(40000), **dict.fromkeys(range(40070, 40600), 0)}
    with pytest.raises(NoModelError):
        find(registers)


@settings(max_examples=60)
@given(
    words=st.dictionaries(
        st.integers(40002, 40090), st.sampled_from([0, 1, 2, 15, 16, 66, 103, 203, 0xFFF0, 0xFFFF])
    ),
    is_refused=st.functions(like=never, returns=st.booleans(), pure=True),
)
def test_no_chain_is_searched_without_end(
    words: Mapping[int, int], is_refused: Callable[[int], bool]
) -> None:
    meter = {**chain_at(40000, (203, 105)), **words}
    registers: Words = {}
    refused: set[int] = set()
    for _ in range(3 * (2 * MOST_MODELS + 1)):
        try:
            step = search(CHAIN, registers, refused)
        except NoModelError:
            return
        if isinstance(step, FoundModel):
            return
        places = range(step.address, step.address + step.count)
        assert max(places) <= 0xFFFF
        if is_refused(step.address):
            refused.add(step.address)
        else:
            registers.update({place: meter.get(place, 0) for place in places})
    raise AssertionError("the search has not ended")


@pytest.mark.parametrize("model", [model.id for model in CHAIN.models])
def test_the_simulated_meter_has_a_chain_with_its_model(model: int) -> None:
    bank = Bank(meter_map=SUNSPEC, values=lambda: VALUES, model=model)
    (whole,) = bank.ranges
    registers = bank.registers()
    meter = {at: registers.get(at, 0) for at in range(whole.address, whole.address + whole.count)}
    found, _ = find(meter)
    assert (found.model.id, found.base) == (model, 40070)
    assert meter[max(meter) - 1] == 0xFFFF


def test_a_model_that_no_map_has_cannot_be_simulated() -> None:
    with pytest.raises(MapError, match="has no model 205"):
        Bank(meter_map=SUNSPEC, values=lambda: VALUES, model=205)
