"""`logdepth plan --like`: predictions from samples of 1/8, 1/4 and 1/2 of an input against the run of the whole input.

    python bench_like.py                       # five shapes at 2, 4 and 8 times; others at 8 times; rows/like.jsonl
    python bench_like.py --times 64            # one row a shape, from samples of 1/64: rows/like_64.jsonl

Every input is parts of .npy, its ids numbered by the machines, as `run --graph FOLDER` has it; samples know nothing of
how it was made. Seconds are of a core (process time), which others that use the machine do not change.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.graphs.generating import Recipe
from logdepth.jobs.calibrating import Calibration
from logdepth.jobs.like_plan import plan_like
from logdepth.jobs.quantities import Memory
from logdepth.protocols import BUILT_IN, Problem
from logdepth.records import Record
from measure import save

Edges = tuple[np.ndarray, np.ndarray]


def made(kind: str, vertices: int, edges: int | None = None, shuffled: bool = False) -> Edges:
    recipe = Recipe(kind, vertices, edges, key=1, shuffled=shuffled)
    return recipe.make(0, recipe.num_edges)


def scattered(edges: Edges) -> Edges:
    """The same edges in random order."""
    order = np.random.default_rng(1).permutation(len(edges[0]))
    return edges[0][order], edges[1][order]


def small_components(m: int) -> Edges:
    """Random graphs of 100 vertices and 250 edges, side by side."""
    tail, head = made("random", 100, 250 * (m // 250))
    beside = np.arange(len(tail)) // 250 * 100
    return tail + beside, head + beside


def two_halves(m: int) -> Edges:
    """A random graph and a path, half of the edges each."""
    tail, head = made("random", m // 5, m // 2)
    path = np.arange(m // 5, m // 5 + m // 2)
    return np.concatenate([tail, path]), np.concatenate([head, path + 1])


def random_with_a_tail(m: int) -> Edges:
    """A random graph on which a path of 1000 edges hangs: what no sample shows."""
    tail, head = made("random", 2 * m // 5, m)
    path = np.arange(2 * m // 5, 2 * m // 5 + 1000)
    return np.concatenate([tail, path]), np.concatenate([head, path + 1])


FIVE: dict[str, Callable[[int], Edges]] = {
    "random": lambda m: made("random", 2 * m // 5, m),
    "grid": lambda m: made("grid", m // 2),
    "path": lambda m: made("path", m + 1),
    "power law": lambda m: made("rmat", m // 10, m, shuffled=True),
    "star": lambda m: made("star", m + 1),
}
OTHERS: dict[str, Callable[[int], Edges]] = {
    "random, 10 edges a vertex": lambda m: made("random", m // 10, m),
    "grid, ids shuffled": lambda m: made("grid", m // 2, shuffled=True),
    "path, ids shuffled": lambda m: made("path", m + 1, shuffled=True),
    "path, edges in random order": lambda m: scattered(made("path", m + 1)),
    "path, ids and edges shuffled": lambda m: scattered(made("path", m + 1, shuffled=True)),
    "power law, hubs first": lambda m: made("rmat", m // 10, m),
    "star, ids shuffled": lambda m: made("star", m + 1, shuffled=True),
    "small components": small_components,
    "half random, half path": two_halves,
    "random, a path of 1000 hangs on it": random_with_a_tail,
}


def calibrated(problem: Problem, folder: str, largest: int, **cluster: Any) -> Calibration:
    like = plan_like(problem, folder, largest=largest, **cluster).like
    assert like is not None
    return like.calibration


def rows_of(shape: str, make: Callable[[int], Edges], edges: int, machines: int, factors: list[int]) -> list[Record]:
    tail, head = make(edges)
    records = []
    with tempfile.TemporaryDirectory(prefix="bench-like-") as folder:
        for part, (tails, heads) in enumerate(zip(np.array_split(tail, 8), np.array_split(head, 8), strict=True)):
            np.save(Path(folder) / f"part-{part}.npy", np.stack([tails, heads], axis=1))
        cluster = {
            "machines": machines, "memory": Memory(128 * len(tail) // machines, in_bytes=False), "bandwidth": 1.25e9,
            "latency": 1e-3,
        }  # fmt: skip
        problem = BUILT_IN["connectivity"]
        (real,) = calibrated(problem, folder, len(tail), **cluster).trials
        for factor in factors:
            seen = calibrated(problem, folder, len(tail) // factor, **cluster)
            values: dict[str, Any] = {"rounds_measured": real.num_rounds, "words_measured": real.moved_words,
                      "words_an_input_word": round(real.moved_words / real.input_words, 2)}  # fmt: skip
            for name, estimate, true in (
                ("rounds", seen.rounds, real.num_rounds),
                ("words", seen.moved_words, real.moved_words),
                ("peak", seen.peak_words, real.peak_words),
                ("busiest", seen.busiest_words, real.busiest_words),
                ("seconds", seen.seconds, real.seconds),
            ):
                values[f"{name}_off"] = round(float(estimate.value) / true - 1, 4)
                values[f"{name}_interval"] = [
                    round(float(estimate.low) / true, 3),
                    round(float(estimate.high) / true, 3),
                ]
                values[f"{name}_inside"] = bool(estimate.low <= true <= estimate.high)
            values |= {"kinds": list(seen.kinds), "notes": list(seen.notes)}
            config = {"shape": shape, "edges": len(tail), "machines": machines, "factor": factor}
            records.append(Record("like", config, values))
            print(shape, factor, {k: v for k, v in values.items() if k.endswith(("off", "inside"))}, flush=True)
    return records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=float, default=8e5)
    parser.add_argument("--machines", type=int, default=64)
    parser.add_argument("--times", type=int)
    parser.add_argument("--only", nargs="+", help="shapes")
    args = parser.parse_args()
    records = []
    for shape, make in {**FIVE, **({} if args.times else OTHERS)}.items():
        if not args.only or shape in args.only:
            factors = [args.times] if args.times else [2, 4, 8] if shape in FIVE else [8]
            records += rows_of(shape, make, int(args.edges), args.machines, factors)
    save(f"like_{args.times}" if args.times else "like", records)


if __name__ == "__main__":
    main()
