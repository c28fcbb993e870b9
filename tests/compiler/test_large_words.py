"""Words at the cap of their range: interpreter, exact transformer and GPT-2 against Python's own integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logdepth.compiler.compile import compile_program
from logdepth.errors import CertificateError, ProgramError
from logdepth.joins import combine, join
from logdepth.lang import (
    Position,
    Program,
    Symbol,
    Word,
    at,
    count,
    interpret,
    last,
    lowest,
    maximum,
    minimum,
    program,
    select,
    theirs,
)
from logdepth.lang.words import MAX_VALUE
from logdepth.vocabulary import Vocabulary
from tests.brute import brute_force
from tests.gpt2 import hugging_face, logits

offsets = st.sampled_from([MAX_VALUE, -MAX_VALUE, MAX_VALUE - 5, 5 - MAX_VALUE, MAX_VALUE // 2, 1, 0])
steps = st.lists(st.tuples(st.integers(0, 8), offsets, st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=4)


def step(operation: int, offset: int, a: Word, b: Word) -> Word:
    far = a + (offset - (a.hi if offset > 0 else a.lo))  # one end of its range is the offset
    match operation:
        case 0:
            return select(far < b, a, b)
        case 1:
            return select(far == b + offset // 3, a, far - offset)
        case 2:
            return minimum(far, b) - minimum(far, 0)
        case 3:
            return maximum(far, b) - far
        case 4:
            return select(far <= far - 1, 0, 1)
        case 5:
            return far - offset // 2 - offset // 2
        case 6:
            return last(where=theirs(far) == far).read(b)
        case 7:
            return count(where=(theirs(far) == far, b == theirs(b)))
        case _:
            return select(far - b < offset, 1, b)


def written(steps) -> Program:
    @program
    def large(x: Symbol, position: Position):
        words = [x, at(position - 1).read(x), position]
        for operation, offset, i, j in steps:
            words.append(step(operation, offset, words[i % len(words)], words[j % len(words)]))
        return minimum(maximum(words[-1], -3), 9)

    return large


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(steps)
def test_at_the_cap_everything_is_exact(steps) -> None:
    marked = written(steps)
    strings = np.random.default_rng(len(steps)).integers(0, 4, (4, 7))
    try:
        graph = marked.trace(length=7, alphabet_size=4)
    except ProgramError as error:  # beyond the cap is refused
        if "over 40 bits" not in str(error):
            raise
        return
    truth = [brute_force(graph, string.tolist()) for string in strings]
    assert interpret(graph, strings).tolist() == truth
    found = compile_program(marked, length=7, alphabet_size=4, dtype="float64", certified=False)
    tokens = Vocabulary(4).encode(strings)
    want = np.array(truth) - graph.nodes[graph.output].lo + 5
    assert (found.transformer.run(tokens, "hard") == want).all()
    if found.certificate.holds:
        assert (logits(hugging_face(found), tokens).argmax(-1) == want).all()


@pytest.mark.slow
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps)
def test_at_the_cap_many_more(steps) -> None:
    test_at_the_cap_everything_is_exact.hypothesis.inner_test(steps)


def test_an_order_that_float64_cannot_hold_is_refused() -> None:
    @program
    def far(x: Symbol, position: Position):
        return lowest(by=select(x == 1, MAX_VALUE, -MAX_VALUE)).read(x)

    with pytest.raises(CertificateError):
        compile_program(far, length=4000, alphabet_size=3, dtype="float64")


def test_many_wide_pairs_are_one_code() -> None:
    """Each pair alone takes 41 bits; codes of many must not wrap, nor those whose two sides lie far apart."""
    rng = np.random.default_rng(0)
    chosen = np.array([-MAX_VALUE, -1, 0, 1, MAX_VALUE])
    for pairs in (1, 2, 3, 5):
        keys = [rng.choice(chosen, (2, 40)) for _ in range(pairs)]
        queries = [rng.choice(chosen, (2, 40)) for _ in range(pairs)]
        codes, asked = combine(keys, queries)
        assert codes.min() >= 0 and asked.min() >= 0
        found = join("count", codes, asked, np.array([39, 39]), causal=False)
        for row in range(2):
            for i in range(40):
                same = [
                    j for j in range(1, 40) if all(k[row, j] == q[row, i] for k, q in zip(keys, queries, strict=True))
                ]
                assert found[row, i] == len(same)


def test_codes_of_extreme_values_are_renumbered() -> None:
    """Beyond what words hold: the join itself must not wrap either."""
    low, high = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    keys = [np.array([[low, high, 0, low]]), np.array([[high, low, 0, high]])]
    codes, asked = combine(keys, [np.roll(word, 1, 1) for word in keys])
    assert (codes[0, 0] == codes[0, 3]) and len(set(codes[0].tolist())) == 3 and (np.roll(codes, 1, 1) == asked).all()
