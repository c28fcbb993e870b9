"""Reading and lowering values by address, and joins, in a constant number of rounds whatever the skew.

Cell v of a distributed array lives on machine `v % q`, in its row `v // q`. Two ways to reach it:
- *directly*: every machine asks the owner once for each address it needs. Fits s only if no owner is asked too
  much, so a counted pre-round (how much will you be asked? all-reduce of the verdict) comes first;
- *by sorting*: facts and queries are sorted together by (key, order), the last fact before each query is found by a
  scan, across machines by a prefix tree, and sent back. Any number of queries may meet in one fact: s holds anyway.
The pre-round picks, for all machines alike: same answers, both honest in the ledger. Where a machine could not even
be told q counts (q > s / 8) there is no pre-round and everything goes by sorting.

Source: Goodrich, Sitchinava, Zhang, "Sorting, searching, and simulation in the MapReduce framework" (2011), the
simulation of concurrent reads and combining writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from logdepth.mpc.protocol import Change, Choose, Local, Send, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import addresses, within
from logdepth.protocols.sample_sort import sort
from logdepth.protocols.segments import Last, fold, last_true
from logdepth.protocols.trees import all_reduce, prefix

BESIDE = 16  # words for what a machine holds beside its tables while it asks: the check's outcome, its place


def may_ask(spec: Spec) -> bool:
    """Whether asking directly is possible at all: every machine can be told q counts."""
    return spec.num_machines <= spec.local_memory // 8


def check(
    spec: Spec,
    ask: str,
    status: str,
    *,
    words: int = 2,
    also: Callable[[Shard], Mapping[str, Array]] | None = None,
    how: Mapping[str, str] | None = None,
    column: str = "address",
    part: int = 1,
    later: Mapping[str, tuple[str, str, int, int]] | None = None,
    what: str,
) -> list[Stage]:
    """The pre-round: does every owner's mail fit if each row of `ask` sends it `words` words, and takes one back?

    `ask` has addresses in `column`. Leaves table `status` with `over` (0: it fits) and the columns of `also(shard)`,
    all-reduced as `how` says; and, for mail that is sent `later`, the same by other names: name -> (table, column,
    words, part). `part`: mail that stays where it goes, so that it may fill one part in so many of s. 1 + 2 D rounds.
    Machines speak of an owner only if they have more than `unsaid` rows for it; the owner counts that much for each of
    them on top.
    """
    asks = {"over": (ask, column, words, part), **(later or {})} if may_ask(spec) else {}
    loads = {name: f"{status}.{name}" for name in asks}

    def count(shard: Shard) -> Change:
        mail = {}
        for name, (source, key, each, _) in asks.items():
            table, free = shard[source], unsaid(spec, each)
            owner, more, offsets = shard.kernels.crowds(table.offsets, table[key], spec.num_machines, free)
            mail[loads[name]] = Table({"count": more}, offsets), owner
        return Change(mail=mail)

    def verdict(shard: Shard) -> dict[str, Array]:
        held = shard.words() - sum(shard[name].words() for name in loads.values())
        found = {name: np.ones(shard.num_machines, np.int64) for name in ("over", *(later or {}))}
        for name, (source, _, each, filled) in asks.items():
            told = shard[loads[name]]
            load = fold(np.add, told["count"], told.offsets, 0) + unsaid(spec, each) * spec.num_machines
            most = held + BESIDE + filled * each * np.maximum(load, shard[source].counts)
            found[name] = (most > spec.local_memory).astype(np.int64)
        return {**found, **(also(shard) if also else {})}

    most: dict[str, str] = dict.fromkeys(("over", *(later or {})), "max")
    reduce = all_reduce(spec, status, verdict, {**most, **(how or {})}, drop=tuple(loads.values()), what=what)
    return [Send(f"{what}: count", count), *reduce] if asks else reduce


def unsaid(spec: Spec, words: int) -> int:
    """How many rows of `words` words each machine may send any other without a word about it: s / 16 words of all.

    >>> unsaid(Spec(64, 64_000, 10_000), 2)
    31
    """
    return spec.local_memory // (16 * words * spec.num_machines)


def fits(status: str) -> Callable[[Shard], Array]:
    """The flag that `check` left: 1 where asking directly fits."""
    return lambda shard: 1 - shard[status]["over"]


def join(
    spec: Spec,
    name: str,
    records: Callable[[Shard], Table],
    answer: str,
    *,
    max_rows: int,
    num_queries: Callable[[Shard], Array],
    defaults: Sequence[int] = (0,),
    what: str,
) -> list[Stage]:
    """For each query the last fact with its key and an order not above its own; by sorting.

    `records(shard)`: columns key, order, a, b. Facts have an even order, and values a and b; queries an odd one
    (2 t + 1 sees facts of order up to 2 t), their machine a and row b, rows 0, 1, ... a machine.
    Leaves table `answer` with one row a query, columns value (and other, with two defaults).
    Rounds: a sort, a prefix tree, 1.
    """
    carried, back = f"{name}.carried", f"{name}.back"
    columns = ("value", "other")[: len(defaults)]

    def last_fact(shard: Shard) -> dict[str, Array]:
        table = shard[name]
        facts = Table(
            {"some": (table["order"] % 2 == 0).astype(np.int64), "key": table["key"], "a": table["a"], "b": table["b"]},
            table.offsets,
        )
        return dict(Last().fold(facts))

    def answers(shard: Shard) -> Change:
        table, carry = shard[name], shard[carried]
        is_query = table["order"] % 2 == 1
        row = last_true(~is_query, table.offsets)
        key = table["key"]
        here = (row >= 0) & (key[np.maximum(row, 0)] == key)
        before = (row < 0) & (table.spread(carry["some"]) == 1) & (table.spread(carry["key"]) == key)
        found = {}
        for column, source, default in zip(columns, ("a", "b"), defaults, strict=False):
            inside = table[source][np.maximum(row, 0)] if len(row) else table[source]
            found[column] = np.where(here, inside, np.where(before, table.spread(carry[source]), default))
        replies = Table({"row": table["b"], **found}, table.offsets).where(is_query)
        return Change(drop=(name, carried), mail={back: (replies, table["a"][is_query])})

    def order(shard: Shard) -> Change:
        got = shard[back]
        place = got.spread(got.offsets[:-1]) + got["row"]
        assert (got.counts == num_queries(shard)).all()
        sorted_columns = {}
        for column in columns:
            sorted_columns[column] = np.empty_like(got[column])
            sorted_columns[column][place] = got[column]
        return Change(drop=(back,), keep={answer: Table(sorted_columns, got.offsets)})

    return [
        Local(lambda shard: Change(keep={name: records(shard)})),
        *sort(spec, name, ("key", "order"), 4, max_rows=max_rows, what=what),
        *prefix(spec, carried, last_fact, Last(), words=4, what=f"{what}: last fact"),
        Send(f"{what}: answers", answers),
        Local(order),
    ]


def stack(*tables: Table) -> Table:
    """Rows of several tables with the same columns, machine by machine."""
    num_machines = len(tables[0].offsets) - 1
    counts = np.stack([table.counts for table in tables], axis=1)
    machine = np.concatenate([table.spread(np.arange(num_machines)) for table in tables])
    order = np.argsort(machine, kind="stable")
    columns = {name: np.concatenate([table[name] for table in tables])[order] for name in tables[0].columns}
    return Table(columns, np.concatenate([[0], np.cumsum(counts.sum(axis=1))]))


def read(
    spec: Spec,
    name: str,
    *,
    ask: str,
    facts: str,
    value: str,
    answer: str,
    max_rows: int,
    status: str | None = None,
    runs: bool = False,
    seen: str | None = None,
    what: str,
) -> list[Stage]:
    """Table `answer`, column value: for each row of `ask` the `value` of cell `address` of the array `facts`.

    `ask`: column address, grouped by owner within each machine. `max_rows`: rows of all asks and facts together, at
    most. `status`: a `check` of `ask` that was made already; else one is made (and forgotten) here. An ask is two
    words, address and asker; with `runs` the asker is said once to each owner, with the number of its asks, and an
    ask is three words at most. `seen`: table with column seen, for each cell of `facts` whether it was asked, where
    that is known; every cell where it is not.
    """
    own = status or f"{name}.status"
    asked, askers = f"{name}.asked", f"{name}.askers"

    def send(shard: Shard) -> Change:
        table = shard[ask]
        owner = shard.kernels.owner(table["address"], spec.num_machines)
        if not runs:
            mail = table.only("address").with_columns(machine=shard.machine_of(table))
            return Change(mail={asked: (mail, owner)})
        to, length, offsets = shard.kernels.owner_runs(table.offsets, table["address"], spec.num_machines)
        who = Table({"count": length}, offsets)
        who = who.with_columns(machine=shard.machine_of(who))
        return Change(mail={asked: (table.only("address"), owner), askers: (who, to)})

    def reply(shard: Shard) -> Change:
        got, known = shard[asked], shard[facts]
        found = shard.kernels.read_owned(got.offsets, got["address"], known.offsets, known[value], spec.num_machines)
        machine = np.repeat(shard[askers]["machine"], shard[askers]["count"]) if runs else got["machine"]
        keep = {}
        if seen:
            marked = shard.kernels.marked(got.offsets, got["address"], known.offsets, spec.num_machines)
            keep = {seen: Table({"seen": marked}, known.offsets)}
        mail = {answer: (Table({"value": found}, got.offsets), machine)}
        return Change(keep=keep, drop=(asked, askers) if runs else (asked,), mail=mail)

    direct: list[Stage] = [Send(f"{what}: ask", send), Send(f"{what}: answer", reply)]
    sorting = read_by_sorting(
        spec, name, ask=ask, facts=facts, value=value, answer=answer, max_rows=max_rows, seen=seen, what=what
    )
    if not may_ask(spec):
        return sorting
    stages: list[Stage] = [] if status else check(spec, ask, own, words=3 if runs else 2, what=what)
    stages.append(Choose(fits(own), direct, sorting))
    return stages if status else [*stages, Local(lambda shard: Change(drop=(own,)))]


def read_by_sorting(
    spec: Spec,
    name: str,
    *,
    ask: str,
    facts: str,
    value: str,
    answer: str,
    max_rows: int,
    seen: str | None = None,
    what: str,
) -> list[Stage]:
    """`read` by sorting alone; rows of `ask` in any order."""

    def records(shard: Shard) -> Table:
        known, table = shard[facts], shard[ask]
        zeros = np.zeros(known.num_rows, np.int64)
        cells = {"key": addresses(shard, known), "order": zeros, "a": known[value].astype(np.int64), "b": zeros}
        row = within(table)
        queries = {
            "key": table["address"].astype(np.int64),
            "order": np.ones(table.num_rows, np.int64),
            "a": table.spread(shard.machines),
            "b": row,
        }
        return stack(Table(cells, known.offsets), Table(queries, table.offsets))

    def narrow(shard: Shard) -> Change:
        """The answers in the array's own type, whichever way they came."""
        got, known = shard[answer], shard[facts]
        keep = {answer: Table({"value": got["value"].astype(known[value].dtype)}, got.offsets)}
        if seen:
            keep[seen] = Table({"seen": np.ones(known.num_rows, bool)}, known.offsets)
        return Change(keep=keep)

    return [
        *join(
            spec, f"{name}.join", records, answer, max_rows=max_rows,
            num_queries=lambda shard: shard[ask].counts, what=f"{what} by sorting",
        ),
        Local(narrow),
    ]  # fmt: skip


def lower(
    spec: Spec,
    name: str,
    message: Callable[[Shard], Table],
    got: str,
    *,
    columns: Sequence[str],
    max_rows: int,
    status: str,
    what: str,
) -> list[Stage]:
    """Table `got`: at each owner, rows (address, `columns`) of `message(shard)`; of each address the least at least.

    Directly, an owner gets every machine's row; by sorting, only the least row of each address. `message(shard)` has
    at most one row a machine and address, grouped by owner; `status` is a `check` that covers it.
    """

    def send(shard: Shard) -> Change:
        rows = message(shard)
        return Change(mail={got: (rows, shard.kernels.owner(rows["address"], spec.num_machines))})

    direct: list[Stage] = [Send(f"{what}: send", send)]
    sorting = lower_by_sorting(spec, name, message, got, columns=columns, max_rows=max_rows, what=what)
    return [Choose(fits(status), direct, sorting)] if may_ask(spec) else sorting


def lower_by_sorting(
    spec: Spec,
    name: str,
    message: Callable[[Shard], Table],
    got: str,
    *,
    columns: Sequence[str],
    max_rows: int,
    what: str,
) -> list[Stage]:
    """`lower` by sorting alone: of each address the least row comes to its owner. `message`: in any order."""
    table_name, carried = f"{name}.rows", f"{name}.carried"
    keys = ("address", *columns)

    def last_address(shard: Shard) -> dict[str, Array]:
        table = shard[table_name]
        ones = np.ones(table.num_rows, np.int64)
        return dict(Last().fold(Table({"some": ones, "address": table["address"]}, table.offsets)))

    def least(shard: Shard) -> Change:
        table, carry = shard[table_name], shard[carried]
        address = table["address"]
        new = np.ones(table.num_rows, bool)
        new[1:] = address[1:] != address[:-1]
        first = table.offsets[:-1][table.counts > 0]
        known = (carry["some"] == 1)[table.counts > 0]
        new[first] = ~known | (carry["address"][table.counts > 0] != address[first])
        rows = table.where(new)
        return Change(
            drop=(table_name, carried),
            mail={got: (rows, shard.kernels.owner(rows["address"], spec.num_machines))},
        )

    return [
        Local(lambda shard: Change(keep={table_name: message(shard)})),
        *sort(spec, table_name, keys, len(keys), max_rows=max_rows, what=f"{what} by sorting"),
        *prefix(spec, carried, last_address, Last(), words=2, what=f"{what}: last address"),
        Send(f"{what}: least", least),
    ]
