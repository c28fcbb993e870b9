"""Deterministic sample sort for any s: O(1/delta) levels, no machine over s, ties broken by machine and index.

One level splits every group of M machines into b parts. Machines sort what they hold and send every t-th row up a
tree of fan f, whose nodes sort what they get and pass on every f-th; the root picks b - 1 splitters, which go
down; the numbers of rows a bucket go up and their prefix sums down; each row then travels to its bucket's part, to
the machine that its exact rank there gives. Taking every t-th row blurs a rank by at most M t, and so does each of
the other D - 1 thinnings and the choice at the root: a bucket holds at most `(D + 1) M t` rows more than its share,
`(D + 1) b' t` a machine, with b' = M over the size of the smallest part. `t = cap / sum over levels of (D + 1) b'`
makes that `cap` in all: no machine ever holds more than `a + cap` rows, a = N / q. All of it is counted, none of it
is likely: no randomness. The order is stable: equal keys keep the order (machine, row).

Rounds: the sum over levels of `4 D + 1`. Memory: a node of the tree takes `f (a + cap) / t` samples of K + 2 words.
Source: Goodrich, "Communication-efficient parallel sorting", SIAM J. Comput. 29 (1999); regular sampling from Shi
and Schaeffer 1992.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from logdepth.errors import SpecError
from logdepth.mpc.protocol import Change, Local, Send, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import within
from logdepth.protocols.trees import tree_depth

_BLOCK = 1 << 18  # rows worked on at a time where intermediate results would be many times as long as they


@dataclass(frozen=True)
class SortPlan:
    """`levels` of splitting into `parts` each; trees of `fan`; every `stride`-th row is a sample.

    depths: the tree's depth D at each level.
    """

    levels: int
    parts: int
    fan: int
    stride: int
    depths: tuple[int, ...]

    @property
    def num_rounds(self) -> int:
        return sum(4 * depth + 1 for depth in self.depths)


def least_root(value: int, power: int) -> int:
    """The least integer whose `power`-th power is at least `value`.

    >>> least_root(1000, 3), least_root(1001, 3)
    (10, 11)
    """
    root = max(1, round(value ** (1 / power)) - 1)
    while root**power < value:
        root += 1
    return root


def plan_sort(spec: Spec, key_words: int, row_words: int, max_rows: int, beside: int = 0) -> SortPlan:
    """The plan with the fewest rounds for at most `max_rows` rows in all; rows take at most half of s.

    `beside`: words that a machine holds all the while beside them, at most: the sort's s is that much less. Raises
    `SpecError` with the least s if no plan fits.

    >>> plan_sort(Spec(64, 1_000_000, 1), 1, 2, 640_000).num_rounds
    5
    >>> plan_sort(Spec(1732, 64 * 1732, 1), 2, 4, 3_000_000).num_rounds
    14
    """
    room = max(spec.local_memory - beside, 1)
    plan = _best_plan(spec.num_machines, room, key_words, row_words, max_rows)
    if plan is not None:
        return plan
    low, high = room, 2 * room
    while _best_plan(spec.num_machines, high, key_words, row_words, max_rows) is None:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if _best_plan(spec.num_machines, middle, key_words, row_words, max_rows) is None:
            low = middle
        else:
            high = middle
    raise SpecError(
        f"local_memory = {spec.local_memory} is too small to sort {max_rows} rows of {row_words} words on "
        f"{spec.num_machines} machines: give at least {high + beside} words a machine (a larger delta or --memory)"
    )


def _best_plan(num_machines: int, memory: int, key_words: int, row_words: int, max_rows: int) -> SortPlan | None:
    if num_machines == 1:
        return SortPlan(0, 1, 1, 1, ())
    share = -(-max_rows // num_machines)
    cap = memory // (2 * row_words) - share
    best: SortPlan | None = None
    for levels in range(1, num_machines.bit_length() + 1):
        for depth in range(1, num_machines.bit_length() + 1):
            parts, fan = max(2, least_root(num_machines, levels)), max(2, least_root(num_machines, depth))
            size, depths, blur = num_machines, [], 0
            while size > 1:
                depths.append(tree_depth(size, fan))
                blur += (depths[-1] + 1) * -(-size // max(1, size // parts))
                size = -(-size // parts)
            stride = cap // blur
            if stride < 1:
                continue
            # a node takes fan (rows / stride + 1) samples of K + 2 words, rows up to memory / (2 row_words): at most
            # half the memory. Written so that more memory never turns a plan down (the rows grow with it)
            words = fan * (key_words + 2)
            room = memory * (row_words * stride - words) >= 2 * words * row_words * stride
            if not room or 2 * words * parts > memory:
                continue
            plan = SortPlan(len(depths), parts, fan, stride, tuple(depths))
            if best is None or plan.num_rounds < best.num_rounds:
                best = plan
    return best


@dataclass(frozen=True)
class _Groups:
    """The group of each machine of a shard at one level, and its parts."""

    start: Array
    size: Array
    parts: int

    def part_start(self, part: Array | int) -> Array:
        """First machine of a part; parts beyond the group's size are empty."""
        return self.start + np.minimum(self.size * part // np.minimum(self.parts, self.size), self.size)


def _groups(machines: Array, num_machines: int, parts: int, level: int) -> _Groups:
    start, size = np.zeros_like(machines), np.full_like(machines, num_machines)
    for _ in range(level):
        split = np.minimum(parts, size)
        part = ((machines - start + 1) * split - 1) // size
        low, high = size * part // split, size * (part + 1) // split
        start, size = start + low, high - low
    return _Groups(start, size, parts)


def sort_order(table: Table, keys: Sequence[str]) -> Array:
    """The stable order of each machine's rows by `keys`."""
    columns = [table[key] for key in reversed(keys)]
    if len(table.offsets) - 1 <= 1 + table.num_rows // 4096:
        parts = [
            low + np.lexsort([column[low:high] for column in columns])
            for low, high in zip(table.offsets[:-1], table.offsets[1:], strict=True)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)
    machine = table.spread(np.arange(len(table.offsets) - 1))
    return np.lexsort([*columns, machine])


def in_order(table: Table, keys: Sequence[str]) -> bool:
    """Whether each machine's rows are in the order of `keys` already."""
    late, equal = np.zeros(max(table.num_rows - 1, 0), bool), None
    for key in keys:
        column = table[key]
        falls = column[1:] < column[:-1]
        late |= falls if equal is None else falls & equal
        same = column[1:] == column[:-1]
        equal = same if equal is None else equal & same
    border = table.offsets[1:-1]
    late[border[(border > 0) & (border < table.num_rows)] - 1] = False
    return not late.any()


def sorted_rows(table: Table, keys: Sequence[str]) -> Table:
    """Each machine's rows in the stable order of `keys`; the table itself where they are in it.

    Large machines are sorted one after another, so that no order of all rows is in memory beside them.
    """
    if in_order(table, keys):
        return table
    if len(table.offsets) - 1 > 1 + table.num_rows // 4096:
        return table.take(sort_order(table, keys))
    columns = {name: np.empty_like(column) for name, column in table.columns.items()}
    for low, high in zip(table.offsets[:-1], table.offsets[1:], strict=True):
        order = np.lexsort([table[key][low:high] for key in reversed(keys)])
        for name, column in table.columns.items():
            np.take(column[low:high], order, out=columns[name][low:high])
    return Table(columns, table.offsets)


def _ranks(rows: Table, keys: Sequence[str], machines: Array, splitters: Table) -> Array:
    """For each splitter how many rows of its machine come before it, by (keys, machine, row)."""
    low = splitters.spread(rows.offsets[:-1])
    high = splitters.spread(rows.offsets[1:])
    start, machine = low, splitters.spread(machines)
    while (low < high).any():
        middle = np.where(low < high, (low + high) // 2, 0)
        less, equal = np.zeros(len(low), bool), np.ones(len(low), bool)
        pairs = [(rows[key][middle], splitters[key]) for key in keys]
        pairs += [(machine, splitters["of_machine"]), (middle - start, splitters["of_row"])]
        for ours, theirs in pairs:
            less |= equal & (ours < theirs)
            equal &= ours == theirs
        low, high = np.where((low < high) & less, middle + 1, low), np.where((low < high) & ~less, middle, high)
    return low - start


def sort(
    spec: Spec, name: str, keys: Sequence[str], row_words: int, *, max_rows: int, beside: int = 0, what: str
) -> list[Stage]:
    """Sort table `name` by `keys` over all machines: machine order, then row order. See the module's docstring.

    The table has at most `max_rows` rows of `row_words` words; machines hold `beside` words more at most. Raises
    `SpecError` if s is too small for any plan.
    """
    plan = plan_sort(spec, len(keys), row_words, max_rows, beside)
    stages: list[Stage] = []
    for level in range(plan.levels):
        stages += _split_level(spec, plan, name, keys, level, what)
    return [*stages, Local(lambda shard: Change(keep={name: sorted_rows(shard[name], keys)}))]


def _split_level(spec: Spec, plan: SortPlan, name: str, keys: Sequence[str], level: int, what: str) -> list[Stage]:
    depth, fan, parts = plan.depths[level], plan.fan, plan.parts
    samples, splitters, offsets_table = f"{name}.samples", f"{name}.splitters", f"{name}.offsets"
    sample_columns = [*keys, "of_machine", "of_row"]

    def groups(shard: Shard) -> _Groups:
        return _groups(shard.machines, spec.num_machines, parts, level)

    def parent(shard: Shard, height: int) -> tuple[Array, Array]:
        start = groups(shard).start
        place = shard.machines - start
        return place % fan**height == 0, start + place // fan ** (height + 1) * fan ** (height + 1)

    def sample(shard: Shard) -> Change:
        rows = shard[name]
        rows = sorted_rows(rows, keys)
        place = _every(rows, plan.stride)
        chosen = Table({key: rows[key][place["row"]] for key in keys}, place.offsets)
        of_row = place["row"] - chosen.spread(rows.offsets[:-1])
        chosen = chosen.with_columns(of_machine=shard.machine_of(chosen).astype(np.int64), of_row=of_row)
        return Change(keep={name: rows}, mail={samples: (chosen, chosen.spread(parent(shard, 0)[1]))})

    def climb(height: int) -> Callable[[Shard], Change]:
        def run(shard: Shard) -> Change:
            got = shard[samples]
            ranked = sorted_rows(got, sample_columns)
            place = _every(ranked, fan)
            chosen = Table({key: column[place["row"]] for key, column in ranked.columns.items()}, place.offsets)
            return Change(drop=(samples,), mail={samples: (chosen, chosen.spread(parent(shard, height)[1]))})

        return run

    def descend(height: int) -> Callable[[Shard], Change]:
        """Splitters go from the nodes of `height` to their children."""

        def run(shard: Shard) -> Change:
            group = groups(shard)
            if height == depth:
                got = sorted_rows(shard[samples], sample_columns)
                wanted = np.where(got.counts > 0, np.minimum(parts, group.size) - 1, 0)
                owner = np.repeat(np.arange(shard.num_machines), wanted)
                part = np.arange(len(owner)) - np.repeat(np.cumsum(wanted) - wanted, wanted) + 1
                share = group.size[owner] * part // np.minimum(parts, group.size[owner])
                row = got.offsets[:-1][owner] + np.minimum(
                    got.counts[owner] * share // group.size[owner], got.counts[owner] - 1
                )
                table = Table(
                    {key: column[row] for key, column in got.columns.items()}, np.concatenate([[0], np.cumsum(wanted)])
                )
                drop = (samples,)
            else:
                table, drop = shard[splitters], (splitters,)
            place, step = shard.machines - group.start, fan ** (height - 1)
            is_node = place % fan**height == 0
            kids = np.where(is_node, np.minimum(fan, -(-(group.size - place) // step)), 0)
            copies = np.repeat(kids, table.counts)
            row = np.repeat(np.arange(table.num_rows), copies)
            kid = np.arange(len(row)) - np.repeat(np.cumsum(copies) - copies, copies)
            sent = Table({key: column[row] for key, column in table.columns.items()}, _offsets(kids * table.counts))
            return Change(drop=drop, mail={splitters: (sent, sent.spread(shard.machines) + kid * step)})

        return run

    def cut(shard: Shard) -> Array:
        """Rows each machine has for each bucket, (machines, parts)."""
        rows, marks = shard[name], shard[splitters]
        ranks = _ranks(rows, keys, shard.machines, marks)
        ends = np.repeat(rows.counts[:, None], parts, axis=1)
        ends[np.repeat(np.arange(shard.num_machines), marks.counts), within(marks)] = ranks
        return np.diff(ends, axis=1, prepend=0)

    stages: list[Stage] = [
        Send(f"{what}: samples up", sample),
        *[Send(f"{what}: samples up", climb(height)) for height in range(1, depth)],
        *[Send(f"{what}: splitters down", descend(height)) for height in range(depth, 0, -1)],
        *_bucket_offsets(plan, name, cut, parent, groups, level, what),
    ]

    def route(shard: Shard) -> Change:
        rows, group = shard[name], groups(shard)
        count = shard[f"{name}.counts"]["count"].reshape(-1, parts)
        before, total = (shard[offsets_table][key].reshape(-1, parts) for key in ("before", "total"))
        part = np.arange(parts)
        low = np.stack([group.part_start(int(index)) for index in part], axis=1)
        high = np.stack([group.part_start(int(index) + 1) for index in part], axis=1)
        each = np.maximum(-(-total // np.maximum(high - low, 1)), 1)
        target = _targets(count.ravel(), before.ravel(), each.ravel(), low.ravel())
        return Change(drop=(name, offsets_table, f"{name}.counts"), mail={name: (rows, target)})

    return [*stages, Send(f"{what}: rows to their part", route)]


def _bucket_offsets(
    plan: SortPlan,
    name: str,
    cut: Callable[[Shard], Array],
    parent: Callable[[Shard, int], tuple[Array, Array]],
    groups: Callable[[Shard], _Groups],
    level: int,
    what: str,
) -> list[Stage]:
    """Each machine learns, per bucket, the rows of its group's earlier machines (`before`) and of all (`total`).

    Table `name.counts` gets its own rows per bucket, table `name.offsets` has columns before and total.
    """
    depth, fan, parts = plan.depths[level], plan.fan, plan.parts
    counts, down, result = f"{name}.counts", f"{name}.down", f"{name}.offsets"

    def children(height: int) -> str:
        return f"{name}.children{height}"

    def by_child(table: Table) -> tuple[Array, Array]:
        return table["count"].reshape(-1, parts), table.offsets // parts

    def totals(table: Table) -> Array:
        rows, offsets = by_child(table)
        total = np.concatenate([np.zeros((1, parts), np.int64), np.cumsum(rows, axis=0)])
        return total[offsets[1:]] - total[offsets[:-1]]

    def up(shard: Shard, height: int, matrix: Array) -> tuple[Table, Array]:
        is_node, target = parent(shard, height)
        table = Table({"count": matrix[is_node].ravel()}, _offsets(is_node * parts))
        return table, np.repeat(target[is_node], parts)

    def first(shard: Shard) -> Change:
        matrix = cut(shard)
        own = Table({"count": matrix.ravel()}, np.arange(shard.num_machines + 1) * parts)
        return Change(keep={counts: own}, drop=(f"{name}.splitters",), mail={children(0): up(shard, 0, matrix)})

    def climb(height: int) -> Callable[[Shard], Change]:
        return lambda shard: Change(mail={children(height): up(shard, height, totals(shard[children(height - 1)]))})

    def descend(height: int) -> Callable[[Shard], Change]:
        def run(shard: Shard) -> Change:
            table = shard[children(height - 1)]
            rows, offsets = by_child(table)
            running = np.concatenate([np.zeros((1, parts), np.int64), np.cumsum(rows, axis=0)])
            node = np.repeat(np.arange(shard.num_machines), np.diff(offsets))
            if height == depth:
                carried, total = np.zeros((shard.num_machines, parts), np.int64), totals(table)
                drop = (children(height - 1),)
            else:
                got = shard[down]
                carried, total = np.zeros((2, shard.num_machines, parts), np.int64)
                carried[got.counts > 0] = got["before"].reshape(-1, parts)
                total[got.counts > 0] = got["total"].reshape(-1, parts)
                drop = (children(height - 1), down)
            before = running[:-1] - running[offsets[:-1]][node] + carried[node]
            group = groups(shard)
            kid = np.arange(len(node)) - offsets[:-1][node]
            target = shard.machines[node] + kid * fan ** (height - 1)
            assert (target < (group.start + group.size)[node]).all()
            sent = Table({"before": before.ravel(), "total": total[node].ravel()}, table.offsets)
            return Change(drop=drop, mail={result if height == 1 else down: (sent, np.repeat(target, parts))})

        return run

    return [
        Send(f"{what}: counts up", first),
        *[Send(f"{what}: counts up", climb(height)) for height in range(1, depth)],
        *[Send(f"{what}: offsets down", descend(height)) for height in range(depth, 0, -1)],
    ]


def _every(table: Table, stride: int) -> Table:
    """Column row: of each machine the rows `stride - 1`, `2 stride - 1`, ..., as rows of the table."""
    counts = table.counts // stride
    offsets = _offsets(counts)
    place = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
    return Table({"row": np.repeat(table.offsets[:-1], counts) + place * stride + stride - 1}, offsets)


def _targets(count: Array, before: Array, each: Array, low: Array) -> Array:
    """The machine of each row, int32: run r has `count[r]` rows, the i-th goes to `low + (before + i) // each`.

    A block of runs at a time, so that no more than the result is as long as the rows.
    """
    starts = _offsets(count)
    target = np.empty(starts[-1], np.int32)
    first = 0
    while first < len(count):
        last = max(int(np.searchsorted(starts, starts[first] + _BLOCK, "right")) - 1, first + 1)
        run = np.repeat(np.arange(first, last), count[first:last])
        place = np.arange(starts[first], starts[last]) - starts[run]
        target[starts[first] : starts[last]] = low[run] + (before[run] + place) // each[run]
        first = last
    return target


def _offsets(counts: Array) -> Array:
    return np.concatenate([[0], np.cumsum(counts)])
