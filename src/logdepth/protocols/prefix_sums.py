"""Inclusive prefix sums of whole numbers that lie in equal blocks.

Every machine adds its block up, an exclusive prefix tree over the machines says what comes before it, and the rest is
local. Rounds: `2 D`, D the least depth with `fan^D >= q` for a fan of what is left of s over D + 1
(`trees.keeping_fan`); no round at all on one machine. Memory: the block, and D * fan words at a node.
Source: Goodrich, Sitchinava, Zhang 2011, section 2 (prefix sums in O(log_s n)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from logdepth.errors import InputError
from logdepth.mpc.protocol import Change, Local, Protocol, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import in_blocks
from logdepth.protocols.inputs.numbers import NUMBERS
from logdepth.protocols.inputs.whole_numbers import whole_numbers
from logdepth.protocols.layout import TOKENS, Layout, block_of, types
from logdepth.protocols.problem import Problem
from logdepth.protocols.segments import Sum, fold, sum_before
from logdepth.protocols.trees import prefix

Numbers = Array | Sequence[int]

_GREATEST = 2**63 - 1


def sum_of_magnitudes(values: Array) -> int:
    """The exact sum of absolute values of an int64 array.

    >>> sum_of_magnitudes(np.array([-(2**63), 2**63 - 1]))
    18446744073709551615
    """
    magnitude = np.where(values < 0, ~values, values).astype(np.uint64)  # one less than |v| where v < 0
    low, high = magnitude & np.uint64(2**32 - 1), magnitude >> np.uint64(32)  # no sum of halves can overflow
    return (int(high.sum()) << 32) + int(low.sum()) + int((values < 0).sum())


def place_summands(spec: Spec, values: Numbers) -> dict[str, Table]:
    """The input on the machines.

    Raises `InputError` unless these are whole numbers whose absolute values add up to less than 2^63: then no
    prefix sum, and no partial sum of any tree, can overflow.

    >>> place_summands(Spec(2, 10, 3), [5, 6, 7])["values"].offsets.tolist()
    [0, 1, 3]
    """
    array = whole_numbers("values", values)
    most = sum_of_magnitudes(array)
    if most > _GREATEST:
        raise InputError(
            f"the absolute values of the {len(array)} numbers add up to {most}, and prefix sums are int64, at most "
            f"{_GREATEST}: scale the numbers down, or sum shorter pieces"
        )
    return {"values": in_blocks(spec, value=array)}


def prefix_sums(spec: Spec, size: int) -> Protocol:
    """The sums of the first 1, 2, ..., `size` numbers, int64, (size,). Inputs: `place_summands`.

    >>> PREFIX_SUM.run([5, -6, 7]).result.tolist()
    [5, -1, 6]
    """

    def totals(shard: Shard) -> dict[str, Array]:
        values = shard["values"]
        return {"sum": fold(np.add, values["value"], values.offsets, 0)}

    def add(shard: Shard) -> Change:
        values = shard["values"]
        sums = sum_before(values["value"], values.offsets) + values["value"] + values.spread(shard["before"]["sum"])
        return Change(keep={"values": Table({"sum": sums}, values.offsets)}, drop=("before",))

    def collect(tables: Mapping[str, Table]) -> Array:
        return tables["values"]["sum"]

    room = spec.local_memory - -(-size // spec.num_machines) - 1  # beside its block and its place in the protocol
    stages: list[Stage] = [*prefix(spec, "before", totals, Sum(), words=1, room=room, what="prefix sums"), Local(add)]
    return Protocol("prefix-sum", spec, stages, collect, {"size": size}, collects="sums read off, already in order")


def layout_sums(spec: Spec, size: int) -> Layout:
    """Number t is token t, and so is the sum up to it."""
    return Layout(
        tokens=lambda values: {"value": whole_numbers("values", values)},
        inputs=types(value=np.int64),
        reader=block_of(spec, size),
        load=lambda shard: {"values": shard[TOKENS]},
        outputs=types(sum=np.int64),
        writer=block_of(spec, size),
        unload=lambda shard: shard["values"],
        result=lambda tokens: tokens["sum"],
    )


PREFIX_SUM = Problem(
    name="prefix-sum",
    input=NUMBERS,
    summary="prefix sums: for each row the sum up to it",
    slack=8,
    protocol=prefix_sums,
    place=place_summands,
    columns=("index", "sum"),
    table=lambda values, sums: {"index": np.arange(len(sums)), "sum": sums},
    facts=lambda values, sums: {"total": int(sums[-1]) if len(sums) else 0},
    driver={
        "place": "magnitudes added up so that no sum overflows, numbers in blocks",
        "table": "rows numbered",
        "facts": "read off",
    },
    layout=layout_sums,
)
