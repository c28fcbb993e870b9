"""Protocol = its transformer = its program = the compiled program = stock GPT-2 weights, with a certificate."""

import itertools

import numpy as np
import pytest

from logdepth.compiler.compile import compile_program
from logdepth.errors import InputError
from logdepth.lang import interpret
from logdepth.mpc import LocalEngine, Spec
from logdepth.simulation.one_port import OnePort, prefix_sums_by_doubling
from logdepth.simulation.protocol_to_transformer import protocol_to_transformer
from logdepth.simulation.rehearsal import rehearse
from logdepth.simulation.routers.registry import ROUTERS
from tests.gpt2 import hugging_face, logits


def check(made, strings, alphabet_size):
    """All forms of a one-port protocol on all strings; the compilation."""
    q = strings.shape[1]
    spec = Spec(q, 40, q)
    protocol = made.protocol(spec)
    want = np.stack([LocalEngine().run(protocol, made.place(string)).result for string in strings])
    rehearsal = rehearse(protocol, made.place(strings[0]))
    for router in ("ports", "sums"):
        ours = protocol_to_transformer(protocol, rehearsal.traffic(pairs=router == "ports"), ROUTERS[router])
        for string, answer in list(zip(strings, want, strict=True))[:3]:
            result, communications = ours.run(made.place(string))
            assert result.tolist() == answer.tolist() and communications == len(made.sources)
    compiled = compile_program(made.program(), length=q, alphabet_size=alphabet_size)
    assert compiled.certificate.holds
    assert (interpret(compiled.graph, strings)[:, 1:] == want).all()
    vocabulary = compiled.graph.vocabulary
    best = logits(hugging_face(compiled), vocabulary.encode(strings, None)).argmax(-1)
    assert all(vocabulary.answers(row[1:]).tolist() == answer.tolist() for row, answer in zip(best, want, strict=True))
    return compiled


@pytest.mark.parametrize("q", [2, 5, 6])
def test_prefix_sums_on_every_input(q):
    strings = np.array(list(itertools.product(range(3), repeat=q)))[:: max(3**q // 100, 1)]
    made = prefix_sums_by_doubling(q)
    compiled = check(made, strings, 3)
    assert compiled.transformer.depth == len(made.sources)
    protocol = made.protocol(Spec(q, 40, q))
    results = [LocalEngine().run(protocol, made.place(string)).result for string in strings]
    assert (np.stack(results) == np.cumsum(strings, 1)).all()


def test_sixteen_machines():
    strings = np.random.default_rng(0).integers(0, 4, (40, 16))
    assert check(prefix_sums_by_doubling(16), strings, 4).transformer.depth == 4


def test_any_known_ports_and_another_step():
    """A broadcast from machine 1, then random ports; the larger word wins."""
    from logdepth.lang import Word, maximum

    def larger(own, received):
        return maximum(own, received) if isinstance(own, Word) else np.maximum(own, received)

    rng = np.random.default_rng(1)
    sources = ((1,) * 7, *(tuple(int(rng.integers(0, p + 1)) for p in range(1, 8)) for _ in range(2)))
    check(OnePort("largest", sources, larger), rng.integers(0, 5, (30, 7)), 5)


@pytest.mark.parametrize(
    ("sources", "step", "says"),
    [
        (((0, 3, 1),), lambda a, b: a + b, "machine 2 hears from 3 in round 0; under a causal mask from 0..2"),
        (((0, 1), (0,)), lambda a, b: a + b, r"sources\[1\] is for 1 machines; there are 2"),
        (((0, 1),), lambda a, b: a + b + 1, r"step\(0, 0\) is not 0"),
    ],
)
def test_what_is_not_in_the_class_is_refused(sources, step, says):
    with pytest.raises(InputError, match=says):
        OnePort("odd", sources, step)


def test_another_number_of_machines():
    with pytest.raises(InputError, match="is for 4 machines; the spec has 5"):
        prefix_sums_by_doubling(4).protocol(Spec(5, 40, 5))
