"""Squaring, breadth-first search or hooking: which one a net is like, by the distances that it holds after each layer.

*Squaring* holds who is within 2^(l-1) after layer l, *breadth-first search* who is within l; they part at layer 3.
*Hooking* holds, further than it holds who is near, the least id that is near. That r is held is judged at the boundary:
is a pair at r told from one at r + 1? (Of all pairs, whoever knows r - 1 tells most.) A probe that is right in .9
there: is that held? No share is the right one, and every probe has an interval; so a net is called like one of them
only if it is at every cutoff from .75, half way from chance to certainty, to .95 and at both ends of the intervals,
else it is undecided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import log2
from typing import Any

CUTOFFS = (0.75, 0.80, 0.85, 0.90, 0.95)
ENDS = ("boundary_low", "boundary", "boundary_high")

SENTENCES = {
    "squaring": "It is like squaring: about within 2^(l-1) can be read after layer l.",
    "breadth-first": "It is like breadth-first search: about within l can be read after layer l.",
    "hooking": "It is like hooking: the least id near a vertex can be read further than who is near.",
    "beyond squaring": "After some layer more can be read than squaring holds, which is within 2^(l-1) after layer l.",
    "neither": "Less can be read than squaring or breadth-first search hold, as far as a linear map reads it.",
    "between": "Nothing here tells squaring from breadth-first search: they part after layer 3, and the last "
    "layer is not judged.",
    "undecided": "Undecided: what it is like depends on how often a probe has to be right before a distance counts as "
    "held, or on the seed",
}


@dataclass(frozen=True)
class GraphVerdict:
    """verdict: a key of SENTENCES. reached[l]: the largest r such that who is within r can be read after layer l at
    .85 (0: none). by_cutoff: (cutoff, end of the interval, verdict)."""

    verdict: str
    reached: dict[int, int]
    by_cutoff: tuple[tuple[float, str, str], ...]

    def row(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        if self.verdict != "undecided":
            return SENTENCES[self.verdict]
        found: dict[str, list[float]] = {}
        for cutoff, _, verdict in self.by_cutoff:
            found.setdefault(verdict, []).append(cutoff)
        parts = [f"{name} at {min(cutoffs):g} to {max(cutoffs):g}" for name, cutoffs in found.items()]
        return f"{SENTENCES['undecided']} ({'; '.join(parts)})."


def held(rows: Iterable[dict[str, Any]], cutoff: float, end: str = "boundary", of: str = "set") -> dict[int, int]:
    """The largest r that can be read after each layer (rows of `probe_distances`).

    >>> row = {"layer": 2, "within": 2, "of": "set", "boundary": 0.97}
    >>> held([row, {**row, "within": 4, "boundary": 0.8}], 0.95)
    {2: 2}
    """
    found: dict[int, int] = {}
    for row in rows:
        if row["of"] == of:
            found.setdefault(row["layer"], 0)
            if row[end] >= cutoff:
                found[row["layer"]] = max(found[row["layer"]], row["within"])
    return found


def judge_held(sets: Mapping[int, int], labels: Mapping[int, int], largest: int) -> str:
    """The verdict at one cutoff, over layers from 3 to the last but one (the last has the answer to say, and may hold
    nothing else) where squaring's distance was asked about.

    >>> judge_held({1: 1, 2: 2, 3: 4, 4: 8}, {}, 14), judge_held({1: 1, 2: 2, 3: 3, 4: 4}, {}, 14)
    ('squaring', 'breadth-first')
    >>> judge_held({1: 1, 2: 2}, {}, 14), judge_held({1: 1, 2: 2, 3: 0, 4: 0}, {}, 14)
    ('between', 'neither')
    >>> judge_held({1: 1, 2: 1, 3: 1, 4: 1}, {1: 1, 2: 2, 3: 4, 4: 8}, 14), judge_held({3: 0, 4: 0}, {3: 1}, 14)
    ('hooking', 'neither')
    """
    judged = [layer for layer in sets if 3 <= layer < max(sets) and 1 << (layer - 1) <= largest]
    if not judged:
        return "between"
    if all(labels.get(layer, 0) > max(sets[layer], 1) for layer in judged):  # at 1, a label is a neighbour's id
        return "hooking"
    if any(sets[layer] > 1 << (layer - 1) for layer in judged):
        return "beyond squaring"

    def gap(wanted: Mapping[int, int]) -> float:
        return sum(abs(log2((sets[layer] + 1) / (wanted[layer] + 1))) for layer in judged) / len(judged)

    gaps = {
        "neither": gap(dict.fromkeys(judged, 0)),  # first: as near to nothing is neither
        "breadth-first": gap({layer: layer for layer in judged}),
        "squaring": gap({layer: 1 << (layer - 1) for layer in judged}),
    }
    return min(gaps, key=lambda name: gaps[name])


def judge_distances(nets: Sequence[Sequence[dict[str, Any]]]) -> GraphVerdict:
    """The verdict over one net or several seeds of one (rows of `probe_distances` each): what all cutoffs, ends and
    nets say, else `undecided`. `reached` is the least over the nets.

    >>> rows = [{"layer": l, "within": r, "of": "set", "boundary": a, "boundary_low": a, "boundary_high": a}
    ...     for l in range(1, 5) for r in range(1, 15) for a in [1.0 if r <= 2 ** (l - 1) else 0.6]]
    >>> judge_distances([rows]).verdict, judge_distances([rows, [{**r, "boundary_high": 0.98} for r in rows]]).verdict
    ('squaring', 'undecided')
    """
    found = []
    for rows in nets:
        largest = max((row["within"] for row in rows), default=0)
        for cutoff in CUTOFFS:
            for end in ENDS:
                sets, labels = (held(rows, cutoff, end, of) for of in ("set", "label"))
                found.append((cutoff, end, judge_held(sets, labels, largest)))
    verdicts = {verdict for _, _, verdict in found}
    each = [held(rows, 0.85) for rows in nets]
    layers = sorted(set.intersection(*(set(reached) for reached in each))) if each else []
    reached = {layer: min(net[layer] for net in each) for layer in layers}
    return GraphVerdict(verdicts.pop() if len(verdicts) == 1 else "undecided", reached, tuple(found))
