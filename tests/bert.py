"""A compiled BERT in memory, as stock Hugging Face code runs it (no disk)."""

from __future__ import annotations

import numpy as np
import torch
from transformers import BertConfig, BertForTokenClassification

from logdepth.compiler.compile import Compilation

_NOT_FOR_CONFIG = ("architectures", "model_type", "dtype", "torch_dtype")


def hugging_face(compilation: Compilation, attention: str = "eager") -> BertForTokenClassification:
    bert = compilation.export()
    config = {name: value for name, value in bert.config.items() if name not in _NOT_FOR_CONFIG}
    dtype = getattr(torch, bert.dtype)
    with torch.device("meta"):
        model = BertForTokenClassification(BertConfig(**config, attn_implementation=attention))
    state = {name: torch.tensor(tensor, dtype=dtype) for name, tensor in bert.tensors.items()}
    model.load_state_dict(state, assign=True)
    slots = torch.arange(bert.config["max_position_embeddings"])
    model.bert.embeddings.position_ids = slots[None]  # buffers that no state dict holds
    model.bert.embeddings.token_type_ids = torch.zeros_like(slots)[None]
    return model.eval()


def logits(compilation: Compilation, tokens: np.ndarray, attention: str = "eager") -> np.ndarray:
    ids = torch.as_tensor(tokens)
    with torch.no_grad():
        return (
            hugging_face(compilation, attention)(input_ids=ids, attention_mask=torch.ones_like(ids))
            .logits.double()
            .numpy()
        )
