"""What stock Hugging Face code has in its layers, caught by hooks: a `Seen` of a real run."""

from __future__ import annotations

import numpy as np
import torch
from transformers import BertForTokenClassification, GPT2LMHeadModel

from logdepth.compiler.compile import Compilation
from logdepth.compiler.target import Shape
from tests import bert, gpt2
from tests.compiler.quantities import Seen


def observe(compilation: Compilation, tokens: np.ndarray, attention: str) -> Seen:
    """Run the exported model in its dtype, `eager` or `sdpa` (whose weights stay inside the kernel)."""
    seen = Seen()
    if compilation.target == "bert":
        model = bert.hugging_face(compilation, attention)
        _watch_bert(model, seen, compilation.shape)
    else:
        model = gpt2.hugging_face(compilation, attention)
        _watch_gpt2(model, seen, compilation.shape)
    ids = torch.as_tensor(tokens)
    with torch.no_grad():
        out = model(input_ids=ids, attention_mask=torch.ones_like(ids), output_attentions=attention == "eager")
    if attention == "eager":
        seen.weights = [array(weights) for weights in out.attentions]
    seen.logits = array(out.logits)
    return seen


def array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().numpy()


def _watch_bert(model: BertForTokenClassification, seen: Seen, shape: Shape) -> None:
    def split(tensor: torch.Tensor) -> np.ndarray:
        return array(tensor.unflatten(-1, (shape.num_heads, shape.head_dim)).transpose(1, 2))

    def keep_norm(_module, _inputs, output: torch.Tensor) -> None:
        seen.norms.append(array(output))

    model.bert.embeddings.LayerNorm.register_forward_hook(keep_norm)
    for block in model.bert.encoder.layer:
        mine, out = block.attention.self, block.attention.output
        mine.query.register_forward_hook(lambda _m, _i, output: seen.queries.append(split(output)))
        mine.key.register_forward_hook(lambda _m, _i, output: seen.keys.append(split(output)))
        out.LayerNorm.register_forward_hook(lambda _m, inputs, _o: seen.middle.append(array(inputs[0])))
        out.LayerNorm.register_forward_hook(keep_norm)
        block.intermediate.dense.register_forward_hook(lambda _m, _i, output: seen.gates.append(array(output)))
        block.output.LayerNorm.register_forward_hook(lambda _m, inputs, _o: seen.after.append(array(inputs[0])))
        block.output.LayerNorm.register_forward_hook(keep_norm)


def _watch_gpt2(model: GPT2LMHeadModel, seen: Seen, shape: Shape) -> None:
    heads, dim = shape.num_heads, shape.head_dim

    def split(tensor: torch.Tensor) -> np.ndarray:
        return array(tensor.unflatten(-1, (heads, dim)).transpose(1, 2))

    def keep_projections(_module, _inputs, output: torch.Tensor) -> None:
        query, key, _ = output.chunk(3, -1)
        seen.queries.append(split(query))
        seen.keys.append(split(key))

    for block in model.transformer.h:
        block.ln_1.register_forward_hook(lambda _m, _i, output: seen.norms.append(array(output)))
        block.attn.c_attn.register_forward_hook(keep_projections)
        block.ln_2.register_forward_hook(lambda _m, inputs, output: seen.middle.append(array(inputs[0])))
        block.ln_2.register_forward_hook(lambda _m, _i, output: seen.norms.append(array(output)))
        block.mlp.c_fc.register_forward_hook(lambda _m, _i, output: seen.gates.append(array(output)))
        block.register_forward_hook(
            lambda _m, _i, output: seen.after.append(array(output if torch.is_tensor(output) else output[0]))
        )
    model.transformer.ln_f.register_forward_hook(lambda _m, _i, output: seen.norms.append(array(output)))
