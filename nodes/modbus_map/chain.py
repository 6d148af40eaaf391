"""Models in a chain (SunSpec): where a meter has its model, and the map that follows from it.

A chain begins with "SunS" at one of a few addresses. Then follow models, each with its ID, the
number of its registers, and these; the ID 0xFFFF ends it. Which models a meter has, and where, is
known only from the chain: makers put models of their own between the common one and the meter's.
Pure.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from nodes.modbus_map.blocks import Block
from nodes.modbus_map.meter_map import (
    ChainTerms,
    Constant,
    MapError,
    MeterMap,
    Model,
    PhaseTerm,
    PhaseTerms,
    RegisterTerm,
    ServerTerms,
    TotalTerms,
)

# "SunS"; SunSpec Device Information Model Specification V1.1, 6.
MARK = (0x5375, 0x6E53)
END = 0xFFFF
COMMON, COMMON_LENGTH = 1, 66
MAKER_REGISTERS = 16  # of the common model, its first: a text padded with zeros
MOST_MODELS = 64  # assumed: a chain of more does not end


class NoModelError(Exception):
    """Raised when a meter has none of the models of its map; the text is for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundModel:
    """A model in a meter: the address of its ID, and how many registers follow ID and L."""

    model: Model
    base: int
    length: int


def search(
    chain: ChainTerms, registers: Mapping[int, int], refused: Collection[int]
) -> Block | FoundModel:
    """Return the model, or what has to be read next to find it.

    :param registers: all that were read so far
    :param refused: the addresses of the blocks that the meter has refused to read
    :raises NoModelError: there is none, or its maker's meters are not read.
    """
    seen: list[int] = []
    for start in chain.starts:
        for step in _walk(chain, start, registers):
            if isinstance(step, Block) and step.address in refused:
                break
            if isinstance(step, int):
                seen.append(step)
                continue
            return step
    wanted = ", ".join(str(model.id) for model in chain.models)
    found = ", ".join(str(number) for number in seen) if seen else "no chain"
    raise NoModelError(f"the meter has none of the models {wanted}; found: {found}")


def at_base(meter_map: MeterMap, found: FoundModel) -> MeterMap:
    """Return the map of a found model, with addresses."""
    layout = meter_map.layouts[found.model.layout]
    total, lines = layout.total, layout.lines
    return replace(
        meter_map,
        phases=found.model.phases,
        total=TotalTerms(
            **{
                name: tuple(_moved(term, found.base) for term in getattr(total, name))
                for name in total.__struct_fields__
            }
        ),
        lines=PhaseTerms(
            **{
                name: tuple(_moved_phases(term, found.base) for term in getattr(lines, name))
                for name in lines.__struct_fields__
            }
        ),
        chain=None,
        layouts={},
        constants=_constants(found.base, (found.model.id, found.length)),
    )


def simulated(meter_map: MeterMap, model_id: int = 0) -> MeterMap:
    """Return the map of a meter with one model, as a server has it.

    :param model_id: 0 for the first model of the map
    :raises MapError: the map has no such model.
    """
    chain = meter_map.chain
    if chain is None:
        raise MapError(f"{meter_map.title} has no chain")
    models = [model for model in chain.models if model_id in (0, model.id)]
    if not models:
        raise MapError(f"{meter_map.title} has no model {model_id}")
    model, start = models[0], chain.starts[0]
    base = start + len(MARK) + 2 + COMMON_LENGTH
    length = chain.length[model.layout]
    end = base + 2 + length
    found = at_base(meter_map, FoundModel(model=model, base=base, length=length))
    constants = (
        *_constants(start, (*MARK, COMMON, COMMON_LENGTH)),
        *found.constants,
        *_constants(end, (END, 0)),
    )
    server = ServerTerms(functions=(meter_map.function,), ranges=((start, end + 1),))
    return replace(found, constants=constants, server=server)


def _walk(
    chain: ChainTerms, start: int, registers: Mapping[int, int]
) -> Iterator[int | Block | FoundModel]:
    """Yield what is known of one chain: IDs of other models, and what to read, or the model.

    :raises NoModelError: the meters of this maker are not read.
    """
    if start not in registers:
        yield Block(start, 2)
    if (registers.get(start), registers.get(start + 1)) != MARK:
        return
    models = {model.id: model for model in chain.models}
    at = start + 2
    for _ in range(MOST_MODELS):
        if at not in registers or at + 1 not in registers:
            yield Block(at, 2)
            return
        number, length = registers[at], registers[at + 1]
        after = at + 2 + length
        if number == END or after > 0xFFFE:
            return
        if number == COMMON and chain.refused_makers:
            if length < MAKER_REGISTERS:
                return
            if at + 2 not in registers:
                yield Block(at + 2, MAKER_REGISTERS)
                return
            _check_maker(chain, registers, at + 2)
        model = models.get(number)
        if model is not None and length >= chain.length[model.layout]:
            yield FoundModel(model=model, base=at, length=length)
            return
        yield number
        at = after


def _check_maker(chain: ChainTerms, registers: Mapping[int, int], at: int) -> None:
    words = (registers[place] for place in range(at, at + MAKER_REGISTERS))
    maker = b"".join(word.to_bytes(2, "big") for word in words).rstrip(b"\0 ")
    if maker.decode("ascii", errors="replace") in chain.refused_makers:
        raise NoModelError(f"meters of {maker.decode()} cannot be read with this map")


def _moved(term: RegisterTerm, base: int) -> RegisterTerm:
    exponent = term.exponent and replace(term.exponent, at=base + term.exponent.at)
    factor = term.factor and replace(term.factor, at=base + term.factor.at)
    return replace(term, at=base + term.at, exponent=exponent, factor=factor)


def _moved_phases(term: PhaseTerm, base: int) -> PhaseTerm:
    moved = _moved(term.of(0), base)
    at = tuple(base + place for place in term.at)
    return replace(term, at=at, exponent=moved.exponent, factor=moved.factor)


def _constants(at: int, words: tuple[int, ...]) -> tuple[Constant, ...]:
    return tuple(Constant(at=place, word=word) for place, word in enumerate(words, at))
