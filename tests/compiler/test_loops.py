"""One block, looped: layers equal to the bit, answers those of the definition, and what is no loop refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from logdepth.compiler.loops import compile_loops
from logdepth.errors import ProgramError
from logdepth.lang import Position, Symbol, at, last, program, theirs
from logdepth.programs import khop_loops
from logdepth.tasks.khop.solver import solve
from tests.gpt2 import hugging_face, logits, margin


def right(strings: np.ndarray, loops: int, alphabet: int, ids) -> np.ndarray:
    found = solve(strings, 1 << (loops - 2), alphabet)
    return ids.answer_ids(np.concatenate([np.full((len(strings), 1), alphabet), found], 1))


@pytest.mark.parametrize("loops", [2, 3, 4, 5])
def test_every_short_string(loops: int) -> None:
    model = compile_loops(khop_loops, loops, length=6, alphabet_size=2)
    strings = np.array(list(itertools.product(range(2), repeat=6)))
    ids = model.compilation.graph.vocabulary
    want = right(strings, loops, 2, ids)
    stock = hugging_face(model.compilation)
    assert margin(logits(stock, ids.encode(strings)), want) >= model.certificate.margin
    assert (model.compilation.transformer.run(ids.encode(strings), "hard") == want)[:, 1:].all()


def test_one_block_is_applied_again_and_again() -> None:
    loops, rng = 8, np.random.default_rng(0)
    model = compile_loops(khop_loops, loops, length=128, alphabet_size=4)
    ids = model.compilation.graph.vocabulary
    no_repeats = np.cumsum(rng.integers(1, 4, (8, 128)), 1) % 4
    strings = np.concatenate([rng.integers(0, 4, (8, 128)), no_repeats, np.zeros((1, 128), np.int64)])
    stock = hugging_face(model.compilation)
    stock.transformer.h = torch.nn.ModuleList([stock.transformer.h[0]] * loops)
    stock.config.use_cache = False
    scores = logits(stock, ids.encode(strings))
    assert margin(scores, right(strings, loops, 4, ids)) >= model.certificate.margin > 1.9
    assert model.num_parameters < model.unrolled.num_parameters / 6


@program
def swapped(x: Symbol, position: Position, loops: int):
    """Two words, each read where the other was."""
    other = x.hi - x
    for _ in range(loops):
        before = at(position - 1).read(x)
        x = at(position).read(other)
        other = before
    return x


@program
def two_kinds(x: Symbol, position: Position, loops: int):
    """What is matched on is not replaced, but stays."""
    before = at(position - 1).read(x)
    pointer = position
    for _ in range(loops):
        pointer = last(where=theirs(before) == x).read(pointer)
    return pointer


def test_what_is_no_loop_is_refused() -> None:
    for each in (two_kinds, swapped):
        with pytest.raises(ProgramError, match="in a loop every word must begin as a word of its own"):
            compile_loops(each, 3, length=9, alphabet_size=3)
