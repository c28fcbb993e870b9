"""Facts and asks meet on a grid: the rounds of a look-up whose conditions are more than equalities.

    their word is less than mine; their word is in my set; their set has my word

Nothing to sort by brings such facts and asks together, so each ask meets each fact: machines form a grid of R rows and
C columns, R C <= q. Asks of the machines in row group i go to all machines of row i, facts of those in column group j
to all of column j, and machine (i, j) finds for each of its asks the best of its facts (this is how databases join on
any condition: Okcan and Riedewald, "Processing theta-joins using MapReduce", SIGMOD 2011). It answers, and the asker
takes the best of at most C answers.

Rounds: 2. Words of a machine: about `2 sqrt(q)` times those of a block's distinct facts and asks, so s is about
n / sqrt(q) where all differ (a look-up by equality: n / q). R and C are chosen for the least.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from logdepth.errors import SpecError
from logdepth.mpc.protocol import Change, Local, Send, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.related_joins import Related, found_among


@dataclass(frozen=True)
class Crossing:
    """One meeting of facts and asks on a grid.

    kind: "last", "highest" (by column order), "count" or "union". keys: the key columns. theirs, mine: how many words
    each relation (`kinds`) has on either side. says: the columns of a fact. most_facts, most_asks: of one machine.
    beside: words of a machine's other tables, at most.
    """

    spec: Spec
    kind: str
    keys: tuple[str, ...]
    kinds: tuple[str, ...]
    theirs: tuple[int, ...]
    mine: tuple[int, ...]
    says: tuple[str, ...]
    causal: bool
    most_facts: int
    most_asks: int
    beside: int

    @property
    def fact_words(self) -> int:
        return len(self.keys) + 1 + sum(self.theirs) + len(self.says)

    @property
    def ask_words(self) -> int:
        return len(self.keys) + 2 + sum(self.mine)

    def load(self, rows: int, columns: int) -> int:
        """The words that a machine sends or receives in a round at most, on a grid of this shape."""
        facts, asks = self.most_facts * self.fact_words, self.most_asks * self.ask_words
        answers = self.most_asks * (1 + len(self.says))
        of_row, of_column = (-(-self.spec.num_machines // groups) for groups in (rows, columns))
        sent = max(rows * facts + columns * asks, of_row * answers)
        return max(sent, of_row * asks + of_column * facts, columns * answers)

    def grid(self) -> tuple[int, int]:
        """Rows and columns of the grid that takes the least memory. Raises `SpecError` if that is more than there is.

        >>> Crossing(Spec(64, 5000, 640), "last", (), ("<",), (1,), (1,), ("say0",), True, 10, 11, 30).grid()
        (8, 8)
        """
        machines = self.spec.num_machines
        rows = min(range(1, machines + 1), key=lambda rows: self.load(rows, machines // rows))
        columns = machines // rows
        least = self.beside + self.load(rows, columns)
        if least > self.spec.local_memory:
            raise SpecError(f"local_memory = {self.spec.local_memory:,} is too small for the grid, {least:,} words")
        return rows, columns


def word_names(side: str, numbers: Sequence[int]) -> list[list[str]]:
    """The columns of each relation's words on one side, "theirs" or "mine".

    >>> word_names("mine", (1, 2))
    [['mine0_0'], ['mine1_0', 'mine1_1']]
    """
    return [[f"{side}{at}_{word}" for word in range(number)] for at, number in enumerate(numbers)]


def cross(crossing: Crossing, *, what: str) -> list[Stage]:
    """Table `answers` (column row, and what the best fact says, or all together) from tables `facts` (keys, theirs,
    says) and `asks` (keys, row, mine): for every ask that any fact answers one row.

    Raises `SpecError` if s is too small.
    """
    rows, columns = crossing.grid()
    machines = crossing.spec.num_machines

    def to_the_grid(shard: Shard) -> Change:
        facts, asks = shard["facts"], shard["asks"]
        column, row = (shard.machine_of(table).astype(np.int64) for table in (facts, asks))
        facts, asks = (table.with_columns(machine=shard.machine_of(table).astype(np.int64)) for table in (facts, asks))
        to_column = (column * columns // machines)[:, None] + np.arange(rows) * columns
        to_row = (row * rows // machines)[:, None] * columns + np.arange(columns)
        mail = {"facts": (_copies(facts, rows), to_column.ravel()), "asks": (_copies(asks, columns), to_row.ravel())}
        return Change(drop=("facts", "asks"), mail=mail)

    def answers(shard: Shard) -> Change:
        facts, asks = shard["facts"], shard["asks"]
        found = [_answers(crossing, facts.part(at, at + 1), asks.part(at, at + 1)) for at in range(shard.num_machines)]
        sent = {name: np.concatenate([each[name] for each in found]) for name in found[0]}
        offsets = np.cumsum([0, *(len(each["row"]) for each in found)])
        mail = {"answers": (Table({n: c for n, c in sent.items() if n != "asker"}, offsets), sent["asker"])}
        return Change(drop=("facts", "asks"), mail=mail)

    def one_each(shard: Shard) -> Change:
        return Change(keep={"answers": _best(crossing, shard["answers"])})

    return [Send(f"{what}: to the grid", to_the_grid), Send(f"{what}: answers", answers), Local(one_each)]


def _copies(table: Table, times: int) -> Table:
    """Every row so many times."""
    return Table({name: np.repeat(column, times) for name, column in table.columns.items()}, table.offsets * times)


def _answers(crossing: Crossing, facts: Table, asks: Table) -> Mapping[str, Array]:
    """One machine's: for each ask that a fact answers the asker, its row there and what is said."""
    theirs, mine = word_names("theirs", crossing.theirs), word_names("mine", crossing.mine)
    sides = [*zip(crossing.kinds, theirs, mine, strict=True)]
    sides += [("==", [name], [name]) for name in crossing.keys]
    sides += [("<", ["machine"], ["machine"])] if crossing.causal else []  # facts of machines before the asker's
    related = [
        Related(kind, [facts[name][None] for name in theirs], [asks[name][None] for name in mine])
        for kind, theirs, mine in sides
    ]
    everyone = slice(0, facts.num_rows)

    def seen(mine: slice) -> Array:
        matches = np.ones((mine.stop - mine.start, facts.num_rows), bool)
        for each in related:
            matches &= each.holds(0, mine, everyone)
        return matches

    def found(kind: str, order: Array | None = None) -> Array:
        return found_among(kind, seen, asks.num_rows, facts.num_rows, order=order)

    if crossing.kind in ("count", "union"):
        said = {name: found(crossing.kind, facts[name].astype(np.int64)) for name in crossing.says}
        some = np.any([column != 0 for column in said.values()], axis=0)
    else:
        at = found(crossing.kind, facts["order"].astype(np.int64) if crossing.kind == "highest" else None)
        some = at > 0
        said = {name: facts[name][at - 1] if facts.num_rows else at for name in crossing.says}
    said = {name: column[some].astype(facts[name].dtype) for name, column in said.items()}
    return {"asker": asks["machine"][some], "row": asks["row"][some], **said}


def _best(crossing: Crossing, answers: Table) -> Table:
    """The best of the answers to one row of one machine, or all together. They came in order of the facts' machines."""
    if not answers.num_rows:
        return answers
    machine = np.repeat(np.arange(len(answers.counts)), answers.counts)
    order = np.arange(answers.num_rows)
    ranks = [answers["order"]] if crossing.kind == "highest" else []
    by = np.lexsort((order, *ranks, answers["row"], machine))
    row, machine = answers["row"][by], machine[by]
    first = np.flatnonzero(np.concatenate([[True], (row[1:] != row[:-1]) | (machine[1:] != machine[:-1])]))
    last = np.concatenate([first[1:], [answers.num_rows]]) - 1
    offsets = np.searchsorted(machine[first], np.arange(len(answers.counts) + 1))
    if crossing.kind in ("count", "union"):
        fold = np.add if crossing.kind == "count" else np.bitwise_or
        said = {name: fold.reduceat(answers[name][by], first) for name in crossing.says}
    else:
        said = {name: answers[name][by][last] for name in crossing.says}
    return Table({"row": row[first], **said}, offsets)
