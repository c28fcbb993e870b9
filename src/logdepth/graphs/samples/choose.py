"""Which samples are like an input, and samples of growing sizes: decided by what balls of it lose at their border."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from logdepth.graphs.samples.draw import EdgeSample, all_edges, draw_edges, grow_ball
from logdepth.graphs.samples.pool import COVERED, EdgePool, Pools
from logdepth.graphs.samples.spheres import grows

DOUBLINGS = 6  # sizes of samples, each half the next
SEEDS = 3
FEW_LEAVE, MANY_LEAVE = 0.3, 1.0  # edges at a ball's border for each within: below balls are whole, above lost
FEW_SHARE, MANY_SHARE = 0.1, 0.25  # the same as a part of what a random set of vertices would have


@dataclass(frozen=True)
class Drawn:
    """samples: with the pools that they are of. kinds: that count: balls, edges or both. notes: why, in sentences.

    unseen: no kind shows the input's lengths.
    """

    samples: list[tuple[EdgeSample, EdgePool]]
    kinds: list[str]
    notes: list[str]
    unseen: bool


def draw_samples(pools: Pools, total: int, rng: np.random.Generator, *, largest: int, least: int) -> Drawn:
    """Samples of at most `largest` edges, each size half the next, from `least` on; three of each size.

    total: edges of what the pools are of, which itself is among the samples if it is no larger.
    """
    spread, runs = pools.spread, pools.runs
    top = min(largest, runs.num_edges, spread.num_edges)
    whole = pools.whole and top == total
    sizes = [top >> step for step in range(DOUBLINGS) if top >> step >= max(least, 256)] or [top]
    smaller = sizes[1:] if whole and len(sizes) > 1 else sizes
    balls = [grow_ball(runs, smaller, rng) for _ in range(SEEDS)]
    kinds, notes, unseen = _judge(pools, total, [family[0] for family in balls])
    samples: list[tuple[EdgeSample, EdgePool]] = [(all_edges(spread), spread)] if whole else []
    if "balls" in kinds:
        samples += [(ball, runs) for family in balls for ball in family]
    if "edges" in kinds:
        edges = [draw_edges(spread, size, rng) for _ in range(SEEDS) for size in smaller]
        samples += [(sample, spread) for sample in edges]
        notes += _thinned(spread, edges[0], total)
    return Drawn(samples, kinds, notes, unseen)


def _thinned(pool: EdgePool, sample: EdgeSample, total: int) -> list[str]:
    if sample.merged < 1.05:
        return []
    ends = np.unique(np.concatenate([pool.tail[sample.rows], pool.head[sample.rows]]))
    alone, full = 2 * sample.num_edges / len(ends), 2 * total / max(pool.vertices_of_input(), 1)
    thin = ", little more than a forest" if alone < 2.2 <= full else ""
    return [
        f"by edges alone a vertex would have {alone:.1f} edges{thin}, and {full:.1f} in the input: {sample.merged:.1f} "
        "vertices of like degree were merged into one"
    ]


def _judge(pools: Pools, total: int, balls: list[EdgeSample]) -> tuple[list[str], list[str], bool]:
    """Kinds that count, notes, and whether none shows the input's lengths."""
    votes, cuts = [], []
    for ball in balls:
        inside = ball.num_edges * (2 + ball.cut) / (2 * total)  # of all ends
        at_random = 2 * (1 - inside) / max(inside, 1e-12)
        part = ball.cut / at_random if at_random > 1e-9 else 0.0
        cuts.append(ball.cut)
        if ball.cut < FEW_LEAVE and part < FEW_SHARE:
            votes.append("balls")
        else:
            votes.append("edges" if ball.cut > MANY_LEAVE or part > MANY_SHARE else "both")
    lost = f"{min(cuts):.2g}" if max(cuts) < 1.2 * min(cuts) + 0.01 else f"{min(cuts):.2g} to {max(cuts):.2g}"
    said = f"balls of {balls[0].num_edges:,} edges lose {lost} at their border for each within"
    if set(votes) == {"balls"}:
        return ["balls"], [f"{said}: lengths are as in the input"], False
    if pools.spread.said is not None:
        return ["edges"], [
            "the vertices and edges that were said have more edges a vertex than the file, which is taken for an even "
            "share of them: lengths cannot be told from it, so rounds may be up to the bound"
        ], True  # fmt: skip
    if not pools.whole and pools.covered < COVERED:
        sizes = ", ".join(f"{size:,}" for size in pools.spheres)
        around = f"{sizes} vertices lie at distance 0, 1, .. from some"
        if not grows(list(pools.spheres)):
            return ["edges"], [
                f"neighbours lie far apart in the files, so no ball can be had, and {around}: the input has long "
                "paths, whose rounds no sample shows; put it in order of one end, or give a smaller one of its kind"
            ], True  # fmt: skip
        return ["edges"], [f"{around}: edges picked evenly are like the input, unless it has long paths beside"], False
    if set(votes) == {"edges"}:
        return ["edges"], [
            f"{said}, so they are not like the input; edges picked evenly are, unless it has long paths beside"
        ], False  # fmt: skip
    why = "parts of the input differ" if len(set(votes) - {"both"}) > 1 else "between a grid's and a random graph's"
    return ["balls", "edges"], [f"{said}: {why}, so both kinds of samples count, and the intervals hold both"], False
