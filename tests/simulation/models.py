"""Models to simulate: small ones of NumPy with random weights, and stock ones of Hugging Face."""

from __future__ import annotations

import numpy as np
import torch
import transformers as hf

from logdepth.simulation.layers import (
    Hidden,
    Linear,
    Norm,
    SimulatedEmbedding,
    SimulatedModel,
    SimulatedReadout,
    StandardBlock,
)
from logdepth.simulation.sight import Sight

SMALL = {"vocab_size": 31, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 20}
SMALL |= {"max_position_embeddings": 40}
GPT2 = {"vocab_size": 31, "n_positions": 40, "n_embd": 16, "n_layer": 2, "n_head": 4}
GPT2 |= {"bos_token_id": 0, "eos_token_id": 0}
GROUPED = {**SMALL, "num_key_value_heads": 2, "bos_token_id": 1, "eos_token_id": 2}

STOCK = {
    "gpt2": lambda: hf.GPT2LMHeadModel(hf.GPT2Config(**GPT2)),
    "gpt2 untied, relu6": lambda: hf.GPT2LMHeadModel(
        hf.GPT2Config(**GPT2, tie_word_embeddings=False, activation_function="relu6", n_inner=24)
    ),
    "gpt2 without a head": lambda: hf.GPT2Model(hf.GPT2Config(**GPT2, scale_attn_by_inverse_layer_idx=True)),
    "gpt2 classes": lambda: hf.GPT2ForTokenClassification(hf.GPT2Config(**GPT2, num_labels=3)),
    "bert classes": lambda: hf.BertForTokenClassification(hf.BertConfig(**SMALL, num_labels=5)),
    "bert masked": lambda: hf.BertForMaskedLM(hf.BertConfig(**SMALL)),
    "bert untied": lambda: hf.BertForMaskedLM(hf.BertConfig(**SMALL, tie_word_embeddings=False, hidden_act="relu")),
    "bert without a head": lambda: hf.BertModel(hf.BertConfig(**SMALL)),
    "llama": lambda: hf.LlamaForCausalLM(hf.LlamaConfig(**GROUPED)),
    "llama tied, biased": lambda: hf.LlamaForCausalLM(
        hf.LlamaConfig(**GROUPED, tie_word_embeddings=True, attention_bias=True, mlp_bias=True)
    ),
    "llama stretched": lambda: hf.LlamaModel(
        hf.LlamaConfig(
            **GROUPED,
            rope_parameters={
                "rope_type": "llama3", "rope_theta": 500.0, "factor": 8.0, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": 16,
            },
        )
    ),
    "mistral": lambda: hf.MistralForCausalLM(hf.MistralConfig(**GROUPED, sliding_window=5)),
    "qwen2 classes": lambda: hf.Qwen2ForTokenClassification(hf.Qwen2Config(**GROUPED, num_labels=3)),
    "qwen2 windowed above": lambda: hf.Qwen2ForCausalLM(
        hf.Qwen2Config(**GROUPED, use_sliding_window=True, sliding_window=4, max_window_layers=1)
    ),
    "qwen3": lambda: hf.Qwen3ForCausalLM(hf.Qwen3Config(**GROUPED, head_dim=8)),
}  # fmt: skip


def stock(name: str):
    """A stock model, every weight, bias and gain of it random."""
    torch.manual_seed(0)
    model = STOCK[name]().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return model


def small_model(
    layers: int = 2,
    *,
    causal: bool = True,
    window: int | None = None,
    width: int = 6,
    heads: int = 2,
    key_heads: int | None = None,
    classes: int = 5,
    length: int = 64,
    seed: int = 5,
    dtype: type = np.float64,
) -> SimulatedModel:
    """Random weights, norms before attention; heads of 3 dimensions."""
    rng = np.random.default_rng(seed)
    key_heads = key_heads or heads

    def linear(rows: int, columns: int) -> Linear:
        weight, bias = 0.4 * rng.normal(size=(rows, columns)), 0.4 * rng.normal(size=rows)
        return Linear(weight.astype(dtype), bias.astype(dtype))

    blocks = [
        StandardBlock(
            sight=Sight(causal, window),
            num_heads=heads,
            num_key_heads=key_heads,
            query=linear(3 * heads, width),
            key=linear(3 * key_heads, width),
            value=linear(3 * key_heads, width),
            output=linear(width, 3 * heads),
            hidden=Hidden(linear(8, width), linear(width, 8), "relu"),
            scale=0.4,
            attention_norm=Norm(np.ones(width, dtype), None, 1e-5, centred=True),
        )
        for _ in range(layers)
    ]
    tokens, positions = rng.normal(size=(7, width)).astype(dtype), rng.normal(size=(length, width)).astype(dtype)
    head = SimulatedReadout([linear(classes, width)])
    return SimulatedModel("a small model", SimulatedEmbedding(tokens, positions), blocks, head, classes, length)


def tokens_for(model: SimulatedModel, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, model.vocab_size, count)
