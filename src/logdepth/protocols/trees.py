"""Trees of machines: all-reduce and exclusive prefix, `2 D` rounds with `D = ceil(log_fan q)`.

Machine i's parent at level l is the first machine of its block of `fan^(l+1)`. A node receives at most `fan` rows,
so a fan of `s / (8 * words a row)` fits whatever s is; for fixed delta D is a constant. Source: Goodrich 1999;
Goodrich, Sitchinava, Zhang 2011, section 2 (the same trees as Theorem C.1's).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from logdepth.errors import SpecError
from logdepth.mpc.protocol import Change, Local, Send, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import within
from logdepth.protocols.segments import Operation, fold

Columns = Mapping[str, Array]

_UFUNCS = {"sum": (np.add, 0), "max": (np.maximum, np.iinfo(np.int64).min), "min": (np.minimum, np.iinfo(np.int64).max)}


def tree_fan(spec: Spec, words: int) -> int:
    """How many rows of `words` words a node of a tree takes: `s / (8 words)`, at most q.

    Raises `SpecError`, with the least s, if that is not 2.

    >>> tree_fan(Spec(1000, 640, 10), words=2)
    40
    """
    fan = min(spec.num_machines, spec.local_memory // (8 * words))
    if fan < min(2, spec.num_machines):
        raise SpecError(
            f"local_memory = {spec.local_memory} is too small: a tree of machines needs {16 * words} words a machine"
        )
    return max(fan, 2)


def tree_depth(num_machines: int, fan: int) -> int:
    """Levels of the tree: the least D with `fan^D >= num_machines`.

    >>> [tree_depth(q, 10) for q in (1, 2, 10, 11, 1000)]
    [0, 1, 1, 2, 3]
    """
    depth, reach = 0, 1
    while reach < num_machines:
        reach *= fan
        depth += 1
    return depth


def keeping_fan(spec: Spec, words: int, room: int | None = None) -> tuple[int, int]:
    """Fan and depth of a tree whose first machines keep the rows of `words` words of their children at every level.

    They keep D * fan rows and send fan more, which take at most `room` words (default s / 4): the least depth D at
    which a fan of `room / (words (D + 1))` reaches all machines. Raises `SpecError` if there is none.

    >>> keeping_fan(Spec(1000, 640, 10), words=2), keeping_fan(Spec(1000, 200, 10), words=1)
    ((20, 3), (12, 3))
    """
    machines = spec.num_machines
    space = spec.local_memory // 4 if room is None else room
    for depth in range(machines.bit_length() + 1):
        fan = min(space // (words * (depth + 1)), max(machines, 2))
        if fan >= 2 and fan**depth >= machines:
            return fan, depth
    raise SpecError(
        f"local_memory = {spec.local_memory} is too small: a tree of machines that keeps its children's rows has "
        f"{max(space, 0)} words of it and needs {2 * words * (machines.bit_length() + 1)}"
    )


def _send_up(shard: Shard, values: Columns, fan: int, level: int) -> tuple[Table, Array]:
    """Each machine that is a node of this level mails its row to its parent."""
    machine = shard.machines
    table = shard.one_each(**values).where(machine % fan**level == 0)
    node = machine[machine % fan**level == 0]
    return table, node // fan ** (level + 1) * fan ** (level + 1)


def _send_down(shard: Shard, values: Columns, fan: int, level: int) -> tuple[Table, Array]:
    """Each node of this level mails its row to all its children, itself included."""
    block, step = fan**level, fan ** (level - 1)
    node = np.where(shard.machines % block == 0, shard.machines, -1)
    children = np.where(node >= 0, np.minimum(fan, -(-(shard.spec.num_machines - node) // step)), 0)
    offsets = np.concatenate([[0], np.cumsum(children)])
    table = Table({name: np.repeat(column, children) for name, column in values.items()}, offsets)
    place = np.arange(offsets[-1]) - np.repeat(offsets[:-1], children)
    return table, np.repeat(node, children) + place * step


def all_reduce(
    spec: Spec,
    name: str,
    values: Callable[[Shard], Columns],
    how: str | Mapping[str, str],
    *,
    drop: Sequence[str] = (),
    what: str,
) -> list[Stage]:
    """Every machine learns the sum, max or min over machines of `values(shard)`, in table `name` (one row each).

    `values`: name -> int64 column with one entry a machine. `how`: sum, max or min, for all columns or by name.
    `drop`: tables that are not needed after `values`. 2 D rounds; no round at all on one machine.
    """

    def ufunc(column: str) -> tuple[np.ufunc, int]:
        return _UFUNCS[how if isinstance(how, str) else how[column]]

    fan = tree_fan(spec, 2)
    depth = tree_depth(spec.num_machines, fan)
    up, down = f"{name}.up", f"{name}.down"

    def folded(shard: Shard, table: str) -> Columns:
        rows = shard[table]
        return {key: fold(ufunc(key)[0], column, rows.offsets, ufunc(key)[1]) for key, column in rows.columns.items()}

    def first(shard: Shard) -> Change:
        columns = {key: np.asarray(column, np.int64) for key, column in values(shard).items()}
        if depth == 0:
            return Change(keep={name: shard.one_each(**columns)}, drop=drop)
        return Change(drop=drop, mail={up: _send_up(shard, columns, fan, 0)})

    def climb(level: int) -> Callable[[Shard], Change]:
        return lambda shard: Change(drop=(up,), mail={up: _send_up(shard, folded(shard, up), fan, level)})

    def descend(level: int) -> Callable[[Shard], Change]:
        source, target = (up if level == depth else down), (name if level == 1 else down)
        return lambda shard: Change(drop=(source,), mail={target: _send_down(shard, folded(shard, source), fan, level)})

    if depth == 0:
        return [Local(first)]
    return [
        Send(f"{what}: up", first),
        *[Send(f"{what}: up", climb(level)) for level in range(1, depth)],
        *[Send(f"{what}: down", descend(level)) for level in range(depth, 0, -1)],
    ]


def prefix(
    spec: Spec,
    name: str,
    values: Callable[[Shard], Columns],
    operation: Operation,
    *,
    words: int,
    drop: Sequence[str] = (),
    room: int | None = None,
    what: str,
) -> list[Stage]:
    """Machine i learns `operation` over the rows of machines 0..i-1, in table `name` (one row each).

    `values`: name -> column with one entry a machine, `words` of them. Exclusive; 2 D rounds. A node keeps its
    children's rows until the way down. `drop`: tables that are not needed after `values`. `room`:
    words of a machine that the tree may take.
    """
    fan, depth = keeping_fan(spec, words, room)
    down = f"{name}.down"

    def children(level: int) -> str:
        return f"{name}.children{level}"

    def climb(level: int) -> Callable[[Shard], Change]:
        def run(shard: Shard) -> Change:
            columns = values(shard) if level == 0 else operation.fold(shard[children(level - 1)])
            return Change(drop=drop if level == 0 else (), mail={children(level): _send_up(shard, columns, fan, level)})

        return run

    def descend(level: int) -> Callable[[Shard], Change]:
        def run(shard: Shard) -> Change:
            rows = shard[children(level - 1)]
            if level == depth:
                carried: Columns = operation.identity(rows)
            else:
                received = shard[down]
                carried = {key: fold(np.add, column, received.offsets, 0) for key, column in received.columns.items()}
            before = operation.before(rows, carried)
            step = fan ** (level - 1)
            target = shard.machine_of(rows) + within(rows) * step
            drop = (children(level - 1),) if level == depth else (children(level - 1), down)
            return Change(drop=drop, mail={name if level == 1 else down: (Table(before, rows.offsets), target)})

        return run

    if depth == 0:

        def alone(shard: Shard) -> Change:
            nothing = operation.identity(shard.one_each(**values(shard)))
            return Change(keep={name: shard.one_each(**nothing)}, drop=drop)

        return [Local(alone)]
    return [
        *[Send(f"{what}: up", climb(level)) for level in range(depth)],
        *[Send(f"{what}: down", descend(level)) for level in range(depth, 0, -1)],
    ]
