"""Where a problem's input and output stand, word by word: tokens, and the machines that read and write them.

A problem's `place` and `collect` are the driver's: functions of all machines' tables at once. A *layout* says the
same token by token, so that moving the input from n tokens onto machines, and the output back, is two more rounds
(Lemmas B.4 and B.6 of arXiv 2402.09268): which machine reads a token, what it makes of those that it reads, which
machine writes an output token, and what. All of it is a function of the sizes alone; only the tokens' words are the
input's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import block_owner, own_part


@dataclass(frozen=True, eq=False)
class Layout:
    """The tokens of one problem, spec and config.

    tokens: of the input, name -> word of each input token, (tokens,), of the types `inputs` says. reader: the machine
    that gets each, (input tokens,). load: `load(shard)` makes a machine's tables, those of the problem's `place`, of
    the table `tokens`, the words of its tokens in their order. writer: the machine that each output token hears from,
    (output tokens,). unload: `unload(shard)`, at the end, a row for each of a machine's output tokens in their order,
    of the types `outputs` says. result: of the output tokens, in order, what the protocol's `collect` returns.
    """

    tokens: Callable[[Any], dict[str, Array]]
    inputs: Mapping[str, np.dtype]
    reader: Array
    load: Callable[[Shard], dict[str, Table]]
    outputs: Mapping[str, np.dtype]
    writer: Array
    unload: Callable[[Shard], Table]
    result: Callable[[Table], Any]


TOKENS = "tokens"  # the table in which a machine finds its tokens


def types(**columns: type) -> dict[str, np.dtype]:
    """Columns' types by name.

    >>> types(value=np.int64)
    {'value': dtype('int64')}
    """
    return {name: np.dtype(word) for name, word in columns.items()}


def block_of(spec: Spec, size: int) -> Array:
    """For each of `size` tokens in equal blocks its machine, (size,).

    >>> block_of(Spec(2, 10, 5), 5).tolist()
    [0, 0, 1, 1, 1]
    """
    return block_owner(spec, np.arange(size), size)


def turn_of(spec: Spec, size: int) -> Array:
    """For each cell of an array its machine, (size,).

    >>> turn_of(Spec(2, 10, 5), 5).tolist()
    [0, 1, 0, 1, 0]
    """
    return np.arange(size) % spec.num_machines


def own_cells(shard: Shard, size: int, word: type) -> Table:
    """Of an array of `size` cells, each holding its own address in column label, the shard's machines' part.

    >>> own_cells(Shard(Spec(2, 10, 5), 1, 1, {}, None), 5, np.int64)["label"].tolist()
    [1, 3]
    """
    return own_part(shard.spec.num_machines, size, word, shard.first, shard.num_machines)
