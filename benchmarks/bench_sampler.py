"""The sampler against the reference solver's plain Python loops: 98 symbols, A = 4, k uniform in 0..16."""

from __future__ import annotations

from logdepth.records import Record
from logdepth.tasks.khop import KhopSampler, solve_by_definition
from measure import best_of, save

STRINGS = 100_000
PLAIN = 40


def main() -> None:
    records = []
    for dtype in ("uint8", "int64"):
        sampler = KhopSampler(length=98, alphabet_size=4, max_k=16, dtype=dtype)
        batch = sampler.batch(0, PLAIN)
        strings = (batch.inputs[:, 1:].astype(int) - 17).tolist()
        hops = batch.k.tolist()

        def plain(strings=strings, hops=hops) -> None:
            for string, k in zip(strings, hops, strict=True):
                solve_by_definition(string, k, 4)

        seconds = best_of(5, sampler=lambda sampler=sampler: sampler.batch(0, STRINGS), plain=plain)
        rate = STRINGS / seconds["sampler"]
        values = {
            "strings_per_second": round(rate),
            "plain_python_strings_per_second": round(PLAIN / seconds["plain"]),
            "ratio": round(rate * seconds["plain"] / PLAIN),
        }
        config = {"length": 98, "alphabet": 4, "max_k": 16, "labels": "all", "dtype": dtype, "threads": 1}
        records.append(Record("sampler", config, values))
    save("sampler", records)


if __name__ == "__main__":
    main()
