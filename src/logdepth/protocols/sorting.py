"""Sorting numbers, stably, with the sorted rows in equal blocks at the end.

Sample sort leaves rows in order, but unevenly; an exclusive prefix tree over the machines' row counts gives each row
its rank, and one round sends rank r to machine `r // ceil(n / q)`. Floats are sorted as int64 words through a map that
keeps their order (`float_words`): -0.0 comes before 0.0, infinities at the ends, NaN is refused.

Rounds: those of the sort (`plan_sort`, a constant for fixed delta), 2 D for the tree (`trees.keeping_fan`), and 1.
Memory: a row is 2 words (value, original index); see `sample_sort`.
Source: Goodrich, "Communication-efficient parallel sorting", SIAM
J. Comput. 29 (1999).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from logdepth.errors import InputError
from logdepth.mpc.protocol import Change, Protocol, Send, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import block_starts, in_blocks, within
from logdepth.protocols.inputs.numbers import NUMBERS
from logdepth.protocols.inputs.whole_numbers import whole_numbers
from logdepth.protocols.layout import TOKENS, Layout, block_of, types
from logdepth.protocols.problem import Problem
from logdepth.protocols.sample_sort import sort
from logdepth.protocols.segments import Sum
from logdepth.protocols.trees import prefix


def float_words(values: Array) -> Array:
    """float64 as int64 in the same order; its own inverse, seen as bits. No NaN.

    A float's bits, as an int64, grow with it where it is positive and fall where it is negative: there all bits but
    the sign are flipped.

    >>> float_words(np.array([-np.inf, -1.0, -0.0, 0.0, 1e-300])).argsort().tolist()
    [0, 1, 2, 3, 4]
    """
    bits = values.view(np.int64)
    return bits ^ ((bits >> 63) & np.int64(2**63 - 1))


def words_float(words: Array) -> Array:
    """The inverse of `float_words`.

    >>> words_float(float_words(np.array([-2.5, -0.0, 7.0]))).tolist()
    [-2.5, -0.0, 7.0]
    """
    return (words ^ ((words >> 63) & np.int64(2**63 - 1))).view(np.float64)


def _numbers(values: Array | Sequence[float]) -> Array:
    """The input as int64 or float64, (size,). Raises `InputError` for anything else, and on NaN."""
    array = np.asarray(values)
    if array.dtype.kind != "f" or not len(array) or array.ndim != 1:
        return whole_numbers("values", array)
    if array.dtype.itemsize > 8:
        raise InputError(f"values holds {array.dtype}; numbers are sorted as int64 or float64: convert them")
    if (missing := np.isnan(array)).any():
        raise InputError(f"values: row {int(np.argmax(missing))} is NaN, which has no place in an order; remove it")
    return array.astype(np.float64)


def place_numbers(spec: Spec, values: Array | Sequence[float]) -> dict[str, Table]:
    """The input on the machines: equal blocks of (value, index).

    Raises `InputError` on NaN, and on what is neither int64 nor float64.

    >>> place_numbers(Spec(2, 100, 3), [7, 5, 6])["rows"]["index"].tolist()
    [0, 1, 2]
    """
    words = _words(values)
    return {"rows": in_blocks(spec, value=words, index=np.arange(len(words)))}


def _words(values: Array | Sequence[float]) -> Array:
    array = _numbers(values)
    return float_words(array) if array.dtype.kind == "f" else array


def _block(spec: Spec, size: int) -> int:
    """Sorted rows of a machine, at most."""
    return max(1, -(-size // spec.num_machines))


def _result(rows: Table, dtype: str) -> dict[str, Array]:
    value = words_float(rows["value"]) if dtype == "float64" else rows["value"]
    return {"index": rows["index"], "value": value}


def sort_numbers(spec: Spec, size: int, dtype: str) -> Protocol:
    """A dict of `index` and `value`, (size,) each: row r is the r-th least number, and where it was in the input.

    Equal numbers keep their order. `dtype`: int64 or float64. Machine i ends with the rows of rank `i c` to
    `(i + 1) c`, with c = ceil(size / q). Inputs: `place_numbers`.

    >>> result = SORT.run([1.5, -2.0, 1.5]).result
    >>> result["index"].tolist(), result["value"].tolist()
    ([1, 0, 2], [-2.0, 1.5, 1.5])
    """
    block = _block(spec, size)

    def route(shard: Shard) -> Change:
        rows = shard["rows"]
        rank = within(rows) + rows.spread(shard["before"]["rows"])
        return Change(drop=("rows", "before"), mail={"sorted": (rows, rank // block)})

    def collect(tables: Mapping[str, Table]) -> dict[str, Array]:
        return _result(tables["sorted"], dtype)

    stages: list[Stage] = [
        *sort(spec, "rows", ("value",), 2, max_rows=size, what="sort"),
        *prefix(
            spec, "before", lambda shard: {"rows": shard["rows"].counts}, Sum(), words=1, what="sort: rows before"
        ),
        Send("sort: to equal blocks", route),
    ]  # fmt: skip
    config = {"size": size, "dtype": dtype}
    return Protocol("sort", spec, stages, collect, config, collects="words as numbers again, already in order")


def layout_sort(spec: Spec, size: int, dtype: str) -> Layout:
    """Number t is token t; the number of rank r, with where it was, is output token r."""

    def load(shard: Shard) -> dict[str, Table]:
        rows = shard[TOKENS]
        return {"rows": rows.with_columns(index=rows.spread(block_starts(shard, size)) + within(rows))}

    return Layout(
        tokens=lambda values: {"value": _words(values)},
        inputs=types(value=np.int64),
        reader=block_of(spec, size),
        load=load,
        outputs=types(value=np.int64, index=np.int64),
        writer=np.arange(size) // _block(spec, size),
        unload=lambda shard: shard["sorted"],
        result=lambda tokens: _result(tokens, dtype),
    )


def _config(values: Array | Sequence[float]) -> dict[str, int | str]:
    array = _numbers(values)
    return {"size": len(array), "dtype": array.dtype.name}


SORT = Problem(
    name="sort",
    input=replace(NUMBERS, config=_config, sized=lambda size: {"size": size.rows, "dtype": "int64"}),
    summary="sorting: the numbers in order, each with its place in the input",
    slack=64,
    protocol=sort_numbers,
    place=place_numbers,
    columns=("rank", "index", "value"),
    table=lambda values, result: {"rank": np.arange(len(result["value"])), **result},
    facts=lambda values, result: {"numbers": len(result["value"])},
    driver={"place": "NaN looked for, numbers as words, in blocks", "table": "ranks numbered", "facts": "read off"},
    layout=layout_sort,
)
