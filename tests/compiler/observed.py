"""What stock Hugging Face code has in its layers, caught by hooks: a `Seen` of a real run."""

from __future__ import annotations

import numpy as np
import torch

from logdepth.compiler.compile import Compilation
from tests.compiler.quantities import Seen
from tests.gpt2 import hugging_face


def observe(compilation: Compilation, tokens: np.ndarray, attention: str) -> Seen:
    """Run the exported GPT-2 in its dtype, `eager` or `sdpa` (whose weights stay inside the kernel)."""
    model = hugging_face(compilation, attention)
    heads, dim = compilation.shape.num_heads, compilation.shape.head_dim
    seen = Seen()

    def array(tensor: torch.Tensor) -> np.ndarray:
        return tensor.detach().double().numpy()

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
    ids = torch.as_tensor(tokens)
    with torch.no_grad():
        out = model(input_ids=ids, attention_mask=torch.ones_like(ids), output_attentions=attention == "eager")
    if attention == "eager":
        seen.weights = [array(weights) for weights in out.attentions]
    seen.logits = array(out.logits)
    return seen
