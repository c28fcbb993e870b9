"""GPT-2 (transformers' own): LayerNorm before attention and hidden layer, learned positions, causal."""

from __future__ import annotations

from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.simulation.layers import Hidden, Linear, SimulatedEmbedding, SimulatedModel, StandardBlock
from logdepth.simulation.sight import Sight
from logdepth.simulation.stock.modules import Reader, activation, readout

MODEL_TYPES = ("gpt2",)


def modules(kind: str) -> set[str]:
    """The kinds of modules that it is made of."""
    return {
        "GPT2Model", "GPT2LMHeadModel", "GPT2ForTokenClassification", "GPT2Block", "GPT2Attention", "GPT2MLP", "Conv1D",
    }  # fmt: skip


def simulated(model: Any, dtype: np.dtype, num_tokens: int) -> SimulatedModel:
    """Its arrays. Raises `InputError` for cross-attention."""
    name, config, read = type(model).__name__, model.config, Reader(dtype)
    backbone = model if name == "GPT2Model" else model.transformer
    if config.add_cross_attention:
        raise InputError(f"{name} has cross-attention, which is not known")
    blocks = []
    for layer, block in enumerate(backbone.h):
        packed, out = block.attn.c_attn, block.attn.c_proj
        weights, biases = np.split(read.array(packed.weight), 3, axis=1), np.split(read.array(packed.bias), 3)
        query, key, value = (
            Linear(np.ascontiguousarray(weight).T, bias) for weight, bias in zip(weights, biases, strict=True)
        )
        function = activation(block.mlp.act, config.activation_function, f"{name}, layer {layer}")
        blocks.append(
            StandardBlock(
                sight=Sight(causal=True),
                num_heads=block.attn.num_heads,
                num_key_heads=block.attn.num_heads,
                query=query,
                key=key,
                value=value,
                output=_transposed(read, out),
                hidden=Hidden(_transposed(read, block.mlp.c_fc), _transposed(read, block.mlp.c_proj), function),
                scale=block.attn.scaling,
                attention_norm=read.layer_norm(block.ln_1),
                hidden_norm=read.layer_norm(block.ln_2),
            )
        )
    last = read.layer_norm(backbone.ln_f)
    if name == "GPT2Model":
        head, classes = readout(last), backbone.embed_dim
    else:
        linear = read.linear(model.lm_head if name == "GPT2LMHeadModel" else model.classifier)
        head, classes = readout(last, linear), len(linear.weight)
    embedding = SimulatedEmbedding(read.array(backbone.wte.weight), read.array(backbone.wpe.weight))
    return SimulatedModel(name, embedding, blocks, head, classes, config.n_positions)


def _transposed(read: Reader, module: Any) -> Linear:
    """GPT-2's `Conv1D`: weight (in, out)."""
    return Linear(read.array(module.weight).T, read.array(module.bias))
