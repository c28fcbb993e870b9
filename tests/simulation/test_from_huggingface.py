"""Stock models in, the same logits out; whatever is not known is named."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import transformers as hf

from logdepth.errors import InputError
from logdepth.jobs.opened_model import OpenedModel
from logdepth.mpc import LocalEngine
from logdepth.simulation.from_huggingface import from_huggingface
from logdepth.simulation.transformer_to_protocol import transformer_to_protocol
from tests.simulation.models import GPT2, GROUPED, SMALL, STOCK, stock, tokens_for


@pytest.mark.parametrize("name", STOCK)
def test_the_same_logits(name):
    model = stock(name)
    double = from_huggingface(model, num_tokens=23)
    single = from_huggingface(model, num_tokens=23, dtype=np.float32)
    tokens = tokens_for(double, 23)
    want = OpenedModel("", "stock", model).reference(tokens)
    assert want.shape == (23, double.num_classes) and np.abs(want).max() > 0.5
    np.testing.assert_allclose(double.logits(tokens), want, atol=1e-12)
    for options in ({"form": "faithful"}, {"form": "faithful", "fused": True, "branching": 3}, {"memory": 700}):
        run = transformer_to_protocol(double, 23, **options).run(tokens)
        np.testing.assert_allclose(run.result, want, atol=1e-12)
        run = transformer_to_protocol(single, 23, **options).run(tokens)
        assert run.result.dtype == np.float32
        np.testing.assert_allclose(run.result, want, atol=1e-5 * np.abs(want).max())


@pytest.mark.parametrize("name", ["gpt2", "bert classes", "mistral"])
def test_padding_as_the_model_takes_it(name):
    model = stock(name)
    ours = from_huggingface(model, num_tokens=12)
    tokens, seen = tokens_for(ours, 12), np.arange(12) < 9
    model = model.double()
    for module in model.modules():
        if type(module).__name__.endswith("RMSNorm"):
            module.forward = lambda x, m=module: m.weight * x * (x.pow(2).mean(-1, True) + m.variance_epsilon).rsqrt()
    with torch.no_grad():
        mask = torch.tensor(seen)[None].long()
        want = model(input_ids=torch.tensor(tokens)[None], attention_mask=mask).logits[0].numpy()
    for options in ({"form": "faithful"}, {"memory": 900}):
        run = transformer_to_protocol(ours, 12, padded=True, **options).run(tokens, seen)
        np.testing.assert_allclose(run.result[seen], want[seen], atol=1e-12)


def test_tied_weights_are_one_array():
    model = from_huggingface(stock("gpt2"))
    assert model.readout.maps[-1].weight is model.embed.tokens


class Adapter(torch.nn.Linear):
    pass


def refused(model: object, message: str, **options: object) -> None:
    with pytest.raises(InputError, match=message):
        from_huggingface(model, **options)


def test_what_is_not_known_is_named():
    model = stock("gpt2")
    model.transformer.h[1].mlp.c_fc = Adapter(16, 64)
    refused(model, "module transformer.h.1.mlp.c_fc is a Adapter, which is not known")
    model = stock("llama")
    model.model.layers[0].register_forward_hook(lambda *_: None)
    refused(model, "module model.layers.0 has hooks")
    model = stock("llama")
    model.model.norm.forward = lambda x: x
    refused(model, "module model.norm has hooks")
    model = stock("gpt2")
    model.lm_head = type("Linear", (torch.nn.Linear,), {})(16, 31)
    refused(model, "module lm_head is a Linear, which is not known")
    model = stock("gpt2")
    model.transformer.h[0].mlp.act = torch.nn.ReLU()
    refused(model, "layer 0: its activation is not gelu_new, which its config names")
    tiny = {"vocab_size": 9, "hidden_size": 8, "num_layers": 1, "num_heads": 2, "attention_types": [[["global"], 1]]}
    refused(hf.GPTNeoForCausalLM(hf.GPTNeoConfig(**tiny)), "of a family that is not known .gpt_neo.; there are: gpt2,")
    refused(torch.nn.Linear(2, 2), "Linear is of a family that is not known")
    refused(hf.BertForSequenceClassification(hf.BertConfig(**SMALL)), "head that is not known.*BertForMaskedLM")
    refused(hf.GPT2LMHeadModel(hf.GPT2Config(**GPT2, add_cross_attention=True)), "GPT2LMHeadModel has cross-attention")
    refused(
        hf.GPT2LMHeadModel(hf.GPT2Config(**GPT2, activation_function="mish")),
        "mlp.act is a MishActivation, which is not known",
    )
    decoder = hf.BertConfig(**SMALL, is_decoder=True)
    refused(hf.BertModel(decoder), "is a decoder")
    rope = {"rope_type": "dynamic", "rope_theta": 500.0, "factor": 2.0}
    refused(hf.LlamaForCausalLM(hf.LlamaConfig(**GROUPED, rope_parameters=rope)), "rotary positions of kind dynamic")
    refused(stock("llama"), "there are 41 tokens; LlamaForCausalLM takes 40 at most", num_tokens=41)


@pytest.mark.parametrize(("name", "fused", "least"), [("gpt2", False, 4), ("gpt2", True, 6), ("bert classes", True, 7)])
def test_the_least_memory_of_heads_that_share_a_width(name, fused, least):
    model = from_huggingface(stock(name))
    made = transformer_to_protocol(model, 40, form="faithful", branching=2, fused=fused)
    assert made.plan.busiest == least * model.embed_dim + 1


def gpt2(**sizes: int) -> OpenedModel:
    torch.manual_seed(0)
    return OpenedModel("", "stock", hf.GPT2LMHeadModel(hf.GPT2Config(**sizes, bos_token_id=0, eos_token_id=0)).eval())


@pytest.mark.parametrize("fused", [False, True])
def test_the_papers_model_in_the_faithful_form(fused):
    opened = gpt2(vocab_size=30, n_positions=100, n_embd=128, n_layer=4, n_head=4)
    models = [from_huggingface(opened.model, dtype=dtype) for dtype in (np.float64, np.float32)]
    tokens = tokens_for(models[0], 99)
    want = opened.reference(tokens)
    for model, limit in zip(models, (1e-12, 1e-5), strict=True):
        made = transformer_to_protocol(model, 99, form="faithful", memory=1025, fused=fused)
        run = made.run(tokens)
        assert made.plan.machines.depth == 4 and run.ledger.num_rounds == (34 if fused else 40)
        assert np.abs(run.result - want).max() <= limit and not run.ledger.exceeded


@pytest.mark.slow
def test_gpt2s_own_shape_in_tiles():
    opened = gpt2(vocab_size=2000)
    model = from_huggingface(opened.model, dtype=np.float32)
    tokens = tokens_for(model, 512)
    made = transformer_to_protocol(model, 512, memory=800_000)
    run = made.run(tokens, engine=LocalEngine(threads=2))
    assert made.plan.tiles.num_machines > 3
    assert np.abs(run.result - opened.reference(tokens)).max() <= 1e-4
