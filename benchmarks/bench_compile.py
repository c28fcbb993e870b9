"""Sizes of compiled models and the time to compile and save them (after imports), and start-up."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import logdepth
from logdepth.programs import khop_doubling, khop_rank, khop_rank_any
from logdepth.records import Record
from measure import best_of, save

CASES = [
    (khop_doubling, {"length": 100, "alphabet": 4, "k": 8}),
    (khop_rank, {"length": 100, "alphabet": 4, "k": 8}),
    (khop_rank, {"length": 100, "alphabet": 4, "k": 16}),
    (khop_rank, {"length": 100, "alphabet": 4, "k": 63}),
    (khop_rank, {"length": 1000, "alphabet": 26, "k": 15}),
    (khop_rank_any, {"length": 98, "alphabet": 4, "max_k": 16, "header_size": 17}),
    (khop_doubling, {"length": 4096, "alphabet": 4, "k": 64}),
    (khop_doubling, {"length": 8192, "alphabet": 1024, "k": 256}),
    (khop_rank, {"length": 4096, "alphabet": 4, "k": 64, "dtype": "float64"}),
]


def main() -> None:
    records = []
    with tempfile.TemporaryDirectory() as folder:
        for program, sizes in CASES:
            path = Path(folder) / "model"

            def work(program=program, sizes=sizes, path=path) -> None:
                logdepth.compile(program, **sizes).save(path, force=True)

            seconds = best_of(3, work=work)["work"]
            model = logdepth.compile(program, **sizes)
            shape = model.compilation.shape
            values = {
                "layers": model.depth,
                "parameters": model.checkpoint.num_parameters,
                "width": shape.width,
                "heads": shape.num_heads,
                "hidden": shape.inner,
                "margin": round(model.certificate.margin, 6),
                "compile_and_save_seconds": round(seconds, 3),
            }
            records.append(Record("compile", {"program": program.name, **sizes}, values))
    python = [sys.executable, "-c"]
    starts = {
        "python": [*python, "pass"],
        "import": [*python, "import logdepth"],
        "help": [*python, "from logdepth.cli.main import main; main(['--help'])"],
    }
    seconds = best_of(
        5, **{n: lambda c=c: subprocess.run(c, check=False, stdout=subprocess.DEVNULL) for n, c in starts.items()}
    )
    records.append(Record("start-up", {}, {name: round(value, 3) for name, value in seconds.items()}))
    save("compile", records)


if __name__ == "__main__":
    main()
