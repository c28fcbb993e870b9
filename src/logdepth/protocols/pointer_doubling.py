"""Pointer doubling: a power of a map, or the end of every path, in a logarithm of the steps.

Cell v of an array lives on machine `v % q` and holds `ptr[v]`. A read of the array at its own values squares it:
- *power k*: by the binary digits of k, least first; `power <- square[power]` where the digit is 1 and
  `square <- square[square]` ask for cells of one array, so they share one read;
- *to the end*: square until nothing moves (an all-reduce that rides on the read's own pre-round), at most
  `ceil(log2 n)` times. Roots point at themselves. A path that meets a cycle has no end: refused, by name.

Rounds: `floor(log2 k) + 1` reads (one fewer if k is a power of two, none if k is 0), or `ceil(log2 n)` reads and a
pre-round; a read is a constant number of rounds for fixed delta, however many paths meet in one cell. Memory: per cell
2 words of state and 4 of a read in progress; by sorting 3 rows of 4. Source: Theorem 4.2's proof (pointer doubling);
Wyllie 1979; for the reads Goodrich, Sitchinava, Zhang 2011.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from logdepth.errors import InputError
from logdepth.mpc.protocol import Change, Local, Loop, Protocol, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import addresses, in_order, in_turn
from logdepth.protocols.inputs.pointers import POINTERS, Pointers
from logdepth.protocols.inputs.whole_numbers import whole_numbers
from logdepth.protocols.labels import some_row
from logdepth.protocols.layout import TOKENS, Layout, turn_of, types
from logdepth.protocols.lookup import check, read
from logdepth.protocols.problem import Problem


def ask_for(shard: Shard, name: str, columns: tuple[str, ...]) -> dict[str, Table]:
    """The distinct cells that some columns of table cells name: `name`.ask, and in `name`.where which is whose."""
    cells, each = shard["cells"], len(columns)
    address = np.stack([cells[column] for column in columns], axis=1).ravel()
    asked, offsets, index = shard.kernels.distinct_by_owner(cells.offsets * each, address, shard.spec.num_machines)
    where = {column: index[place::each].copy() for place, column in enumerate(columns)}
    return {f"{name}.ask": Table({"address": asked}, offsets), f"{name}.where": Table(where, cells.offsets)}


def answered(shard: Shard, name: str, columns: tuple[str, ...]) -> Table:
    """The cells once the answers to `ask_for` are there: each of `columns` is what lay where it pointed."""
    cells, where, got = shard["cells"], shard[f"{name}.where"], shard[f"{name}.answer"]
    found = {
        column: shard.kernels.read_local(cells.offsets, where[column], got.offsets, got["value"]) for column in columns
    }
    return cells.with_columns(**found)


def read_through(
    spec: Spec, name: str, columns: tuple[str, ...], value: str, *, size: int, what: str, drop: tuple[str, ...] = ()
) -> list[Stage]:
    """In table cells (an array of `size` cells), each of `columns` <- column `value` of the cell it names; one read.

    `drop`: columns that are not needed after it.
    """
    parts = (f"{name}.ask", f"{name}.where", f"{name}.answer")

    def apply(shard: Shard) -> Change:
        cells = answered(shard, name, columns)
        return Change(keep={"cells": cells.only(*(key for key in cells.columns if key not in drop))}, drop=parts)

    return [
        Local(lambda shard: Change(keep=ask_for(shard, name, columns))),
        *read(
            spec, name, ask=parts[0], facts="cells", value=value, answer=parts[2],
            max_rows=(1 + len(columns)) * size, what=what,
        ),
        Local(apply),
    ]  # fmt: skip


def power_stages(spec: Spec, size: int, power: int, *, what: str) -> list[Stage]:
    """In table cells, from column square (a map f) to column power: `f` applied `power` times, at least once.

    `floor(log2 power) + 1` reads, one fewer for a power of two.
    """
    assert power >= 1
    highest = power.bit_length() - 1
    lowest = (power & -power).bit_length() - 1

    def begin(shard: Shard) -> Change:
        return Change(keep={"cells": shard["cells"].with_columns(power=shard["cells"]["square"])})

    stages: list[Stage] = []
    for digit in range(highest + 1):
        asking = ("power",) if digit > lowest and power >> digit & 1 else ()
        if digit < highest:
            asking += ("square",)
        if digit == lowest:
            stages.append(Local(begin))
        if asking:
            stages += read_through(spec, "double", asking, "square", size=size, what=what)
    return stages


def follow_stages(spec: Spec, size: int, *, what: str) -> list[Stage]:
    """In table cells, column square <- the end of each path, where it has one: at most `ceil(log2 size)` reads."""
    bound = max(size - 1, 0).bit_length()
    ask, where, answer = "follow.ask", "follow.where", "follow.answer"

    def start(shard: Shard) -> Change:
        cells = shard["cells"]
        return _next(shard, cells, cells["square"] != addresses(shard, cells), np.full(shard.num_machines, bound))

    def apply(shard: Shard) -> Change:
        cells = answered(shard, "follow", ("square",))
        moved = cells["square"] != shard["cells"]["square"]
        return _next(shard, cells, moved, shard["progress"]["left"] - 1, drop=(answer, "status"))

    def _next(shard: Shard, cells: Table, moved: Array, left: Array, drop: tuple[str, ...] = ()) -> Change:
        progress = shard.one_each(moved=some_row(shard, moved, cells.offsets)["changed"], left=left)
        view = Shard(shard.spec, shard.first, shard.num_machines, {"cells": cells}, shard.kernels)
        return Change(keep={"cells": cells, "progress": progress, **ask_for(view, "follow", ("square",))}, drop=drop)

    checked = check(
        spec, ask, "status", also=lambda shard: {"moved": shard["progress"]["moved"]}, how={"moved": "max"}, what=what
    )
    body = [
        *read(
            spec, "follow", ask=ask, facts="cells", value="square", answer=answer, max_rows=2 * size,
            status="status", what=what,
        ),
        Local(apply),
        *checked,
    ]  # fmt: skip
    return [
        Local(start),
        *checked,
        Loop(body, bound, lambda shard: 1 - shard["status"]["moved"] * (shard["progress"]["left"] > 0)),
        Local(lambda shard: Change(drop=(ask, where, "progress", "status"))),
    ]


def place_pointers(spec: Spec, data: Pointers) -> dict[str, Table]:
    """The input on the machines: cell v on machine `v % q`.

    Raises `InputError` if a pointer leaves 0..n-1.

    >>> place_pointers(Spec(2, 100, 3), Pointers(np.array([2, 0, 1])))["cells"]["square"].tolist()
    [2, 1, 0]
    """
    ptr = _pointers(data)
    if data.power is not None:
        return {"cells": in_turn(spec, square=ptr, power=np.arange(len(ptr), dtype=ptr.dtype))}
    return {"cells": in_turn(spec, start=ptr, square=ptr)}


def _word(size: int) -> type:
    """Of pointers."""
    return np.int32 if size < 2**31 else np.int64


def _pointers(data: Pointers) -> Array:
    ptr = whole_numbers("ptr", data.ptr)
    outside = (ptr < 0) | (ptr >= len(ptr))
    if outside.any():
        row = int(np.argmax(outside))
        raise InputError(f"ptr: row {row} is {ptr[row]}; a pointer names one of the {len(ptr)} rows, 0..{len(ptr) - 1}")
    return ptr.astype(_word(len(ptr)))


def _no_cycle(start: Array, end: Array) -> Array:
    """The ends, if they are ends. Raises `InputError` naming the first vertex whose path has none.

    After 2^t >= n steps, or once squaring moves nothing, a path that meets a cycle stands on it.
    """
    lost = start[end] != end
    if lost.any():
        vertex = int(np.argmax(lost))
        raise InputError(
            f"vertex {vertex} has no root: its path runs into a cycle, through vertex {int(end[vertex])}. Let "
            "roots point at themselves, or ask for a power"
        )
    return end


def pointer_doubling(spec: Spec, size: int, power: int | None = None) -> Protocol:
    """`ptr` applied `power` times to each of 0..size-1, or, without `power`, the root where its path ends, (size,).

    Without `power`, a path that runs into a cycle raises `InputError` at the end of the run, naming its vertex: the
    end that was found is then no root. Inputs: `place_pointers`.

    >>> chain = np.array([0, 0, 1, 2, 3])
    >>> POINTER_DOUBLING.run(Pointers(chain, power=3)).result.tolist()
    [0, 0, 0, 0, 1]
    >>> POINTER_DOUBLING.run(Pointers(chain)).result.tolist()
    [0, 0, 0, 0, 0]
    """

    def collect_power(tables: Mapping[str, Table]) -> Array:
        return in_order(tables["cells"], "power")

    def collect_ends(tables: Mapping[str, Table]) -> Array:
        return _no_cycle(in_order(tables["cells"], "start"), in_order(tables["cells"], "square"))

    if power is None:
        stages = follow_stages(spec, size, what="follow")
        collects = "ends put in order, paths that meet a cycle looked for"
        return Protocol("pointer-doubling", spec, stages, collect_ends, {"size": size}, collects=collects)
    stages = power_stages(spec, size, power, what="double") if power else []
    config = {"size": size, "power": power}
    return Protocol("pointer-doubling", spec, stages, collect_power, config, collects="targets put in order")


def layout_pointers(spec: Spec, size: int, power: int | None = None) -> Layout:
    """Pointer v is token v, and so is where it leads."""

    def load(shard: Shard) -> dict[str, Table]:
        cells = shard[TOKENS]
        if power is None:
            return {"cells": Table({"start": cells["square"], "square": cells["square"]}, cells.offsets)}
        return {"cells": cells.with_columns(power=addresses(shard, cells).astype(_word(size)))}

    outputs = ("start", "square") if power is None else ("power",)
    return Layout(
        tokens=lambda data: {"square": _pointers(data)},
        inputs=types(square=_word(size)),
        reader=turn_of(spec, size),
        load=load,
        outputs=dict.fromkeys(outputs, np.dtype(_word(size))),
        writer=turn_of(spec, size),
        unload=lambda shard: shard["cells"].only(*outputs),
        result=lambda tokens: tokens["power"] if power is not None else _no_cycle(tokens["start"], tokens["square"]),
    )


POINTER_DOUBLING = Problem(
    name="pointer-doubling",
    input=POINTERS,
    summary="pointer doubling: where each row's pointer leads after so many steps, or in the end",
    slack=64,
    protocol=pointer_doubling,
    place=place_pointers,
    columns=("index", "target"),
    table=lambda pointers, target: {"index": np.arange(len(target)), "target": target},
    facts=lambda pointers, target: {"distinct_targets": len(np.unique(target))},
    driver={
        "place": "pointers checked, dealt in turn",
        "table": "rows numbered",
        "facts": "distinct targets counted, by a sort",
    },
    layout=layout_pointers,
)
