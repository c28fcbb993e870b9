"""How far back a hop leads, in the mean over the positions of 98 random symbols that have one, by alphabet."""

from __future__ import annotations

from logdepth.experiments.long_hops import ALPHABETS, hop_distance
from logdepth.records import Record
from logdepth.tasks.khop import Khop
from measure import save


def main() -> None:
    tasks = {size: Khop(98, size, max_k=8) for size in ALPHABETS}
    records = [
        Record("hop_distance", {"alphabet_size": size, "length": 98, "strings": 1000}, {"mean": hop_distance(task)})
        for size, task in tasks.items()
    ]
    save("hop_distance", records)


if __name__ == "__main__":
    main()
