"""The sizes of the GPT-2 that a plan needs: heads, width, hidden units. Every coordinate takes two dimensions."""

from __future__ import annotations

from dataclasses import dataclass

from logdepth.compiler.schedule import Schedule
from logdepth.transformer import Circuit, Transformer


@dataclass(frozen=True)
class Gpt2Shape:
    """`width = num_heads * head_dim >= 2 * coordinates`; `inner` hidden units in every block."""

    num_heads: int
    head_dim: int
    inner: int

    @property
    def width(self) -> int:
        return self.num_heads * self.head_dim


def gpt2_shape(plan: Schedule, model: Transformer, dtype: str) -> Gpt2Shape:
    """The narrowest width that holds every head. In bfloat16 a head's dimension is a power of 4, so that
    GPT-2's division of scores by its root is exact.

    >>> Gpt2Shape(2, 31, 10).width
    62
    """
    heads = max(1, plan.max_heads)
    wanted = [max(head.query_dim, head.value_dim) for layer in plan.layers for head in layer.heads]
    head_dim = max([-(-2 * plan.embed_dim // heads), *wanted])
    if dtype == "bfloat16":
        power = 4
        while power < head_dim:
            power *= 4
        head_dim = power
    hidden = [layer.map.num_hidden for layer in model.layers if isinstance(layer.map, Circuit)]
    return Gpt2Shape(heads, head_dim, max([1, *hidden]))
