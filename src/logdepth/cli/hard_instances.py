"""Command `hard-instance`: the inputs behind the lower bounds, as data."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from logdepth.cli.parser import count
from logdepth.cli.shared import add_json, print_json
from logdepth.errors import InputError

OWN = ("players", "segment", "copies")


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "hard-instance",
        help="the inputs behind the lower bounds, as data",
        description="Random instances of what the bounds rest on, with their answers, as .npz: pointer-chasing, "
        "one-vs-two-cycle, subgraph-connectivity; as they are, or as what they are reduced to (--as).",
    )
    parser.add_argument("kind", metavar="KIND", help="pointer-chasing, one-vs-two-cycle, subgraph-connectivity")
    parser.add_argument("--size", type=count, required=True, metavar="N", help="vertices; pointer-chasing: of a layer")
    parser.add_argument("--players", type=count, metavar="K", help="pointer-chasing: matchings (default 6)")
    parser.add_argument("--as", dest="form", metavar="FORM", help="graph (default), hops, connectivity")
    parser.add_argument("--segment", type=count, metavar="N", help="pointer-chasing as hops: tokens of every player")
    parser.add_argument("--copies", type=count, metavar="C", help="one-vs-two-cycle as connectivity: of the graph")
    parser.add_argument("--count", type=count, default=1, metavar="C", help="how many instances (default 1)")
    parser.add_argument("--seed", type=count, default=0)
    parser.add_argument("--out", required=True, metavar="FILE.npz")
    parser.add_argument("--force", action="store_true", help="replace FILE")
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    import numpy as np

    from logdepth.files import new_file
    from logdepth.separations.hard_instances import InstanceSizes, find_hard_instance

    kind = find_hard_instance(args.kind)
    path = Path(args.out)
    if path.suffix != ".npz":
        raise InputError(f"--out {args.out}: the name must end in .npz")
    given = {name: getattr(args, name) for name in OWN if getattr(args, name) is not None}
    for name in given:
        if name not in kind.uses:
            raise InputError(f"{kind.name} takes no --{name}")
    with new_file(path, force=args.force) as temporary:
        arrays = kind.arrays(InstanceSizes(args.size, seed=args.seed, **given), form=args.form, count=args.count)
        np.savez(temporary, allow_pickle=False, **arrays)
    shapes = {name: list(array.shape) for name, array in arrays.items()}
    if args.json:
        print_json({"out": args.out, "kind": kind.name, "behind": kind.behind, "shapes": shapes})
    else:
        print(f"{args.out}: {args.count:,} of {kind.name}, behind {kind.behind}")
        for name, shape in shapes.items():
            print(f"  {name}: {'x'.join(map(str, shape))}")
    return 0
