"""k-hop in both constructions: compiled = interpreted = reference, on stock Hugging Face code."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from logdepth import theory
from logdepth.compiled.verify import random_string
from logdepth.compiler.compile import Compilation, compile_program
from logdepth.lang import interpret
from logdepth.programs import khop_doubling, khop_doubling_any, khop_rank, khop_rank_any
from logdepth.rng import rng_for
from logdepth.tasks.khop import solve, solve_by_definition
from logdepth.vocabulary import Vocabulary
from tests.gpt2 import hugging_face, logits, margin

CONSTRUCTIONS = {
    "rank": (khop_rank, khop_rank_any, theory.khop_depth_rank),
    "doubling": (khop_doubling, khop_doubling_any, theory.khop_depth_doubling),
}


def check(compilation: Compilation, strings: np.ndarray, k: int, attention: str = "eager") -> None:
    setting = compilation.graph.setting
    size, headers = setting.alphabet_size, setting.header_size
    header = np.full(len(strings), k) if headers else None
    answers = solve(strings, k, size)
    assert (interpret(compilation.graph, strings, header=header)[:, 1:] == answers).all()
    first = headers + size + 1 if headers else size
    want = np.concatenate([np.full((len(strings), 1), first), answers + headers], 1)
    scores = logits(hugging_face(compilation, attention), compilation.graph.vocabulary.encode(strings, header))
    assert scores.shape[-1] == (headers + size + 2 if headers else size + 1)
    assert margin(scores, want) >= compilation.certificate.margin


def strings_of_every_kind(length: int, size: int, count: int, seed: int = 0) -> np.ndarray:
    """Uniform, repeat-free, all-equal, two-symbol and periodic strings."""
    rng = rng_for(seed, "tests", length, size)
    return np.stack([random_string(rng, length, size, kind) for kind in range(count)])


@pytest.mark.parametrize("name", CONSTRUCTIONS)
def test_every_short_string_and_every_k(name: str) -> None:
    """Every string of length <= 7 over 3 symbols (the mask is causal: prefixes of those of length 7), k <= 15."""
    program, _, depth = CONSTRUCTIONS[name]
    strings = np.array(list(itertools.product(range(3), repeat=7)))
    some = strings[::97]
    for k in range(16):
        compilation = compile_program(program, length=7, alphabet_size=3, k=k)
        assert compilation.transformer.depth == depth(k)
        check(compilation, strings, k)
        for n in range(1, 7):  # as sequences of their own
            check(compilation, strings[: 3**n, -n:], k)
        assert [solve_by_definition(s.tolist(), k, 3) for s in some] == solve(some, k, 3).tolist()
        tokens = Vocabulary(3).encode(strings)
        for attention in ("hard", "soft"):
            assert (compilation.transformer.run(tokens, attention)[:, 1:] == solve(strings, k, 3)).all()


def test_rank_every_k_to_63() -> None:
    strings = strings_of_every_kind(100, 4, 40)
    for k in range(1, 64):
        check(compile_program(khop_rank, length=100, alphabet_size=4, k=k), strings, k)


def test_rank_every_alphabet_to_64() -> None:
    for size in range(1, 65):
        check(
            compile_program(khop_rank, length=100, alphabet_size=size, k=13), strings_of_every_kind(100, size, 16), 13
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rank_at_length_256(dtype: str) -> None:
    compilation = compile_program(khop_rank, length=256, alphabet_size=4, k=31, dtype=dtype)
    check(compilation, strings_of_every_kind(256, 4, 16), 31, "sdpa")


@pytest.mark.parametrize("k", [1, 2, 3, 7, 8, 255, 256])
def test_doubling(k: int) -> None:
    compilation = compile_program(khop_doubling, length=300, alphabet_size=17, k=k)
    assert compilation.transformer.depth == theory.khop_depth_doubling(k)
    check(compilation, strings_of_every_kind(300, 17, 12), k, "sdpa")
    check(compilation, strings_of_every_kind(300, 2, 4), k)


@pytest.mark.slow
def test_doubling_large() -> None:
    compilation = compile_program(khop_doubling, length=4096, alphabet_size=1024, k=256)
    check(compilation, strings_of_every_kind(4096, 1024, 3), 256, "sdpa")
    check(compilation, strings_of_every_kind(4096, 2, 2), 256, "sdpa")


@pytest.mark.parametrize("name", CONSTRUCTIONS)
@pytest.mark.parametrize("most", [0, 1, 2, 3, 4, 7, 8, 16])
def test_one_model_for_every_k(name: str, most: int) -> None:
    _, program, depth = CONSTRUCTIONS[name]
    compilation = compile_program(program, length=98, alphabet_size=4, header_size=most + 1, max_k=most)
    assert compilation.transformer.depth == depth(most)
    for k in range(most + 1):
        check(compilation, strings_of_every_kind(98, 4, 10, k), k)


def test_sizes() -> None:
    def parameters(program, **sizes) -> int:
        return compile_program(program, **sizes).export().num_parameters

    assert parameters(khop_doubling, length=100, alphabet_size=4, k=8) < 100_000
    assert parameters(khop_rank, length=100, alphabet_size=4, k=16) < 400_000
    assert parameters(khop_rank, length=1000, alphabet_size=26, k=15) < 2_000_000
