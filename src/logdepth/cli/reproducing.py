"""Command `reproduce`: the paper's experiments."""

from __future__ import annotations

import argparse
from typing import Any

from logdepth.cli.shared import add_json, print_json, progress
from logdepth.errors import InputError

NAMES = "figure-2, few-steps, depth-by-k, finite-samples, width, attention-maps, pointer-table, best-pointer, "
NAMES += "variants, inside, long-hops, rivals, rivals-search, depth-against-steps, connectivity-by-diameter, "
NAMES += "end-question"


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "reproduce",
        help="the paper's experiments: train, measure, draw",
        description="An experiment of the paper as runs, rows, pictures and a table of differences. Runs are shared.",
    )
    parser.add_argument("experiment", metavar="NAME", help=NAMES)
    parser.add_argument(
        "--scale",
        default="smoke",
        help="smoke (seconds, tiny nets; default), cpu (the paper's sizes, recipe fast), full (the paper's recipe)",
    )
    parser.add_argument("--out", default="reproduced", metavar="DIR", help="runs and results (default: reproduced)")
    parser.add_argument("--resume", action="store_true", help="go on with runs that were broken off")
    parser.add_argument("--workers", type=int, help="runs at once (default: one a core, or 4 a GPU)")
    parser.add_argument(
        "--rows", metavar="FILE", help="rows measured elsewhere (docs/rows); their runs are not trained"
    )
    add_json(parser)
    parser.set_defaults(run=_reproduce)


def _reproduce(args: argparse.Namespace) -> int:
    if args.workers is not None and args.workers < 1:
        raise InputError(f"--workers is {args.workers}; it must be at least 1")
    from logdepth.experiments.experiment import reproduce
    from logdepth.experiments.registry import find_experiment

    experiment = find_experiment(args.experiment)
    with progress(f"{experiment.name} ({args.scale})") as report:
        options = {"resume": args.resume, "workers": args.workers, "known": args.rows}
        found = reproduce(experiment, args.scale, args.out, progress=report, **options)
    if args.json:
        files = [str(file) for file in found.files]
        print_json({"experiment": experiment.name, "scale": args.scale, "files": files, "rows": found.rows})
        return 0
    print(f"{experiment.name}: {experiment.title} (Figures {experiment.figures}), scale {args.scale}")
    for file in found.files:
        print(f"  {file}")
    return 0
