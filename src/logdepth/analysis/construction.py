"""Which construction a net is nearer to, by how many hops it has in hand after each layer.

A probe that is right in 97 % of slots: is that hop in hand? No share is the right one, so a net is judged at every
cutoff from .90 to .999, and called like a construction only where all of them say so (`judge_probes`).

*rank* holds the symbol and rank of find^p after layer l, p = 2^(l-1) - 1, and its layer l attends to find^(p'+1) with
p' of the layer before: find^(2^(l-2)). *doubling* holds the position of find^(2^(l-2)) after layer l. Both as in
`programs/khop.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import log2
from typing import Any

from logdepth.analysis.probes import LEAST_SLOTS, decodable
from logdepth.theory import REACHES

LEAST_CUTOFF, MOST_CUTOFF = 0.90, 0.999
CUTOFFS = (LEAST_CUTOFF, 0.95, 0.99, MOST_CUTOFF)  # those that curves are drawn at

SENTENCES = {
    "rank": "It holds about what the construction rank holds: 2 p + 1 hops after a layer that follows one with p.",
    "doubling": "It holds about what the construction doubling holds: 2 p hops after a layer that follows one with p.",
    "beyond rank": "After some layer it holds more hops than the construction rank, which holds 2 p + 1 after p.",
    "neither": "It holds fewer hops than either construction, as far as a linear map can read them.",
    "between": "Nothing here tells the two constructions apart: both hold the same at this depth, or too few slots had "
    "hops enough to tell.",
    "undecided": "Undecided: what it is like depends on how often a probe has to be right before a hop counts as held",
}


@dataclass(frozen=True)
class Verdict:
    """reached[l]: the largest j in hand after layer l (0: none). distances: to each construction, in doublings, the
    mean over the layers judged. verdict: `rank`, `doubling`, `between`, `beyond rank`, or `neither`: nearer to having
    nothing in hand than to either; of several cutoffs also `undecided`.

    by_cutoff: of several cutoffs, (from, to, verdict) in rising order, and curves[cutoff], the `reached` of each of
    CUTOFFS. `reached` and `distances` are then those at .99.
    """

    reached: dict[int, int]
    distances: dict[str, float]
    verdict: str
    by_cutoff: tuple[tuple[float, float, str], ...] = ()
    curves: Mapping[float, dict[int, int]] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """The verdict in words.

        >>> Verdict({}, {}, "undecided", ((0.9, 0.95, "rank"), (0.95, 0.999, "doubling"))).sentence[-59:]
        'ounts as held (0.9 to 0.95: rank; 0.95 to 0.999: doubling).'
        """
        if self.verdict != "undecided":
            return SENTENCES[self.verdict]
        parts = [f"{low:.3g} to {high:.3g}: {name}" for low, high, name in self.by_cutoff]
        return f"{SENTENCES['undecided']} ({'; '.join(parts)})."


def reach_of(construction: str, layer: int) -> int:
    """The hops a construction has in hand after a layer.

    >>> [reach_of("rank", layer) for layer in (1, 2, 3, 4)], [reach_of("doubling", layer) for layer in (1, 2, 3, 4)]
    ([0, 1, 3, 7], [0, 1, 2, 4])
    """
    return REACHES[construction](layer)


def reached_hops(rows: Sequence[dict[str, Any]], accuracy: float = 0.99) -> dict[int, int]:
    """The largest j in hand after each layer: its symbol or its position is decodable (rows of `probe_pointers`).

    What chance gets right as often is in nobody's hand: with two symbols and no repeats, parity tells hop_j.

    >>> row = {"layer": 2, "j": 3, "what": "symbol", "accuracy": 1.0, "slots": 90}
    >>> reached_hops([{**row, "chance": 0.4}]), reached_hops([{**row, "chance": 1.0}])
    ({2: 3}, {2: 0})
    """
    found = {row["layer"]: 0 for row in rows}
    rows = [row for row in rows if row["chance"] < accuracy]
    for what in ("symbol", "position"):
        for layer, js in decodable(rows, what, accuracy).items():
            found[layer] = max([found.get(layer, 0), *js])
    return found


def largest_asked(rows: Sequence[dict[str, Any]], least_slots: int = LEAST_SLOTS) -> int:
    """The largest j that enough slots have for `reached_hops` to tell (rows of `probe_pointers`); 0 if there is none.

    >>> largest_asked([{"j": 1, "slots": 90}, {"j": 2, "slots": 4}])
    1
    """
    return max((row["j"] for row in rows if row["slots"] >= least_slots), default=0)


def judge(reached: Mapping[int, int], largest: int, looks: Mapping[int, Sequence[int]] | None = None) -> Verdict:
    """Compare with both constructions over layers 2 to the last but one (the last may forget all but the answer).

    largest: the most hops that could be told (`largest_asked`). A layer where *rank* would hold more is not judged: it
    may hold hops that nobody asked about. With no layer to judge: `between`, and no distances.
    looks: for each layer the j of the heads that follow a find^j. Where the reaches do not tell the two apart (three
    layers) these do: layer l >= 3 looks at find^(2^(l-2)) in *rank*, at find^(2^(l-3)) in *doubling*.

    >>> judge({1: 0, 2: 1, 3: 3, 4: 7, 5: 16}, 16).verdict, judge({1: 0, 2: 1, 3: 2, 4: 4, 5: 8}, 16).verdict
    ('rank', 'doubling')
    >>> judge({1: 0, 2: 2, 3: 5, 4: 11, 5: 16}, 16).verdict, judge({1: 0, 2: 0, 3: 0, 4: 0}, 16).verdict
    ('beyond rank', 'neither')
    >>> judge({1: 0, 2: 1, 3: 2}, 2).verdict, judge({1: 0, 2: 1, 3: 2}, 2, {2: [1], 3: [2]}).verdict
    ('between', 'rank')
    """
    last = max(reached, default=0)
    judged = [layer for layer in range(2, max(last, 3)) if layer in reached and reach_of("rank", layer) <= largest]
    if not judged:
        return Verdict(dict(reached), {}, "between")
    distances = {}
    for name in ("rank", "doubling"):
        gaps = [abs(log2((reached[layer] + 1) / (reach_of(name, layer) + 1))) for layer in judged]
        distances[name] = sum(gaps) / len(gaps)
    beyond = [layer for layer in judged if reached[layer] > reach_of("rank", layer)]
    nothing = sum(log2(reached[layer] + 1) for layer in judged) / len(judged)
    far = _looks_apart(looks or {}) if distances["rank"] == distances["doubling"] else distances
    if beyond:
        verdict = "beyond rank"
    elif nothing <= min(distances.values()):
        verdict = "neither"
    elif far["rank"] == far["doubling"]:
        verdict = "between"
    else:
        verdict = min(far, key=lambda name: far[name])
    return Verdict(dict(reached), distances, verdict)


def judge_probes(rows: Sequence[dict[str, Any]], looks: Mapping[int, Sequence[int]] | None = None) -> Verdict:
    """`judge` at every cutoff from .90 to .999 (rows of `probe_pointers`): its verdict if all agree, else `undecided`.

    What is in hand changes only where the cutoff passes an accuracy or a chance of some row, so that few cutoffs are
    all of them.

    >>> rows = [{"layer": l, "j": j, "what": "symbol", "accuracy": 1.0 if j < 2**l / 2 else 0.2, "chance": 0.2,
    ...     "slots": 90} for l in range(1, 6) for j in range(1, 17)]
    >>> judge_probes(rows).verdict, judge_probes([*rows, {**rows[0], "layer": 3, "j": 5, "accuracy": 0.95}]).by_cutoff
    ('rank', ((0.9, 0.95, 'beyond rank'), (0.95, 0.999, 'rank')))
    """
    largest = largest_asked(rows)
    passed = {row[name] for row in rows for name in ("accuracy", "chance")}
    cutoffs = sorted({LEAST_CUTOFF, MOST_CUTOFF} | {x for x in passed if LEAST_CUTOFF < x < MOST_CUTOFF})
    spans: list[tuple[float, float, str]] = []
    for below, cutoff in zip([LEAST_CUTOFF, *cutoffs[:-1]], cutoffs, strict=True):
        verdict = judge(reached_hops(rows, cutoff), largest, looks).verdict
        if spans and spans[-1][2] == verdict:
            spans[-1] = (spans[-1][0], cutoff, verdict)
        else:
            spans.append((below, cutoff, verdict))
    usual = judge(reached_hops(rows), largest, looks)
    curves = {cutoff: reached_hops(rows, cutoff) for cutoff in CUTOFFS}
    verdict = spans[0][2] if len(spans) == 1 else "undecided"
    return replace(usual, verdict=verdict, by_cutoff=tuple(spans), curves=curves)


def _looks_apart(looks: Mapping[int, Sequence[int]]) -> dict[str, float]:
    """How far the pointers followed from layer 3 on are from each construction's, in doublings."""
    layers = [layer for layer, js in looks.items() if layer >= 3 and any(js)]
    return {
        name: sum(min(abs(log2(j) - layer + back) for j in looks[layer] if j) for layer in layers)
        for name, back in (("rank", 2), ("doubling", 3))
    }
