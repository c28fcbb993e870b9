"""Which samples are like an input, and samples of growing sizes: decided by what balls of it lose at their border."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from logdepth.graphs.samples.draw import EdgeSample, all_edges, draw_chain, draw_edges, grow_ball, probe
from logdepth.graphs.samples.pool import COVERED, EdgePool, Pools
from logdepth.graphs.samples.spheres import grows

DOUBLINGS = 6  # sizes of samples, each half the next
SEEDS = 3
SMALLEST = 256  # edges of a sample
PROBES = 16
CHAIN = 16  # edges from which on a chain is run by itself
FEW_LEAVE, MANY_LEAVE = 0.3, 1.0  # edges at a ball's border for each within: below balls are whole, above lost
FEW_SHARE, MANY_SHARE = 0.1, 0.25  # the same as a part of what a random set of vertices would have


@dataclass(frozen=True)
class Drawn:
    """samples: with the pools that they are of. kinds: that count, each with its share: balls, edges or both.

    notes: why, in sentences. apart: some parts of the input are like the one, some like the other. unseen: no kind
    shows the input's lengths.
    """

    samples: list[tuple[EdgeSample, EdgePool]]
    kinds: dict[str, float]
    notes: list[str]
    apart: bool = False
    unseen: bool = False


def draw_samples(pools: Pools, total: int, rng: np.random.Generator, *, largest: int, least: int) -> Drawn:
    """Samples of at most `largest` edges, each size half the next, from `least` on; three of each size.

    total: edges of what the pools are of, which itself is among the samples if it is no larger. Where edges count and
    the pool is all there is, its longest chain is a sample, too: they cannot show it.
    """
    spread, runs = pools.spread, pools.runs
    top = min(largest, runs.num_edges, spread.num_edges)
    whole = pools.whole and top == total
    sizes = [top >> step for step in range(DOUBLINGS) if top >> step >= max(least, SMALLEST)] or [top]
    smaller = sizes[1:] if whole and len(sizes) > 1 else sizes
    balls = [grow_ball(runs, smaller, rng) for _ in range(SEEDS)]
    probes = probe(runs, max(smaller[0] // 8, min(SMALLEST, smaller[0])), PROBES, rng)
    drawn = _judge(pools, total, [family[0] for family in balls], [cut for _, cut in probes])
    samples = drawn.samples
    if whole:
        samples.append((all_edges(spread), spread))
    if "balls" in drawn.kinds:
        if drawn.apart:
            near = [seed for seed, cut in probes if cut < FEW_LEAVE][:SEEDS]
            balls = [grow_ball(runs, smaller, rng, seed) for seed in near] or balls
        samples += [(ball, runs) for family in balls for ball in family]
    if "edges" in drawn.kinds:
        edges = [draw_edges(spread, size, rng) for _ in range(SEEDS) for size in smaller]
        samples += [(sample, spread) for sample in edges]
        drawn.notes.extend(_thinned(spread, edges[0], total))
        if pools.whole and (chain := draw_chain(spread, largest)).num_edges >= CHAIN:
            samples.append((chain, spread))
            drawn.notes.append(f"its longest chain has {chain.num_edges:,} edges, and was run by itself")
    return drawn


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


def _judge(pools: Pools, total: int, balls: list[EdgeSample], probes: list[float]) -> Drawn:
    """Which kinds count, going by what the balls lose at their border, and the smaller ones of `probes`."""
    votes = [_vote(ball.cut, ball.num_edges * (2 + ball.cut) / (2 * total)) for ball in balls]
    near = [_vote(cut, 0.0) for cut in probes]
    cuts = [ball.cut for ball in balls]
    lost = f"{min(cuts):.2g}" if max(cuts) < 1.2 * min(cuts) + 0.01 else f"{min(cuts):.2g} to {max(cuts):.2g}"
    said = f"balls of {balls[0].num_edges:,} edges lose {lost} at their border for each within"
    if pools.spread.said is not None:
        return Drawn([], {"edges": 1.0}, [
            "the vertices and edges that were said have more edges a vertex than the file, which is taken for an even "
            "share of them: lengths cannot be told from it, so rounds may be up to the bound"
        ], unseen=True)  # fmt: skip
    if not pools.whole and set(votes) != {"balls"} and pools.covered < COVERED:
        sizes = ", ".join(f"{size:,}" for size in pools.spheres)
        around = f"{sizes} vertices lie at distance 0, 1, .. from some"
        if grows(list(pools.spheres)):
            return Drawn([], {"edges": 1.0}, [
                f"{around}: edges picked evenly are like the input, unless it has long paths beside"
            ])  # fmt: skip
        return Drawn([], {"edges": 1.0}, [
            f"neighbours lie far apart in the files, so no ball can be had, and {around}: the input has long paths, "
            "whose rounds no sample shows; put it in order of one end, or give a smaller one of its kind"
        ], unseen=True)  # fmt: skip
    if "balls" in votes + near and "edges" in votes + near:
        part = near.count("balls") / max(near.count("balls") + near.count("edges"), 1)
        part = min(max(part, 1 / len(near)), 1 - 1 / len(near))
        return Drawn([], {"balls": part, "edges": 1 - part}, [
            f"balls around {near.count('balls')} of {len(near)} random edges keep nearly all of their edges, around "
            f"{near.count('edges')} they lose as many or more: parts of the input differ, so both kinds of samples "
            "count, and the intervals hold both"
        ], apart=True)  # fmt: skip
    if set(votes) == {"balls"}:
        return Drawn([], {"balls": 1.0}, [f"{said}: lengths are as in the input"])
    if set(votes) == {"edges"}:
        return Drawn([], {"edges": 1.0}, [
            f"{said}, so they are not like the input; edges picked evenly are, unless it has long paths beside"
        ])  # fmt: skip
    return Drawn([], {"balls": 0.5, "edges": 0.5}, [
        f"{said}: between a grid's and a random graph's, so both kinds of samples count, and the intervals hold both"
    ])  # fmt: skip


def _vote(cut: float, inside: float) -> str:
    """Of a ball that loses `cut` edges for each within, and has a part `inside` of all ends of edges."""
    at_random = 2 * (1 - inside) / inside if inside else np.inf
    part = cut / at_random if at_random > 1e-9 else 0.0
    if cut < FEW_LEAVE and part < FEW_SHARE:
        return "balls"
    return "edges" if cut > MANY_LEAVE or part > MANY_SHARE else "both"
