"""Command `analyze`: look inside a trained or compiled model of a task."""

from __future__ import annotations

import argparse
from typing import Any

from logdepth.cli.shared import add_json, print_json, progress


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "analyze",
        help="attention against a task's pointers, ablations, patching, probes: one report",
        description="Look inside a trained or compiled model of a task: rows, pictures and one self-contained page. A "
        "net that learned graphs: squaring, hooking or breadth-first search?",
    )
    parser.add_argument("path", metavar="RUN|DIR", help="a run's folder or a compiled model's")
    parser.add_argument(
        "--k", type=int, help="hops to ask for, or the graphs' diameter (default: the most the model takes)"
    )
    parser.add_argument("--out", default="report", metavar="DIR", help="the report's folder (default: report)")
    parser.add_argument("--strings", type=int, default=50, help="random strings, or graphs, to look at (default 50)")
    parser.add_argument("--seed", type=int, default=0, help="of the strings")
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="RUN",
        help="another seed of a net that learned graphs (any number of times): the verdict is what all say",
    )
    parser.add_argument("--device", help="cpu, cuda, cuda:1 (default: cuda if it is there)")
    parser.add_argument("--force", action="store_true", help="replace a report")
    add_json(parser)
    parser.set_defaults(run=_analyze)


def _analyze(args: argparse.Namespace) -> int:
    from logdepth.analysis.report import analyze
    from logdepth.train.subject import load_subject

    subject = load_subject(args.path, device=args.device)
    also = [load_subject(path, device=args.device) for path in args.also]
    with progress("analyzing") as report:
        options = {"k": args.k, "strings": args.strings, "seed": args.seed, "force": args.force, "also": also}
        found = analyze(subject, args.out, progress=report, **options)
    if args.json:
        print_json(found)
        return 0
    error = "no position has so many hops" if found["error"] is None else f"{found['error']:.2%} wrong"
    print(f"{args.path}, k = {found['k']}: {error}")
    for layer in sorted({row["layer"] for row in found["heads"]}):
        heads = [f"{row['name']} {row['share']:.2f}" for row in found["heads"] if row["layer"] == layer]
        most = found["verdict"]["reached"].get(layer, 0) if found["verdict"] else None
        held = f"{most} hops in hand" if "prefix" in found else f"who is within {most} can be read"
        reached = "" if most is None else f"   {held}"
        print(f"  layer {layer}: {', '.join(heads)}{reached}")
    if found["verdict"]:
        print(found["conclusion"])
    print(f"{args.out}/index.html")
    return 0
