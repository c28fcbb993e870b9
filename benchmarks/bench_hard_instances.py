"""Hard instances of ten million numbers: seconds to make one, on one core."""

from __future__ import annotations

from logdepth.records import Record
from logdepth.separations.hard_instances import InstanceSizes, find_hard_instance
from measure import best_of, save

RUNS = [
    ("pointer-chasing", "graph", {"size": 1_666_666, "players": 6}),
    ("pointer-chasing", "hops", {"size": 833_332, "players": 6}),
    ("one-vs-two-cycle", "graph", {"size": 10_000_000}),
    ("one-vs-two-cycle", "hops", {"size": 1_490}),
    ("one-vs-two-cycle", "connectivity", {"size": 10_000, "copies": 1000}),
    ("subgraph-connectivity", "graph", {"size": 5_000_000}),
]


def main() -> None:
    records = []
    for name, form, sizes in RUNS:
        kind, asked = find_hard_instance(name), InstanceSizes(**sizes)

        def make(kind=kind, form=form, asked=asked) -> None:
            kind.arrays(asked, form=form)

        seconds = best_of(2, make=make)["make"]
        largest = max(array.size for array in kind.arrays(asked, form=form).values())
        values = {"numbers": largest, "seconds": round(seconds, 2)}
        records.append(Record("hard_instances", {"kind": name, "form": form, **sizes, "threads": 1}, values))
    save("hard_instances", records)


if __name__ == "__main__":
    main()
