from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from logdepth.compiled.model import compile
from logdepth.errors import InputError
from logdepth.models.build import build_model
from logdepth.models.config import ModelConfig
from logdepth.models.inside import Edit, activations, attention_of, edited, trace
from logdepth.programs import khop_doubling_any
from logdepth.train.subject import load_subject

SMALL: dict[str, Any] = {"vocab_size": 11, "max_length": 12, "num_layers": 2, "num_heads": 2, "embed_dim": 16}
CONFIGS = {
    "rope": ModelConfig("modern", **SMALL),
    "learned": ModelConfig("modern", positions="learned", **SMALL),
    "looped": ModelConfig("modern", num_loops=3, **SMALL),
    "bidirectional": ModelConfig("modern", causal=False, **SMALL),
    "paper": ModelConfig("paper", positions="learned", dropout=0.1, **SMALL),
}


def model_of(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    model = build_model(CONFIGS[name]).eval()
    for parameter in model.parameters():  # no zero-initialised ones: they would hide everything
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, std=0.3)
    return model


def ids(count: int = 3, slots: int = 12) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).integers(0, 11, (count, slots)))


@pytest.mark.parametrize("name", CONFIGS)
def test_a_trace_has_every_layer_and_is_what_ran(name: str) -> None:
    model, config = model_of(name), CONFIGS[name]
    found = trace(model, ids())
    assert len(found.attention) == config.depth and len(found.residual) == config.depth + 1
    with torch.no_grad():
        assert np.allclose(found.logits, model(ids()).numpy(), atol=1e-6)
    for weights in found.attention:
        assert np.allclose(weights.sum(-1), 1, atol=1e-5)
        assert config.causal == bool((np.triu(weights, 1) == 0).all())
    # the kept attention is what the fused kernel used: heads' outputs are mixtures of the values with these weights
    values = activations(model, ids())
    again = attention_of(model, ids())
    assert all(np.allclose(a.numpy(), b, atol=1e-6) for a, b in zip(again, found.attention, strict=True))
    assert len(values.heads) == config.depth and values.heads[0].shape == (3, 12, 2, 8)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_causal_model_does_not_look_ahead(name: str) -> None:
    model, config = model_of(name), CONFIGS[name]
    before = ids(1)
    after = before.clone()
    after[0, -1] = (after[0, -1] + 1) % 11
    with torch.no_grad():
        same = torch.allclose(model(before)[0, :-1], model(after)[0, :-1], atol=1e-6)
    assert same == config.causal


@pytest.mark.parametrize("name", CONFIGS)
def test_edits_change_what_they_name_and_go_away(name: str) -> None:
    model, depth = model_of(name), CONFIGS[name].depth
    plain = activations(model, ids())
    for layer in range(1, depth + 1):
        with edited(model, [Edit(layer, 1, torch.zeros_like)]), torch.no_grad():
            changed = activations(model, ids())
        assert torch.equal(changed.residual[layer - 1], plain.residual[layer - 1])
        assert not torch.equal(changed.residual[layer], plain.residual[layer])
        with edited(model, [Edit(layer, None, lambda x, layer=layer: plain.residual[layer])]), torch.no_grad():
            assert torch.equal(model(ids()), plain.logits)
    with torch.no_grad():
        assert torch.equal(model(ids()), plain.logits)


def test_a_looped_model_shares_its_weights() -> None:
    one = ModelConfig("modern", **{**SMALL, "num_layers": 1})
    six = ModelConfig("modern", num_loops=6, **{**SMALL, "num_layers": 1})
    sizes = [sum(p.numel() for p in build_model(config).parameters()) for config in (one, six)]
    assert sizes[0] == sizes[1] and six.depth == 6


def test_the_papers_model_has_its_parameters() -> None:
    """413,440 with two layers and 4 heads, 198,272 more for each further one (100 positions, vocabulary 30)."""
    for depth in (2, 5):
        config = ModelConfig("paper", 30, 100, num_layers=depth, positions="learned", dropout=0.1)
        model = build_model(config)
        assert sum(p.numel() for p in model.parameters()) == 413_440 + 198_272 * (depth - 2)
        assert model.state_dict()["backbone.h.0.attn.c_attn.weight"].shape == (128, 384)


def test_a_new_modern_model_is_undecided() -> None:
    logits = build_model(CONFIGS["rope"])(ids())
    assert torch.equal(logits, torch.zeros_like(logits))


def test_rope_runs_beyond_its_length_and_learned_positions_refuse() -> None:
    longer = ids(1, 20)
    assert model_of("rope")(longer).shape == (1, 20, 11)
    for name in ("learned", "paper"):
        with pytest.raises(InputError, match="20 slots; the model has positions for 12"):
            model_of(name)(longer)


def test_compiled_weights_load_into_a_trainable_model(tmp_path: Path) -> None:
    compile(khop_doubling_any, length=20, alphabet=4, header_size=6, max_k=5).save(tmp_path / "m")
    subject = load_subject(tmp_path / "m")
    assert (subject.task.questions, subject.construction, subject.longest) == (range(6), "doubling", 20)
    found = trace(subject.model, subject.encode(np.array([[0, 1, 0, 2, 1, 0]]), 3))
    assert len(found.attention) == subject.shape.depth


BAD = [
    ({"family": "mamba"}, "family is 'mamba'; there are: modern, paper, compiled, lstm"),
    ({"positions": "alibi"}, "positions are 'alibi'"),
    ({"num_layers": 0}, "num_layers is 0; it must be at least 1"),
    ({"hidden_dim": -1}, "hidden_dim is -1"),
    ({"num_heads": 3}, "embed_dim 16 is not a multiple of num_heads 3"),
    ({"num_heads": 16}, "rope needs an even head dimension; it is 1"),
    ({"dropout": 0.1}, "modern model has no dropout"),
    ({"dropout": 1.0}, "dropout is 1.0"),
    ({"family": "paper"}, "has positions = learned"),
    ({"family": "paper", "positions": "learned", "num_loops": 2}, "has num_loops = 1"),
    ({"family": "paper", "positions": "learned", "vocab_size": 17}, "reads its classes off 16 coordinates"),
    ({"family": "compiled", "positions": "learned"}, "stock"),
    ({"positions": "none"}, "modern model has positions"),
    ({"family": "paper", "positions": "learned", "num_heads": 0}, "num_heads is 0; it must be at least 1"),
    ({"num_heads": 0}, "num_heads is 0; it must be at least 1"),
    ({"family": "lstm"}, "the lstm model has num_heads = 0, positions = none"),
    ({"family": "lstm", "num_heads": -1, "positions": "none"}, "num_heads is -1; it must be at least 0"),
    ({"family": "lstm", "num_heads": 0, "positions": "none", "causal": False}, "has causal = True"),
    ({"stock": {}}, "stock"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_models(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ModelConfig(**{"family": "modern", **SMALL, **change})
