"""Facts and asks meet by key: the rounds of one look-up, whatever the skew.

Table `rows` has key columns, `asker` (-1: a fact) and what a fact says. An ask sees the facts of its key that come
before it, by (machine, row); or all of them, if `all_facts`. Two ways to bring equal keys together:
- *directly*: every row goes to the owner of its key. Fits s only if no owner gets too much, so a counted pre-round
  (`lookup.check`) comes first;
- *by sorting*: rows are sorted by key, and a prefix tree carries the state of a key from machine to machine.

Rounds: `1 + 2 D` for the pre-round, D the depth of its tree; 1, or those of the sort and `2 D'`; 1 for the answers.
Where a machine could not even be told q counts (q > s / 8) there is no pre-round and all goes by sorting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from logdepth.mpc.protocol import Change, Choose, Local, Send, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.lookup import check, fits, may_ask
from logdepth.protocols.sample_sort import sort, sort_order
from logdepth.protocols.trees import prefix
from logdepth.simulation.running import Running


@dataclass(frozen=True)
class Meeting:
    """One meeting of facts and asks.

    keys: the key columns. says: the columns of a fact; an ask has its row on its machine in the first of them.
    owner: of key columns the machine they meet on directly, as an even spread would have it. max_rows: facts and asks
    in all, at most. beside: words of a machine's other tables, at most.
    """

    spec: Spec
    keys: tuple[str, ...]
    says: tuple[str, ...]
    all_facts: bool
    owner: Callable[[list[Array]], Array]
    max_rows: int
    beside: int

    @property
    def row_words(self) -> int:
        return len(self.keys) + 1 + len(self.says)

    @property
    def order(self) -> tuple[str, ...]:
        """What rows are sorted by: -1, a fact's asker, comes before all others."""
        return (*self.keys, "asker") if self.all_facts else self.keys


def meet(meeting: Meeting, *, what: str) -> list[Stage]:
    """Table `answers` from table `rows`: column row, and what the state of an ask's key says where it has any facts.

    Raises `SpecError` if s is too small to sort.
    """
    running = Running(meeting.keys)

    def direct(shard: Shard) -> Change:
        rows = shard["rows"]
        return Change(drop=("rows",), mail={"rows": (rows, meeting.owner([rows[key] for key in meeting.keys]))})

    def in_order(shard: Shard) -> Change:
        rows = shard["rows"].take(sort_order(shard["rows"], meeting.order))
        carried = shard.one_each(**running.identity(_facts(meeting, rows)))
        return Change(keep={"rows": rows, "carried": carried})

    def answers(shard: Shard) -> Change:
        rows = shard["rows"]
        state = running.before(_facts(meeting, rows), shard["carried"].columns)
        answered = (rows["asker"] >= 0) & (state["some"] == 1)
        for key in meeting.keys:
            answered &= state[key] == rows[key]
        columns = {"row": rows[meeting.says[0]], **{name: state[name] for name in meeting.says}}
        sent = shard.select(Table(columns, rows.offsets), answered)
        return Change(drop=("rows", "carried"), mail={"answers": (sent, rows["asker"][answered])})

    return [*_together(meeting, direct, in_order, running, what), Send(f"{what}: answers", answers)]


def _together(
    meeting: Meeting,
    direct: Callable[[Shard], Change],
    in_order: Callable[[Shard], Change],
    running: Running,
    what: str,
) -> list[Stage]:
    """Rows of one key one after another, and in table `carried` the state before each machine's."""
    spec = meeting.spec

    def owners(shard: Shard) -> Change:
        rows = shard["rows"]
        owner = meeting.owner([rows[key] for key in meeting.keys])
        ask = Table({"address": owner}, rows.offsets)
        return Change(keep={"ask": ask.take(sort_order(ask, ("address",)))})

    sorting: list[Stage] = [
        *sort(
            spec, "rows", meeting.order, meeting.row_words, max_rows=meeting.max_rows, beside=meeting.beside,
            what=f"{what} by sorting",
        ),
        *prefix(
            spec, "carried", lambda shard: running.fold(_facts(meeting, shard["rows"])), running,
            words=meeting.row_words, room=(spec.local_memory - meeting.beside) // 4, what=f"{what}: facts before",
        ),
    ]  # fmt: skip
    if not may_ask(spec):
        return sorting
    return [
        Local(owners),
        *check(spec, "ask", "status", words=meeting.row_words, what=what),
        Local(lambda shard: Change(drop=("ask",))),
        Choose(fits("status"), [Send(f"{what}: to owners", direct), Local(in_order)], sorting),
        Local(lambda shard: Change(drop=("status",))),
    ]


def _facts(meeting: Meeting, rows: Table) -> Table:
    """Rows as `Running` takes them."""
    columns = {name: rows[name] for name in (*meeting.keys, *meeting.says)}
    return Table({"some": (rows["asker"] < 0).astype(np.int8), **columns}, rows.offsets)
