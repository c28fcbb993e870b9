"""Rivals against the implementations and definitions that they stand for."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from logdepth.errors import InputError
from logdepth.models import deltanet, mamba2
from logdepth.models.attention import FullAttention, KernelAttention
from logdepth.models.build import build_model
from logdepth.models.config import ModelConfig
from logdepth.models.deltanet import DeltaLayer, delta_rule
from logdepth.models.families import FAMILIES, find_family
from logdepth.models.gnn import symbol_graph, told_graph
from logdepth.models.inside import attention_of
from logdepth.models.linear import LinearAttention
from logdepth.models.mamba2 import Mamba2Layer, scan
from logdepth.models.norm import RmsNorm
from logdepth.models.performer import PerformerAttention
from logdepth.models.recurrent import RecurrentBlock, RecurrentModel
from logdepth.models.short_convolution import ShortConvolution
from logdepth.models.thinking import ThinkingTransformer
from logdepth.models.windows import NO_STRIDE, SparseAttention
from logdepth.separations.sparse import seen
from logdepth.tasks.lessons import ConnectivityLesson, CycleLesson
from logdepth.train.recipes import plain

RECURRENT = [name for name in FAMILIES if issubclass(find_family(name), RecurrentModel)]
SIZES: dict[str, Any] = {"embed_dim": 64, "max_k": 3, "length": 20, "alphabet_size": 3}


def rows(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_mamba_is_transformers_own() -> None:
    from transformers import Mamba2Config
    from transformers.models.mamba2.modeling_mamba2 import Mamba2Mixer

    config = Mamba2Config(
        hidden_size=64, num_heads=4, head_dim=32, state_size=16, n_groups=1, chunk_size=32, num_hidden_layers=1
    )
    theirs, ours = Mamba2Mixer(config, 0).eval(), Mamba2Layer(64, 16)
    with torch.no_grad():
        for name, value in (
            ("enter.weight", theirs.in_proj.weight),
            ("convolution.filter.weight", theirs.conv1d.weight),
            ("convolution.filter.bias", theirs.conv1d.bias),
            ("step_bias", theirs.dt_bias),
            ("log_rate", theirs.A_log),
            ("skip", theirs.D.copy_(rows(4))),
            ("gated_norm.weight", theirs.norm.weight.copy_(rows(128, seed=1))),
            ("leave.weight", theirs.out_proj.weight),
        ):
            ours.get_parameter(name).copy_(value)
        x = rows(2, 150, 64, seed=2)
        torch.testing.assert_close(ours.mix(x, ours.initial(2))[0], theirs(x), atol=2e-5, rtol=1e-4)


def test_gated_delta_is_transformers_own() -> None:
    from transformers import Qwen3NextConfig
    from transformers.models.qwen3_next.modeling_qwen3_next import Qwen3NextGatedDeltaNet

    heads = {"linear_num_value_heads": 2, "linear_num_key_heads": 2}
    sizes = {"linear_key_head_dim": 32, "linear_value_head_dim": 32, "linear_conv_kernel_dim": 4}
    config = Qwen3NextConfig(hidden_size=64, num_hidden_layers=1, layer_types=["linear_attention"], **heads, **sizes)
    theirs, ours = Qwen3NextGatedDeltaNet(config, 0).eval(), DeltaLayer(64, 128)
    packed = theirs.in_proj_qkvz.weight.detach().view(2, 4, 32, 64)  # a head's query, key, value, gate
    steps = theirs.in_proj_ba.weight.detach().view(2, 2, 64)
    with torch.no_grad():
        ours.enter.weight.copy_(torch.cat([packed.transpose(0, 1).reshape(256, 64), steps[:, 0], steps[:, 1]]))
        ours.convolution.filter.weight.copy_(theirs.conv1d.weight)
        ours.step_bias.copy_(theirs.dt_bias.copy_(rows(2)))
        ours.log_rate.copy_(theirs.A_log)
        ours.head_norm.weight.copy_(theirs.norm.weight.copy_(rows(32, seed=1)))
        ours.leave.weight.copy_(theirs.out_proj.weight)
        x = rows(2, 150, 64, seed=2)
        torch.testing.assert_close(ours.mix(x, ours.initial(2))[0], theirs(x), atol=2e-5, rtol=1e-4)


def test_recurrences_are_their_definitions() -> None:
    """Slot by slot, over more than a chunk, from a state that is not nothing."""
    x, b, c, h = rows(2, 150, 96), rows(2, 150, 5, seed=1), rows(2, 150, 5, seed=2), rows(2, 96, 5, seed=3)
    decay, step, skip = -rows(3, 2, 150, seed=4).abs(), rows(3, 2, 150, seed=10), rows(3, seed=11)
    found, last = scan(x, decay, step, b, c, skip, h)
    assert last is not None and found.shape == x.shape
    for t in range(150):
        kept, new = (part[:, :, t].exp().T.repeat_interleave(32, 1) for part in (decay, step))
        h = h * kept[:, :, None] + (new * x[:, t])[:, :, None] * b[:, t, None]
        wanted = (h * c[:, t, None]).sum(-1) + skip.repeat_interleave(32) * x[:, t]
        torch.testing.assert_close(found[:, t], wanted, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(last, h, atol=1e-4, rtol=1e-4)
    query, key, value = (rows(3, 2, 150, 4, seed=s) for s in (5, 6, 7))
    key = key / key.norm(dim=-1, keepdim=True)
    beta, table = rows(3, 2, 150, seed=8).sigmoid(), rows(2, 3, 4, 4, seed=9)
    found, last = delta_rule(query, key, value, decay, beta, table)
    table = table.transpose(0, 1)
    assert last is not None
    for t in range(150):
        table, k = table * decay[:, :, t, None, None].exp(), key[:, :, t, :, None]
        table = table + k * (beta[:, :, t, None] * (value[:, :, t] - (table * k).sum(-2)))[:, :, None]
        torch.testing.assert_close(found[:, :, t], (table * query[:, :, t, :, None]).sum(-2), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(last, table.transpose(0, 1), atol=1e-4, rtol=1e-4)


GRADIENTS = [(Mamba2Layer(32, 5), mamba2), (DeltaLayer(32, 64), deltanet)]


@pytest.mark.parametrize(("layer", "module"), GRADIENTS)
@pytest.mark.parametrize("chunk", [5, 128])
def test_written_out_gradients_are_those_of_differences(
    layer: RecurrentBlock, module: Any, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In float64, of every parameter, the rows and the states, over blocks and chunks, fewer or more than the slots."""
    monkeypatch.setattr(module, "CHUNK", chunk)
    if module is mamba2:
        monkeypatch.setattr(module, "BLOCK", 3)
    layer = layer.double()
    places = {name: rows(*part.shape, seed=s).double() for s, (name, part) in enumerate(layer.named_parameters())}
    state = tuple(rows(*part.shape, seed=7).double() for part in layer.initial(2))

    def run(x: Tensor, before: Tensor, after: Tensor, *parts: Tensor) -> tuple[Tensor, ...]:
        given = dict(zip(places, parts, strict=True))
        alone = torch.func.functional_call(layer, given, (x,))
        out, last = torch.func.functional_call(
            _Advance(layer), {f"layer.{n}": p for n, p in given.items()}, (x, before, after)
        )
        return alone, out, *last

    inputs = [part.requires_grad_() for part in (rows(2, 8, 32).double(), *state, *places.values())]
    assert torch.autograd.gradcheck(run, inputs, fast_mode=True)


class _Advance(torch.nn.Module):
    def __init__(self, layer: RecurrentBlock) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, *state: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        return self.layer.advance(x, state)


@pytest.mark.parametrize(("layer", "module"), GRADIENTS)
def test_extreme_decays_stay_finite(layer: RecurrentBlock, module: Any) -> None:
    """Slots that keep nothing and slots that keep all, steps of nothing and large ones: no overflow, no nan."""
    layer = layer.float()
    with torch.no_grad():
        for name, bias in layer.named_parameters():
            if name in ("step_bias", "log_rate"):
                bias.copy_(
                    torch.linspace(-200 if name == "step_bias" else 0, 200 if name == "step_bias" else 6, len(bias))
                )
    for weight in (-300.0, 0.0, 300.0):
        x = (rows(2, 150, 32) + weight).requires_grad_()
        out = layer(x)
        out.sum().backward()
        assert out.isfinite().all() and x.grad is not None and x.grad.isfinite().all()
        assert all(part.grad is not None and part.grad.isfinite().all() for part in layer.parameters())


@pytest.mark.parametrize("layer", [Mamba2Layer(32, 5), DeltaLayer(32, 64)])
def test_autocast_stops_at_what_is_written_out(layer: RecurrentBlock) -> None:
    x = rows(2, 9, 32).requires_grad_()
    wanted = torch.autograd.grad(layer(x).square().sum(), x)[0]
    with torch.autocast("cpu", torch.bfloat16):
        out = layer(x)
    found = torch.autograd.grad(out.square().sum(), x)[0]
    torch.testing.assert_close(found, wanted, atol=0.05, rtol=0.05)


def test_short_convolution_and_norm_are_torchs_own() -> None:
    """With what stands before and without, fewer slots than taps, gradients included."""
    for slots, bias in ((1, True), (2, False), (7, True)):
        layer, x = ShortConvolution(5, bias=bias).double(), rows(6, slots, 5).double().requires_grad_()
        before = rows(6, 5, 3, seed=1).double().requires_grad_()
        for given in (None, before):
            start = layer.initial(6) if given is None else given
            wanted = functional.silu(layer.filter(torch.cat([start, x.transpose(1, 2)], 2))).transpose(1, 2)
            inputs = [x, *([] if given is None else [before]), *layer.parameters()]
            _same_gradients(layer(x, given), wanted, inputs)
    norm, x = RmsNorm(8).double(), rows(3, 4, 8).double().requires_grad_()
    torch.nn.init.normal_(norm.weight)
    _same_gradients(norm(x), functional.rms_norm(x, (8,), norm.weight), [x, norm.weight])
    half = x.detach().bfloat16()
    assert torch.equal(RmsNorm(8).bfloat16()(half), functional.rms_norm(half, (8,), torch.ones(8).bfloat16()))


def _same_gradients(found: Tensor, wanted: Tensor, inputs: list[Tensor]) -> None:
    torch.testing.assert_close(found, wanted)
    weights = rows(*found.shape, seed=3).double()
    for one, other in zip(*(torch.autograd.grad(out, inputs, weights) for out in (found, wanted)), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("family", RECURRENT)
def test_a_recurrent_rival_goes_on_from_its_state(family: str) -> None:
    """And its state does not grow."""
    model = build_model(plain(1, family=family, **SIZES).model)
    x = rows(2, 90, 64)
    layer = model.layers[0]
    with torch.no_grad():
        whole, last = layer.advance(x, None)
        first, state = layer.advance(x[:, :37], None)
        rest, after = layer.advance(x[:, 37:], state)
    torch.testing.assert_close(torch.cat([first, rest], 1), whole, atol=1e-5, rtol=1e-4)
    for one, other in zip(last, after, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
    assert model.state_numbers(5) == model.state_numbers(500) == sum(part[0].numel() for part in last)


def test_a_performers_features_are_softmax_in_the_mean() -> None:
    torch.manual_seed(0)
    query, key, value = (rows(1, 2, 12, 8, seed=s) for s in range(3))
    exact = FullAttention(causal=True)(query, key, value, None)
    gaps = [
        float((PerformerAttention(8, features, True)(query, key, value, None) - exact).abs().mean())
        for features in (8, 64, 512, 4096)
    ]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < 0.1


@pytest.mark.parametrize("causal", [True, False])
def test_kernel_attention_is_sums(causal: bool) -> None:
    query, key, value = (rows(1, 2, 9, 4, seed=s) for s in range(3))
    attend: KernelAttention = LinearAttention(causal)
    keep: list[Tensor] = []
    found = attend(query, key, value, keep)
    assert torch.equal(found, attend(query, key, value, None))
    torch.testing.assert_close(keep[0].sum(-1), torch.ones(1, 2, 9))
    q, k = attend.features(query), attend.features(key)
    for i in range(9):
        upto = slice(0, i + 1 if causal else 9)
        table = k[:, :, upto].transpose(-1, -2) @ value[:, :, upto]
        read = (q[:, :, i : i + 1] @ table)[:, :, 0] / (q[:, :, i] * k[:, :, upto].sum(2)).sum(-1, keepdim=True)
        torch.testing.assert_close(found[:, :, i], read)


@pytest.mark.parametrize(("window", "stride"), [(1, 4), (3, NO_STRIDE), (2, 1)])
def test_windows_see_what_the_corollary_says(window: int, stride: int) -> None:
    query, key, value = (rows(1, 2, 15, 4, seed=s) for s in range(3))
    for causal in (True, False):
        attend, keep = SparseAttention(window, stride, causal), []
        mask = torch.from_numpy(seen(15, window, stride))
        mask = mask.tril() if causal else mask
        assert torch.equal(attend.mask(15, torch.device("cpu")), mask)
        torch.testing.assert_close(attend(query, key, value, keep), attend(query, key, value, None))
        assert ((keep[0] > 0) == mask).all()


def test_attention_of_rivals_is_what_they_use() -> None:
    """Rows add up to 1, whatever the way to attend."""
    for family in ("linear", "performer", "window", "longformer", "hybrid", "cot"):
        model = build_model(plain(2, family=family, **SIZES).model)
        for weights in attention_of(model, torch.randint(0, 7, (2, 21))):
            torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:3]))


@pytest.mark.parametrize("layers", [1, 2])
def test_a_thinkers_own_thoughts_are_those_of_its_whole_pass(layers: int) -> None:
    """Thinking keeps keys and values; the whole pass, over the same thoughts, says the same next."""
    torch.manual_seed(0)
    model = build_model(plain(layers, family="cot", **SIZES).model).eval()
    assert isinstance(model, ThinkingTransformer) and model.config.thoughts == 3 * model.thoughts_a_hop
    for readout in (model.unembed, model.point):
        torch.nn.init.normal_(readout.weight)
    ids = torch.randint(0, 7, (5, 21))
    thoughts = model.think(ids)
    with torch.no_grad():
        x = model._run(ids, thoughts)
        for number in range(model.config.thoughts):
            assert torch.equal(model.say(x[:, 20 + number], number), thoughts[:, number])
        assert torch.equal(model(ids)[:, -1], model.unembed(model.final_norm(x[:, -1])))


def test_graphs_of_strings_and_of_lessons() -> None:
    ids = torch.tensor([[9, 1, 2, 1, 1], [9, 2, 2, 1, 2]])
    edges, relation = symbol_graph(ids)
    pairs = {(int(a), int(b), int(r)) for (a, b), r in zip(edges.T, relation, strict=True)}
    assert {(a, b) for a, b, r in pairs if r == 0} == {(1, 2), (2, 3), (3, 4), (6, 7), (7, 8), (8, 9)}
    assert {(a, b) for a, b, r in pairs if r == 2} == {(1, 3), (3, 4), (6, 7), (7, 9)}
    for new, old in ((1, 0), (3, 2)):
        assert {(b, a) for a, b, r in pairs if r == new} == {(a, b) for a, b, r in pairs if r == old}
    for form in ("pairs", "edges"):
        for lesson in (ConnectivityLesson.of_size(8, form=form), CycleLesson.of_size(8, form=form)):
            strings = lesson.strings(3)
            slots = lesson.length + 1
            edges, relation = told_graph(torch.from_numpy(lesson.encode(strings, 2)), lesson.ids)
            told = {tuple(pair) for pair in edges[:, relation == 0].T.tolist()}
            first = lesson.vertex_slots.start
            wanted = set()
            for row, listed in enumerate(lesson.ids.edges_of(strings)):
                for u, w in listed[listed[:, 0] >= 0].tolist():
                    wanted |= {(row * slots + first + a, row * slots + first + b) for a, b in ((u, w), (w, u))}
            assert told == wanted
            sources = edges[:, relation == 1].T.tolist()
            of = lesson.ids.sources_of(strings)
            assert sources == [[r * slots + 1, r * slots + first + int(v)] for r, v in enumerate(of) if v >= 0]
            assert (relation == 2).sum() == 3 * 8


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("lstm", {"num_heads": 4}, "the lstm model has num_heads = 0: its layers can be watched, it has no heads"),
    ("mamba2", {"embed_dim": 24}, "its width is a multiple of 16"),
    ("deltanet", {"embed_dim": 48}, "its width is a multiple of 32"),
    ("hybrid", {"num_layers": 1}, "has linear and full layers: 2 at least"),
    ("gru", {"window": 4}, "the gru model has no use for window"),
    ("linear", {"features": 9}, "the linear model has no use for features"),
    ("longformer", {"stride": 0}, "stride is 0; it must be at least 1"),
    ("cot", {"thoughts": 0}, "give it 1 thought at least"),
    ("gnn", {"causal": True}, "the gnn model has causal = False"),
]


@pytest.mark.parametrize(("family", "change", "message"), BAD)
def test_rivals_that_cannot_be(family: str, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        plain(**{"num_layers": 2, "family": family, **SIZES, **change})


def test_message_passing_needs_a_graph_and_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = find_family("gnn").defaults
    with pytest.raises(InputError, match="needs a graph: symbols, pairs, edges"):
        ModelConfig("gnn", 7, 5, **fixed)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr("logdepth.models.gnn.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"PyTorch Geometric is not installed: pip install 'logdepth\[gnn\]'"):
        ModelConfig("gnn", 7, 5, graph="symbols", **fixed)
