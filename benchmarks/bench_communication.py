"""Every form played at the blackboard on a thousand inputs: same answers, and bits against the formula."""

from __future__ import annotations

import time

from logdepth.jobs.communication import communication
from logdepth.records import Record
from measure import save

FORMS = ("rnn", "ssm", "lstm", "performer", "longformer", "cot", "hop-tables")
FORMS += ("gru", "mamba2", "deltanet", "linear", "window", "family:performer", "family:longformer", "family:cot")


def main() -> None:
    records = []
    for form in FORMS:
        began = time.perf_counter()
        found, _ = communication(form, 6, inputs=1000)
        values = {
            "rounds": found.rounds,
            "bits_a_round": found.bits_a_round,
            "formula": max(max(row) for row in found.formula),
            "all_as_formula": found.counted_is_formula,
            "same": found.same,
            "largest_gap": found.largest_gap,
            "right": found.right,
            "seconds": round(time.perf_counter() - began, 2),
        }
        config = {"form": form, "players": 6, "length": found.length, "inputs": 1000, "seed": 0}
        records.append(Record("communication", config, values))
    save("communication", records)


if __name__ == "__main__":
    main()
