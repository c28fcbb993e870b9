"""One block, looped: a program whose layers are all the same, as a block that is applied again and again.

A program that carries a state from layer to layer, each word of it read and replaced in every layer, compiles to layers
that are equal to the bit, but for the first (which reads the state where the embedding puts it) and the last ones
(which leave out what nobody reads any more). `compile_loops` compiles a few layers more than are wanted, takes those
in the middle, embeds the state where they read it, and proves the whole again: the certificate is that of the looped
model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from logdepth.compiler.certificate import Certificate
from logdepth.compiler.compile import Compilation, compile_program
from logdepth.compiler.program_to_transformer import program_to_transformer
from logdepth.compiler.schedule import Field, Schedule
from logdepth.compiler.target import Checkpoint
from logdepth.compiler.targets import find_target
from logdepth.errors import CertificateError, ProgramError
from logdepth.lang.program import Program

_LAST = 3  # layers at the end that may differ: what nobody reads any more is left out, and its place given away
_BLOCK = "transformer.h.0."


@dataclass(frozen=True, eq=False)
class LoopedModel:
    """A block and how often it is applied. unrolled: a stock GPT-2 of so many layers, all the same; its `compilation`,
    whose graph computes as many layers."""

    compilation: Compilation
    unrolled: Checkpoint
    loops: int

    @property
    def certificate(self) -> Certificate:
        return self.compilation.certificate

    @property
    def num_parameters(self) -> int:
        """The numbers that a looped model keeps: the block counts once."""
        again = (t.size for name, t in self.unrolled.tensors.items() if _is_again(name))
        return self.unrolled.num_parameters - sum(again)


def compile_loops(
    program: Program, loops: int, *, length: int, alphabet_size: int, dtype: str = "float32", **parameters: Any
) -> LoopedModel:
    """A program with the parameter `loops`, as one block applied `loops` times.

    Raises `ProgramError` where the layers are not all the same, `CertificateError` where the dtype cannot hold it.

    >>> from logdepth.programs import khop_loops
    >>> model = compile_loops(khop_loops, 4, length=20, alphabet_size=3)
    >>> model.unrolled.config["n_layer"], model.certificate.holds, model.num_parameters < model.unrolled.num_parameters
    (4, True, True)
    """
    sizes = {"length": length, "alphabet_size": alphabet_size, "dtype": dtype, **parameters}
    longer = compile_program(program, loops=loops + 1 + _LAST, **sizes)
    schedule = _middle(longer, loops)
    graph = replace(longer.graph, name=f"{program.name}, looped")
    model = program_to_transformer(graph, schedule)
    target = find_target(longer.target)
    shape = target.shape(schedule, model, dtype)
    certificate = target.certify(schedule, model, shape, dtype)
    if not certificate.holds:
        raise CertificateError(f"{dtype} does not hold {program.name} in a loop: {certificate.failure}")
    found = replace(longer, schedule=schedule, transformer=model, shape=shape, certificate=certificate)
    unrolled = found.export()
    for name, tensor in unrolled.tensors.items():
        if _is_again(name):
            number, part = name.removeprefix("transformer.h.").split(".", 1)
            if not np.array_equal(tensor, unrolled.tensors[_BLOCK + part]):
                raise ProgramError(f"program {program.name}: layer {int(number) + 1} is not layer 1 again ({part})")
    return LoopedModel(found, unrolled, loops)


def _is_again(name: str) -> bool:
    return name.startswith("transformer.h.") and not name.startswith(_BLOCK)


def _middle(longer: Compilation, loops: int) -> Schedule:
    """The schedule of layers 2 .. loops + 1, the state embedded where layer 1 leaves it. Raises `ProgramError` if the
    state's words are not those of the embedding, by name, range and number."""
    whole = longer.schedule
    first = {_stem(whole, f): f for f in whole.homes.values() if f.born == 0 and f.dies == 1}
    carried = {_stem(whole, f): f for f in whole.homes.values() if f.born == 1}
    kept = [f for f in whole.homes.values() if f.born == 0 and f.dies > loops + 1]
    nodes, name = whole.nodes, longer.program.name
    if whole.depth != loops + 1 + _LAST or first.keys() != carried.keys():
        raise ProgramError(
            f"program {name} carries {', '.join(sorted(carried))} from layer to layer, and begins with "
            f"{', '.join(sorted(first))}: in a loop every word must begin as a word of its own, known from token or "
            "position, and be replaced once in every layer"
        )
    tables = {f.node: whole.normal.tables[f.node] for f in kept}
    for stem, f in carried.items():
        before, after = nodes[first[stem].node], nodes[f.node]
        if (before.lo, before.hi) != (after.lo, after.hi):
            raise ProgramError(
                f"program {name}: {stem} begins in {before.lo}..{before.hi} and goes on in {after.lo}..{after.hi}"
            )
        tables[f.node] = whole.normal.tables[first[stem].node]
    output = _stem(whole, whole.homes[whole.normal.graph.output])
    last = next(f.node for f in whole.homes.values() if f.born == loops + 1 and _stem(whole, f) == output)
    homes = {f.node: replace(f, dies=min(f.dies - 1, loops)) for f in kept}
    for index, f in whole.homes.items():
        if 1 <= f.born <= loops + 1:
            dies = loops + 1 if index == last else f.dies - 1
            homes[index] = replace(f, born=f.born - 1, dies=dies)
    scratch = {i: replace(f, born=f.born - 1, dies=f.dies - 1) for i, f in whole.scratch.items() if f.born > 1}
    graph = replace(whole.normal.graph, output=last)
    return replace(
        whole,
        normal=replace(whole.normal, graph=graph, tables=tables),
        depth=loops,
        layers=whole.layers[1 : loops + 1],
        homes=homes,
        scratch=scratch,
        digits_live=whole.digits_live[1 : loops + 2],
    )


def _stem(schedule: Schedule, field: Field) -> str:
    """The variable that a word is assigned to, whichever layer's it is: `pointer` of `pointer.3`."""
    return schedule.nodes[field.node].name.partition(".")[0]
