"""The certificate: it holds where it says so, refuses where it must, and is not far from the first error."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from logdepth.compiler.compile import compile_program, largest_certified_length
from logdepth.compiler.mirrored import snaps_to_one
from logdepth.compiler.schedule import Schedule
from logdepth.compiler.targets.gpt2 import certify, transformer_to_gpt2
from logdepth.errors import CertificateError, InputError, ProgramError
from logdepth.lang import Position, Symbol, at, count, interpret, program, theirs
from logdepth.programs import khop_doubling, khop_rank
from logdepth.transformer import RowFunction
from tests.compiler.test_khop import check, strings_of_every_kind
from tests.gpt2 import hugging_face, logits, margin


def test_float32_is_refused_with_the_largest_length_that_holds() -> None:
    limit = largest_certified_length(khop_rank, below=4096, alphabet_size=4, k=3)
    assert 1000 <= limit < 4096
    with pytest.raises(CertificateError, match=f"float32 holds up to length {limit:,} for this program; use float64"):
        compile_program(khop_rank, length=4096, alphabet_size=4, k=3)
    assert compile_program(khop_rank, length=limit, alphabet_size=4, k=3).certificate.holds
    assert compile_program(khop_rank, length=4096, alphabet_size=4, k=3, dtype="float64").certificate.holds


def test_certified_lengths_that_were_asked_for() -> None:
    assert compile_program(khop_rank, length=256, alphabet_size=4, k=63).certificate.holds
    assert compile_program(khop_rank, length=1000, alphabet_size=26, k=15).certificate.holds
    assert compile_program(khop_rank, length=1000, alphabet_size=64, k=63, dtype="float64").certificate.holds
    assert compile_program(khop_doubling, length=8192, alphabet_size=1024, k=256).certificate.holds


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_bfloat16_where_it_holds(attention: str) -> None:
    for program_, length in ((khop_rank, 9), (khop_doubling, 60)):
        compilation = compile_program(program_, length=length, alphabet_size=4, k=9, dtype="bfloat16")
        check(compilation, strings_of_every_kind(length, 4, 24), 9, attention)
    with pytest.raises(CertificateError, match="bfloat16 holds up to length"):
        compile_program(khop_rank, length=60, alphabet_size=4, k=9, dtype="bfloat16")


def test_counts_at_the_edge_of_float32() -> None:
    """All-equal and two-symbol strings: ranks up to n, where 1/(1+r) and 1/(2+r) are closest."""

    @program
    def rank(x: Symbol):
        return count(where=theirs(x) == x)

    length = largest_certified_length(rank, below=4096, alphabet_size=2)
    assert length > 1500
    compilation = compile_program(rank, length=length, alphabet_size=2)
    strings = np.stack([np.zeros(length, int), np.ones(length, int), np.arange(length) % 2, np.arange(length) > 5])
    strings = strings.astype(int)
    truth = np.stack([[(s[: i + 1] == s[i]).sum() for i in range(length)] for s in strings])
    want = np.concatenate([np.zeros((4, 1), int), truth], 1) + 3  # numbers have ids of their own, after the symbols
    tokens = np.concatenate([np.full((4, 1), 2), strings], 1)
    for attention in ("eager", "sdpa"):
        assert margin(logits(hugging_face(compilation, attention), tokens), want) >= compilation.certificate.margin


def test_late_counts_at_their_limits() -> None:
    """Several counts in one layer, behind look-ups, as long as float32 and bfloat16 are certified to hold."""

    @program
    def late(x: Symbol, position: Position):
        before = at(position - 1).read(x)
        return count(where=theirs(before) == x) + count(where=theirs(x) == before) - count()

    for dtype, below in (("float32", 2000), ("bfloat16", 60)):
        length = largest_certified_length(late, below=below, alphabet_size=2, dtype=dtype)
        assert length > (1000 if dtype == "float32" else 2)
        compilation = compile_program(late, length=length, alphabet_size=2, dtype=dtype)
        i = np.arange(length)
        strings = np.stack([0 * i, i % 2, (i > 3) * 1, np.random.default_rng(0).integers(0, 2, length)])
        words = interpret(compilation.graph, strings)
        node = compilation.graph.nodes[compilation.graph.output]
        want = words - node.lo + 3
        tokens = np.concatenate([np.full((4, 1), 2), strings], 1)
        for attention in ("eager", "sdpa"):
            assert margin(logits(hugging_face(compilation, attention), tokens), want) >= compilation.certificate.margin


def test_bfloat16_gains_are_stored_closely_or_not_believed() -> None:
    """A gain rounded to 8 bits may turn a bit into 0.996: then the proof counts on no exact bit."""
    assert snaps_to_one(0.0, 1e-5) and snaps_to_one(0.0038, 1e-5)
    assert not snaps_to_one(-0.0020, 1e-5) and not snaps_to_one(0.0040, 1e-5)
    one = torch.tensor(1.0, dtype=torch.bfloat16)
    for error in np.linspace(-0.006, 0.006, 1201):
        if snaps_to_one(float(error), 1e-6):
            assert torch.tensor(1 + error, dtype=torch.float64).to(torch.bfloat16) == one


def test_a_wrong_schedule_does_not_pass() -> None:
    """The norm rests on how many bits are live: a schedule that miscounts them is caught, not certified."""
    compilation = compile_program(khop_rank, length=20, alphabet_size=4, k=3)
    schedule = compilation.schedule
    live = list(schedule.digits_live)
    live[1] += 1
    wrong: Schedule = dataclasses.replace(schedule, digits_live=tuple(live))
    with pytest.raises(AssertionError):
        certify(wrong, compilation.transformer, compilation.shape, "float32")


def test_a_gate_off_its_lattice_does_not_pass() -> None:
    compilation = compile_program(khop_rank, length=20, alphabet_size=4, k=3)
    model = compilation.transformer
    layer = model.layers[1]
    assert layer.map is not None and not isinstance(layer.map, RowFunction)
    bent = dataclasses.replace(layer.map, bias=layer.map.bias + 0.4)
    layers = (model.layers[0], dataclasses.replace(layer, map=bent), *model.layers[2:])
    with pytest.raises(AssertionError):
        certify(compilation.schedule, dataclasses.replace(model, layers=layers), compilation.shape, "float32")


def test_arbitrary_row_functions_run_but_are_not_exported() -> None:
    compilation = compile_program(khop_rank, length=8, alphabet_size=3, k=2)
    model = compilation.transformer
    circuit = model.layers[1].map
    assert circuit is not None
    free = RowFunction(lambda row, index: circuit(row[None])[0])
    layers = (model.layers[0], dataclasses.replace(model.layers[1], map=free), *model.layers[2:])
    changed = dataclasses.replace(model, layers=layers)
    tokens = np.array([[3, 0, 1, 0, 2, 0, 1, 0, 0]])
    assert (changed.run(tokens, "soft") == model.run(tokens, "soft")).all()
    with pytest.raises(InputError, match="layer 2: its row-wise map is an arbitrary function"):
        transformer_to_gpt2(changed, compilation.schedule, compilation.shape, compilation.certificate, 3)


def test_bidirectional_programs_are_refused_by_gpt2() -> None:
    @program(causal=False)
    def following(x: Symbol, position: Position):
        return at(position + 1).read(x)

    with pytest.raises(ProgramError, match="bidirectional"):
        compile_program(following, length=5, alphabet_size=2)


def test_unknown_dtype() -> None:
    with pytest.raises(InputError, match="dtype is 'float16'"):
        compile_program(khop_rank, length=5, alphabet_size=2, k=1, dtype="float16")
