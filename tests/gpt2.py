"""A compiled GPT-2 in memory, as stock Hugging Face code runs it (no disk: for tests that make thousands)."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from logdepth.compiler.compile import Compilation

_NOT_FOR_CONFIG = ("architectures", "model_type", "dtype", "torch_dtype")


def hugging_face(compilation: Compilation, attention: str = "eager") -> GPT2LMHeadModel:
    gpt2 = compilation.export()
    config = {name: value for name, value in gpt2.config.items() if name not in _NOT_FOR_CONFIG}
    dtype = getattr(torch, gpt2.dtype)
    with torch.device("meta"):
        model = GPT2LMHeadModel(GPT2Config(**config, attn_implementation=attention))
    state = {name: torch.tensor(tensor, dtype=dtype) for name, tensor in gpt2.tensors.items()}
    model.load_state_dict(state, assign=True)
    return model.eval()


def logits(model: GPT2LMHeadModel, tokens: np.ndarray) -> np.ndarray:
    ids = torch.as_tensor(tokens)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    return scores.double().numpy()


def margin(scores: np.ndarray, want: np.ndarray) -> float:
    """The least difference between the right logit and any other; negative where an answer is wrong."""
    right = np.take_along_axis(scores, want[..., None], -1)
    others = scores.copy()
    np.put_along_axis(others, want[..., None], -np.inf, -1)
    return float((right[..., 0] - others.max(-1)).min())
