"""This library's trainable models as simulated ones: its GPT-2s are stock ones inside, its modern one is read here."""

from __future__ import annotations

from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.simulation.from_huggingface import from_huggingface
from logdepth.simulation.layers import Hidden, Norm, Rotary, SimulatedEmbedding, SimulatedModel, StandardBlock
from logdepth.simulation.sight import Sight
from logdepth.simulation.stock.modules import Reader, readout


def simulated(model: Any, dtype: np.dtype, num_tokens: int) -> SimulatedModel:
    """A torch model of transformers or of this library. Raises `InputError` for a family that does not attend."""
    from logdepth.models.family import TrainableModel
    from logdepth.models.gpt2 import Gpt2
    from logdepth.models.modern import ModernTransformer

    if not isinstance(model, TrainableModel):
        return from_huggingface(model, dtype=dtype, num_tokens=num_tokens)
    if isinstance(model, Gpt2):
        return from_huggingface(model.backbone, dtype=dtype, num_tokens=num_tokens)
    if isinstance(model, ModernTransformer):
        return from_modern(model, dtype, num_tokens)
    raise InputError(
        f"{model.described(model.config)} has no attention of a kind that is known; the modern, paper and compiled "
        "ones have"
    )


def from_modern(model: Any, dtype: np.dtype, num_tokens: int) -> SimulatedModel:
    """The modern model's arrays, its loops unrolled. An epsilon that torch takes from the dtype is fixed in the model.

    Raises `InputError` for more tokens than it has learned positions.
    """
    import torch

    config, read = model.config, Reader(dtype)
    for module in model.modules():
        if isinstance(module, torch.nn.RMSNorm) and module.eps is None:
            module.eps = torch.finfo(module.weight.dtype).eps

    def norm(module: Any) -> Norm:
        return Norm(read.array(module.weight), None, module.eps, centred=False)

    rotary, positions = None, None
    if model.places is None:
        with torch.no_grad():
            rotary = Rotary(*(read.array(part) for part in model.rotation(num_tokens, torch.device("cpu"))))
    else:
        positions = read.array(model.places.weight)
        if num_tokens > len(positions):
            raise InputError(f"there are {num_tokens:,} tokens; the model takes {len(positions):,} at most")
    blocks = []
    for block in model.layers:
        query, key, value = (read.linear(_Part(part)) for part in block.query_key_value.weight.chunk(3))
        blocks.append(
            StandardBlock(
                sight=Sight(causal=config.causal),
                num_heads=config.num_heads,
                num_key_heads=config.num_heads,
                query=query,
                key=key,
                value=value,
                output=read.linear(block.attention_out),
                hidden=Hidden(read.linear(block.hidden), read.linear(block.hidden_out), "gelu"),
                scale=(config.embed_dim // config.num_heads) ** -0.5,
                attention_norm=norm(block.attention_norm),
                hidden_norm=norm(block.hidden_norm),
                query_norm=norm(block.query_norm),
                key_norm=norm(block.key_norm),
                rotary=rotary,
            )
        )
    head = readout(norm(model.final_norm), read.linear(model.unembed))
    embedding = SimulatedEmbedding(read.array(model.tokens.weight), positions)
    longest = num_tokens if positions is None else len(positions)
    return SimulatedModel("the modern model", embedding, blocks, head, config.vocab_size, longest)


class _Part:
    """A third of a packed matrix, as a linear map without bias."""

    bias = None

    def __init__(self, weight: Any) -> None:
        self.weight = weight
