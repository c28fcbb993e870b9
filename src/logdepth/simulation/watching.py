"""The attention of a protocol's transformer: of the layers that are asked for, and no others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from logdepth.mpc.table import Array, Table
from logdepth.simulation.protocol_to_transformer import ProtocolTransformer
from logdepth.simulation.routers.router import Rows, Start, attention_weights


def watch_attention(
    made: ProtocolTransformer,
    inputs: Mapping[str, Table] | Mapping[str, Array],
    wanted: Callable[[str, int], bool],
) -> dict[tuple[str, int], Float[np.ndarray, "heads tokens keys"]]:
    """Attention weights, key 0 the start token, of the layers for which `wanted(communication, layer)` is true.

    The communications are named `init`, `communication 1 (its stage)`, .., `final`. Memory: that of what is wanted.

    >>> from logdepth.protocols import BUILT_IN
    >>> from logdepth.mpc import Spec
    >>> from logdepth.simulation.problem_to_transformer import problem_to_transformer
    >>> found = problem_to_transformer(BUILT_IN["prefix-sum"], [3, -1, 4], Spec(3, 24, 4))
    >>> tokens = {"value": np.array([3, -1, 4])}
    >>> seen = watch_attention(found.transformer, tokens, lambda name, layer: name.startswith("communication 1"))
    >>> [(name, weights.round(2).tolist()[0][0]) for (name, _), weights in seen.items()]
    [('communication 1 (prefix sums: up)', [0.33, 0.0, 0.33, 0.33])]
    """
    seen: dict[tuple[str, int], Any] = {}

    def watch(name: str, layer: int, rows: Rows, start: Start) -> None:
        if wanted(name, layer):
            seen[name, layer] = attention_weights(rows, start)

    made.run(inputs, watch=watch)
    return seen
