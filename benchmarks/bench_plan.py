"""The cost model of `logdepth plan`: predictions from three small sizes against runs 2, 4 and 8 times as large."""

from __future__ import annotations

from logdepth.jobs.plan import measure, predict
from logdepth.mpc import Spec
from logdepth.protocols import BUILT_IN
from logdepth.records import Record
from measure import save

LARGEST = 200_000
MACHINES = 64


def main() -> None:
    records = []
    for name in ("connectivity", "spanning-forest", "msf", "khop", "sort", "prefix-sum"):
        problem = BUILT_IN[name]

        def run(size: int, problem=problem):
            edges = 5 * size // 2 if "graph" in problem.kind else None
            return measure(problem, size, edges, MACHINES, repeats=3)

        measure(problem, 1000, 2500 if "graph" in problem.kind else None, MACHINES)  # compiled, if it was not
        rows = [run(LARGEST // part) for part in (4, 2, 1)]
        config = problem.config(problem.sample(LARGEST, edges=5 * LARGEST // 2))
        for factor in (2, 4, 8):
            real = run(LARGEST * factor)
            target = Spec(MACHINES, problem.slack * real.input_words // MACHINES, real.input_words)
            seen = predict(problem, rows, target, real.input_words, config)
            values = {
                "rounds_predicted": seen.num_rounds,
                "rounds_measured": real.num_rounds,
                "peak_words_ratio": seen.peak_words / real.peak_words,
                "moved_words_ratio": seen.moved_words / real.moved_words,
                "busiest_words_ratio": seen.busiest_words * MACHINES / max(real.busiest_words * MACHINES, 1),
                "seconds_ratio": seen.compute_seconds * MACHINES / real.seconds,
            }
            records.append(Record("plan", {"problem": name, "factor": factor, "size": LARGEST * factor}, values))
    save("plan", records)


if __name__ == "__main__":
    main()
