"""Stock Hugging Face models as simulated ones: GPT-2, BERT, and Llama-like (Llama, Mistral, Qwen2, Qwen3).

A model is read only if every module in it is one that its family is known to be made of: an adapter, another norm, an
attention of another kind is refused by name, never passed over. Each family is a file in `stock/`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.simulation.layers import SimulatedModel
from logdepth.simulation.stock import bert, gpt2, llama
from logdepth.simulation.stock.modules import check_modules

FAMILIES = {family.MODEL_TYPES: family for family in (gpt2, bert, llama)}


def from_huggingface(
    model: Any, *, dtype: np.dtype | type = np.float64, num_tokens: int | None = None
) -> SimulatedModel:
    """The arrays of a torch model of transformers, in `dtype`.

    num_tokens: how long sequences will be, if the model has rotary positions, whose table is made that long (default:
    as long as it allows). Raises `InputError` for a model of another family, or with a module, attention or option
    that is not known here, naming it.

    >>> from transformers import GPT2Config, GPT2LMHeadModel
    >>> stock = GPT2LMHeadModel(GPT2Config(vocab_size=7, n_positions=5, n_embd=8, n_layer=1, n_head=2))
    >>> from_huggingface(stock).num_classes
    7
    """
    name = type(model).__name__
    config = getattr(model, "config", None)
    kind = getattr(config, "model_type", None)
    for types, family in FAMILIES.items():
        if kind in types:
            known = family.modules(kind)
            if name not in known:
                heads = ", ".join(each for each in sorted(known) if "Model" in each or "For" in each)
                raise InputError(f"{name} has a head that is not known; of its family there are: {heads}")
            check_modules(model, known)
            assert config is not None
            length = config.max_position_embeddings
            if num_tokens is not None and num_tokens > length:
                raise InputError(f"there are {num_tokens:,} tokens; {name} takes {length:,} at most")
            return family.simulated(model, np.dtype(dtype), length if num_tokens is None else num_tokens)
    there = ", ".join(name for types in FAMILIES for name in types)
    raise InputError(f"{name} is of a family that is not known ({kind}); there are: {there}")
