"""The interpreter on a million positions, against the task's own solver."""

from __future__ import annotations

import numpy as np

from logdepth.lang import interpret
from logdepth.programs import khop_doubling, khop_rank
from logdepth.records import Record
from logdepth.tasks.khop import solve
from measure import best_of, save

LENGTH, K = 1_000_000, 64


def main() -> None:
    records = []
    for alphabet in (4, 1024):
        strings = np.random.default_rng(0).integers(0, alphabet, (1, LENGTH))
        truth = solve(strings, K, alphabet)
        for program in (khop_rank, khop_doubling):
            graph = program.trace(LENGTH, alphabet, k=K)
            answer = interpret(graph, strings)
            seconds = best_of(
                3,
                interpreter=lambda graph=graph, strings=strings: interpret(graph, strings),
                solver=lambda strings=strings, alphabet=alphabet: solve(strings, K, alphabet),
            )
            values = {name: round(value, 3) for name, value in seconds.items()}
            values["wrong"] = int((answer[:, 1:] != truth).sum())
            config = {"program": program.name, "length": LENGTH, "k": K, "alphabet": alphabet}
            records.append(Record("interpreter", config, values))
    save("interpreter", records)


if __name__ == "__main__":
    main()
