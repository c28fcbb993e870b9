"""Command `generate`: graphs to try things on, in parts."""

from __future__ import annotations

import argparse
from typing import Any

from logdepth.cli.parser import count
from logdepth.cli.shared import add_json, print_json, progress
from logdepth.errors import InputError


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "generate",
        help="make a large graph, in parts",
        description="Make a graph's edges as files in a new folder: random, rmat (a power law), grid, path or star. "
        "The bytes hang on these numbers alone, not on the workers; the same command goes on after a kill.",
    )
    parser.add_argument("kind", metavar="KIND", help="random, rmat, grid, path or star")
    parser.add_argument("--vertices", type=count, required=True, metavar="N", help="the vertices are 0..N-1")
    parser.add_argument("--edges", type=count, metavar="M", help="random, rmat: how many edges, loops and repeats too")
    parser.add_argument("--parts", type=count, default=1, metavar="P", help="how many files (default 1)")
    parser.add_argument("--format", default="parquet", help="parquet (default), text or npy")
    parser.add_argument("--seed", type=count, default=0, help="of what is drawn (default 0)")
    for name, share in (("a", 0.57), ("b", 0.19), ("c", 0.19)):
        parser.add_argument(f"--{name}", type=float, default=share, help=f"rmat: chance of quadrant {name} ({share})")
    parser.add_argument("--shuffle", action="store_true", help="number the vertices in random order")
    parser.add_argument("--workers", type=count, default=1, metavar="P", help="threads (default 1)")
    parser.add_argument("--out", required=True, metavar="DIR", help="a new folder")
    parser.add_argument("--force", action="store_true", help="replace DIR, if it is one of ours")
    add_json(parser)
    parser.set_defaults(run=_generate)


def _generate(args: argparse.Namespace) -> int:
    from pathlib import Path

    from logdepth.graphs.generating import Recipe, generate_parts
    from logdepth.rng import key_for

    if (args.a, args.b, args.c) != (0.57, 0.19, 0.19) and args.kind != "rmat":
        raise InputError(f"--a, --b and --c are rmat's; {args.kind} takes none of them")
    recipe = Recipe(
        args.kind,
        args.vertices,
        args.edges,
        key=key_for(args.seed, "generate", args.kind),
        rmat=(args.a, args.b, args.c, round(1 - args.a - args.b - args.c, 12)),
        shuffled=args.shuffle,
    )
    with progress("parts") as report:
        made = generate_parts(
            recipe,
            Path(args.out),
            parts=args.parts,
            format=args.format,
            threads=args.workers,
            force=args.force,
            progress=report,
        )
    total = sum(part["bytes"] for part in made["parts"])
    if args.json:
        print_json({"out": args.out, "bytes": total, **made})
    else:
        print(
            f"{recipe.num_edges:,} edges of {args.vertices:,} vertices in {args.out}: {len(made['parts'])} parts, "
            f"{total / 1e6:,.1f} MB"
        )
    return 0
