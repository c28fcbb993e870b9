"""Llama and its like: RMSNorm, rotary positions, a gated hidden layer, heads that share keys, a window (Mistral)."""

from __future__ import annotations

from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.simulation.layers import Hidden, Rotary, SimulatedEmbedding, SimulatedModel, StandardBlock
from logdepth.simulation.sight import Sight
from logdepth.simulation.stock.modules import Reader, activation, readout

_PREFIX = {"llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2", "qwen3": "Qwen3"}
MODEL_TYPES = tuple(_PREFIX)
_BY_LENGTH = ("dynamic", "longrope")  # rotary angles that change with the length of the sequence


def modules(kind: str) -> set[str]:
    """The kinds of modules that it is made of."""
    parts = ("Model", "ForCausalLM", "ForTokenClassification", "DecoderLayer", "Attention", "MLP", "RMSNorm")
    return {_PREFIX[kind] + part for part in (*parts, "RotaryEmbedding")}


def simulated(model: Any, dtype: np.dtype, num_tokens: int) -> SimulatedModel:
    """Its arrays. Raises `InputError` for rotary positions that depend on the length, or turn only a part."""
    name, config, read = type(model).__name__, model.config, Reader(dtype)
    backbone = model if name.endswith("Model") else model.model
    rotary = _rotary(backbone, read, num_tokens)
    blocks = []
    for layer, block in enumerate(backbone.layers):
        heads, hidden = block.self_attn, block.mlp
        function = activation(hidden.act_fn, config.hidden_act, f"{name}, layer {layer}")
        if 2 * rotary.cosine.shape[1] != heads.head_dim:
            raise InputError(
                f"{name}: rotary positions turn {2 * rotary.cosine.shape[1]} of {heads.head_dim} dimensions"
            )
        normed = {each: getattr(heads, each, None) for each in ("q_norm", "k_norm")}
        query_norm, key_norm = (None if each is None else read.rms_norm(each) for each in normed.values())
        blocks.append(
            StandardBlock(
                sight=Sight(causal=True, window=_window(config, heads, layer)),
                num_heads=config.num_attention_heads,
                num_key_heads=config.num_key_value_heads,
                query=read.linear(heads.q_proj),
                key=read.linear(heads.k_proj),
                value=read.linear(heads.v_proj),
                output=read.linear(heads.o_proj),
                hidden=Hidden(
                    read.linear(hidden.up_proj), read.linear(hidden.down_proj), function, read.linear(hidden.gate_proj)
                ),
                scale=heads.scaling,
                attention_norm=read.rms_norm(block.input_layernorm),
                hidden_norm=read.rms_norm(block.post_attention_layernorm),
                query_norm=query_norm,
                key_norm=key_norm,
                rotary=rotary,
            )
        )
    last = read.rms_norm(backbone.norm)
    if name.endswith("Model"):
        head, classes = readout(last), config.hidden_size
    else:
        linear = read.linear(model.lm_head if name.endswith("ForCausalLM") else model.score)
        head, classes = readout(last, linear), len(linear.weight)
    embedding = SimulatedEmbedding(read.array(backbone.embed_tokens.weight))
    return SimulatedModel(name, embedding, blocks, head, classes, num_tokens)


def _rotary(backbone: Any, read: Reader, num_tokens: int) -> Rotary:
    """Cosines and sines of the first positions, as the model itself makes them."""
    import torch

    kind = backbone.config.rope_parameters["rope_type"]
    if kind in _BY_LENGTH:
        raise InputError(f"{type(backbone).__name__} has rotary positions of kind {kind}, which is not known")
    like = torch.zeros(1, dtype=torch.float64)
    with torch.no_grad():
        cosine, sine = backbone.rotary_emb(like, torch.arange(num_tokens)[None])
    half = cosine.shape[-1] // 2
    return Rotary(*(read.array(part[0, :, :half]) for part in (cosine, sine)))


def _window(config: Any, heads: Any, layer: int) -> int | None:
    """How far back a layer sees: of Qwen's kind by its layer, of Mistral's by its config."""
    kinds = getattr(config, "layer_types", None)
    if kinds is not None and kinds[layer] not in ("full_attention", "sliding_attention"):
        raise InputError(f"layer {layer} attends by {kinds[layer]}, which is not known")
    window = getattr(config, "sliding_window", None)
    return window if kinds is None or kinds[layer] == "sliding_attention" else None
