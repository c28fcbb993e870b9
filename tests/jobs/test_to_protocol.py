"""Models of every kind out of folders, as protocols: the same answers; and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.simulation.models import stock

from logdepth.compiled.model import compile
from logdepth.errors import InputError
from logdepth.jobs.opened_model import OpenedModel, open_model
from logdepth.jobs.to_protocol import ToProtocol, run_to_protocol
from logdepth.jobs.trained_models import simulated
from logdepth.models.build import build_model
from logdepth.models.config import ModelConfig
from logdepth.programs import khop_rank
from logdepth.simulation.transformer_to_protocol import transformer_to_protocol
from logdepth.tasks.khop import random_strings, solve
from logdepth.train.loop import train
from logdepth.train.recipes import fast


@pytest.fixture(scope="module")
def strings() -> np.ndarray:
    return random_strings(1, 30, 4, seed=1)


@pytest.fixture(scope="module")
def khop(tmp_path_factory, strings) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("khop")
    model = compile(khop_rank, length=30, alphabet=4, k=5)
    model.save(folder / "model")
    np.save(folder / "tokens.npy", model.encode(strings)[0])
    return str(folder / "model"), str(folder / "tokens.npy")


@pytest.mark.parametrize("form", ["faithful", "blocked"])
@pytest.mark.parametrize("bits", [64, 32, 16])
def test_a_compiled_model_answers_the_same_everywhere(khop, strings, form, bits):
    found = run_to_protocol(ToProtocol(*khop, form=form, word_bits=bits))
    assert found.different_answers == 0 and found.max_abs_difference < {64: 1e-12, 32: 1e-5, 16: 0.1}[bits]
    want = solve(strings, 5, 4)[0]
    np.testing.assert_array_equal(found.run.result.argmax(-1)[1:], found.reference.argmax(-1)[1:])
    answers = found.run.result[1:].argmax(-1)
    assert len(np.unique(np.stack([want, answers]), axis=1).T) == len(np.unique(want))  # one token id an answer
    facts = found.facts()
    assert facts["num_rounds"] == found.simulation.plan.num_rounds and facts["max_words_sent"] <= facts["local_memory"]
    if form == "faithful":
        depth = facts["tree_depth"]
        assert (facts["num_rounds"], facts["num_rounds_fused"]) == (4 * (2 * depth + 2), 8 * depth + 2)
        assert facts["num_rounds_paper"] == 4 * (2 * depth + 3) and facts["least_memory"] <= facts["local_memory"]


def test_a_trained_run_answers_the_same(tmp_path, strings):
    train(fast(2, length=30, max_k=3, steps=8, embed_dim=16, num_heads=2, batch_size=4), tmp_path / "run")
    tokens = np.concatenate([[2], strings[0] + 4])
    np.save(tmp_path / "t.npy", tokens[None])
    for options in ({"form": "faithful"}, {"memory": 900}, {}):
        found = run_to_protocol(ToProtocol(str(tmp_path / "run"), str(tmp_path / "t.npy"), **options))
        assert found.opened.kind == "run" and found.different_answers == 0 and found.max_abs_difference < 1e-12


@pytest.mark.parametrize(
    "options",
    [
        {"family": "modern", "positions": "rope", "num_loops": 3, "num_layers": 1},
        {"family": "modern", "positions": "learned", "causal": False},
        {"family": "paper", "positions": "learned"},
    ],
)
def test_every_family_that_attends(options):
    torch.manual_seed(1)
    config = ModelConfig(vocab_size=9, max_length=20, embed_dim=16, num_heads=2, **{"num_layers": 2, **options})
    model = build_model(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    tokens = np.random.default_rng(0).integers(0, 9, 13)
    ours = simulated(model, np.dtype(np.float64), 13)
    want = OpenedModel("", "run", model).reference(tokens)
    assert want.std() > 0.1
    for form in ("faithful", "blocked"):
        np.testing.assert_allclose(transformer_to_protocol(ours, 13, form=form).run(tokens).result, want, atol=1e-12)


def test_a_family_without_attention_is_named():
    model = build_model(ModelConfig("lstm", vocab_size=9, max_length=20, num_heads=0, positions="none"))
    with pytest.raises(InputError, match="the lstm model has no attention"):
        simulated(model, np.dtype(np.float64), 5)
    learned = build_model(ModelConfig("modern", vocab_size=9, max_length=8, positions="learned"))
    with pytest.raises(InputError, match="there are 9 tokens; the model takes 8 at most"):
        simulated(learned, np.dtype(np.float64), 9)


def test_a_stock_folder(tmp_path):
    stock("llama tied, biased").save_pretrained(tmp_path / "llama")
    np.save(tmp_path / "t.npy", np.arange(20))
    found = run_to_protocol(ToProtocol(str(tmp_path / "llama"), str(tmp_path / "t.npy"), memory=300, word_bits=32))
    assert found.opened.kind == "Hugging Face" and found.max_abs_difference < 1e-5


def test_folders_that_cannot_be(tmp_path):
    def refused(path: object, message: str) -> None:
        with pytest.raises(InputError, match=message):
            open_model(str(path))

    refused(tmp_path / "none", "is not a folder")
    refused(tmp_path, "holds no model")
    for content, message in (
        ("{", "config.json is damaged"),
        ('{"model_type": "t5"}', "of type 't5', which is not known; there are: gpt2"),
        ('{"model_type": "gpt2", "architectures": ["GPT2DoubleHeadsModel"]}', "is a GPT2DoubleHeadsModel"),
        ('{"model_type": "gpt2"}', "is a None"),
        ('{"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}', "the weights do not load"),
    ):
        (tmp_path / "config.json").write_text(content)
        refused(tmp_path, message)
