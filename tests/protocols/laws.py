"""What every protocol owes: one result and one ledger, however its machines are split into shards, on both kernels."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np

from logdepth.mpc.engine import LocalEngine, Parcel, Run
from logdepth.mpc.kernels import Kernels, Work
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Table
from logdepth.protocols.problem import Problem


def check_laws(problem: Problem, data: Any, spec: Spec) -> Run:
    """Run with Numba whole; with NumPy, one machine a shard; with shards drawn at random, on two threads.

    Of more than 100 machines only some 50 stand alone, the first and the last among them, for time's sake.
    Asserts equal results, types included, and equal ledgers; rounds within the bound; a config that survives JSON.
    Every run is strict, so s holds. Returns the first run.
    """
    config = problem.config(data)
    assert json.loads(json.dumps(config)) == config
    protocol, inputs = problem.protocol(spec, **config), problem.place(spec, data)
    rng = np.random.default_rng([spec.num_machines, spec.local_memory, spec.num_words])
    machines = np.arange(spec.num_machines)
    alone = machines if len(machines) <= 100 else np.append(rng.choice(machines, 50), [0, len(machines) - 1])
    whole, single, drawn = (
        engine.run(protocol, inputs)
        for engine in (
            LocalEngine(kernels="numba"),
            LocalEngine(kernels="numpy", ranges=cut_at(spec, np.append(alone, alone + 1))),
            LocalEngine(kernels="numba", ranges=cut_at(spec, rng.choice(machines, 4)), threads=2),
        )
    )
    for other in (single, drawn):
        assert same(whole.result, other.result), "a machine saw what lies on another, or the kernels differ"
        assert same_ledger(whole, other)
    assert whole.ledger.num_rounds <= protocol.num_rounds == whole.ledger.bound
    return whole


def same_ledger(one: Run, other: Run) -> bool:
    """Everything but the seconds, and whether limits were exceeded."""
    pairs = [(run.ledger.without_clock(), run.ledger.held_at_end, list(run.ledger.driver)) for run in (one, other)]
    return pairs[0] == pairs[1]


class Shuffled:
    """Mail that arrives in random order, and is sorted back by its source alone.

    What one source wrote to a machine arrives in the order in which it wrote it, anything else in any order; so a
    stable sort by source is all that is done. Without `sorted_back` not even that: to see that order matters.
    """

    def __init__(self, seed: int, *, sorted_back: bool = True) -> None:
        self.rng, self.sorted_back = np.random.default_rng(seed), sorted_back

    def __call__(self, kernels: Kernels, parcels: list[Parcel], num_machines: int, work: Work = map) -> Table:
        source = np.concatenate([first + table.spread(np.arange(len(table.counts))) for first, table, _ in parcels])
        target = np.concatenate([destination for _, _, destination in parcels])
        columns = {name: np.concatenate([table[name] for _, table, _ in parcels]) for name in parcels[0][1].columns}
        when, channel = self.rng.random(len(target)), source * num_machines + target
        # a source's rows to one machine keep their order: its times of arrival, ascending, go to its rows in order
        when[np.argsort(channel, kind="stable")] = when[np.lexsort((when, channel))]
        arrived = np.argsort(when)
        if self.sorted_back:
            arrived = arrived[np.argsort(source[arrived], kind="stable")]
        arrived = arrived[np.argsort(target[arrived], kind="stable")]  # each machine sees its own only
        offsets = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=num_machines))])
        return Table({name: column[arrived] for name, column in columns.items()}, offsets)


def cut_at(spec: Spec, cuts: np.ndarray) -> list[tuple[int, int]]:
    """All machines as ranges that end at the cuts."""
    ends = np.unique(np.append(cuts, [0, spec.num_machines])).tolist()
    return list(itertools.pairwise(ends))


def same(one: Any, other: Any) -> bool:
    """Equal in value and type, arrays in dicts and tuples included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return bool(one == other)


def by_sorting(run: Run) -> bool:
    """Whether some read of the run went by sorting."""
    return any("by sorting" in row.label for row in run.ledger.rounds)
