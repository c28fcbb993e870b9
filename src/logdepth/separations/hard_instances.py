"""The hard instances behind the bounds, by name, as arrays to keep. A new one is a file of its own and a line here.

`arrays(count, ...)` stacks instances: `.npz` columns whose first axis is the instance. Instance number i depends on the
seed, the sizes and i alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from logdepth.errors import InputError
from logdepth.rng import key_for
from logdepth.separations.layered_chase import chase_to_hops, layered_chase
from logdepth.separations.subgraph import subgraph_instance
from logdepth.simulation.reductions import cycle_instance, cycles_to_connectivity, cycles_to_hops

MOST = 1 << 31  # numbers in an array
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class InstanceSizes:
    """size: vertices (of a layer, for chases). segment: tokens of a player's. copies: of a graph."""

    size: int
    players: int = 6
    segment: int | None = None
    copies: int = 1
    seed: int = 0


@dataclass(frozen=True)
class HardInstance:
    """forms: what an instance is turned into, by name, the first being its own; each makes instance number i. behind:
    the bounds that rest on it. uses: the options it takes."""

    name: str
    behind: str
    uses: tuple[str, ...]
    forms: Mapping[str, Callable[[InstanceSizes, int], Arrays]]

    def arrays(self, sizes: InstanceSizes, *, form: str | None = None, count: int = 1) -> Arrays:
        """So many instances, stacked. Raises `InputError` for another form, or sizes that cannot be.

        >>> found = find_hard_instance("pointer-chasing").arrays(InstanceSizes(4, players=3), form="hops", count=5)
        >>> {name: array.shape for name, array in found.items()}
        {'tokens': (5, 25), 'k': (5,), 'alphabet_size': (5,), 'answer': (5,)}
        """
        form = form or next(iter(self.forms))
        if form not in self.forms:
            raise InputError(f"{self.name} has no form {form!r}; there are: {', '.join(self.forms)}")
        if count < 1:
            raise InputError(f"count is {count}; it must be at least 1")
        parts = []
        for number in range(count):
            parts.append(self.forms[form](sizes, number))
            if number == 0 and count * max(part.size for part in parts[0].values()) > MOST:
                raise InputError(f"{count:,} instances of this size are more than {MOST:,} numbers; give fewer")
        return {name: np.stack([part[name] for part in parts]) for name in parts[0]}


def _chase(sizes: InstanceSizes, number: int) -> Arrays:
    made = layered_chase(sizes.players, sizes.size, seed=sizes.seed, number=number)
    return {
        "matchings": made.matchings,
        "start": np.array(made.start),
        "in_first": made.in_first,
        "answer": np.array(made.answer),
    }


def _chased_hops(sizes: InstanceSizes, number: int) -> Arrays:
    chase = layered_chase(sizes.players, sizes.size, seed=sizes.seed, number=number)
    made = chase_to_hops(chase, segment=sizes.segment)
    answer = 2 * chase.size + (not chase.answer)
    return _string(made.tokens, made.k, made.alphabet_size, answer)


def _cycles(sizes: InstanceSizes, number: int) -> tuple:
    """One cycle or two, by the toss of a coin, and its graph."""
    key = key_for(sizes.seed, "separations", "cycles", sizes.size, number)
    count = 1 + key % 2
    return count, cycle_instance(sizes.size, count, seed=key >> 1)


def _graph(graph, **more) -> Arrays:
    return {"edges": np.stack([graph.tail, graph.head], 1), **{name: np.array(value) for name, value in more.items()}}


def _string(tokens: np.ndarray, k: int, alphabet_size: int, answer: int) -> Arrays:
    sizes = {"k": np.array(k), "alphabet_size": np.array(alphabet_size), "answer": np.array(answer)}
    return {"tokens": tokens.astype(np.int32), **sizes}


def _cycle_graph(sizes: InstanceSizes, number: int) -> Arrays:
    count, graph = _cycles(sizes, number)
    return _graph(graph, answer=count)


def _cycle_hops(sizes: InstanceSizes, number: int) -> Arrays:
    if 9 * sizes.size * (sizes.size // 2) + 1 > MOST:
        raise InputError(f"{sizes.size:,} vertices make a string of 9 n n/2 + 1 tokens, more than {MOST:,}")
    count, graph = _cycles(sizes, number)
    made = cycles_to_hops(graph)
    return {**_string(made.tokens, made.k, made.alphabet_size, count), "start": np.array(made.start)}


def _cycle_connectivity(sizes: InstanceSizes, number: int) -> Arrays:
    count, graph = _cycles(sizes, number)
    return _graph(cycles_to_connectivity(graph, sizes.copies), answer=count == 1)


def _subgraph(sizes: InstanceSizes, number: int) -> Arrays:
    connected = bool(key_for(sizes.seed, "separations", "connected", sizes.size, number) & 1)
    made = subgraph_instance(sizes.size, connected, seed=sizes.seed, number=number)
    vertices = made.graph.num_vertices
    return {**_graph(made.graph, num_vertices=vertices), "chosen": made.chosen, "answer": np.array(made.connected)}


_ALL = (
    HardInstance(
        "pointer-chasing",
        "Propositions E.3 and E.4; Corollaries 5.2, 5.3, 5.4 and 5.6",
        ("players", "segment"),
        {"graph": _chase, "hops": _chased_hops},
    ),
    HardInstance(
        "one-vs-two-cycle",
        "Conjecture 2.4; Corollaries 3.5 and 4.3",
        ("copies",),
        {"graph": _cycle_graph, "hops": _cycle_hops, "connectivity": _cycle_connectivity},
    ),
    HardInstance("subgraph-connectivity", "Theorem 5.1", (), {"graph": _subgraph}),
)
HARD = {made.name: made for made in _ALL}


def find_hard_instance(name: str) -> HardInstance:
    """A hard instance by name. Raises `InputError`, with near names, for others."""
    if name not in HARD:
        near = difflib.get_close_matches(name, HARD, 1, 0.3)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(HARD)}"
        raise InputError(f"there is no hard instance {name!r}; {hint}")
    return HARD[name]
