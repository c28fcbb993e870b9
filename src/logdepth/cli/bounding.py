"""Command `bounds`: what theory says of a task at sizes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from logdepth.cli.parser import count
from logdepth.cli.shared import add_json, print_json
from logdepth.errors import InputError

SIZES = {
    "of the task": {
        "length": ("N", "symbols of the input"),
        "alphabet": ("A", "how many symbols there are (default: as many as positions)"),
        "k": ("K", "hops, or functions to compose"),
        "vertices": ("N", "vertices of a graph; of a layer, for pointer-chasing"),
        "edges": ("M", "edges of a graph"),
        "diameter": ("D", "the greatest diameter of a component"),
        "rounds": ("R", "rounds of a protocol"),
    },
    "of the model": {
        "layers": ("L", "depth (default: any)"),
        "width": ("M", "embedding dimension, of every head (default 128)"),
        "heads": ("H", "heads (default 4)"),
        "precision": ("P", "bits of a number (default 32)"),
        "features": ("M", "features of a kernel (default: the width)"),
        "window": ("W", "radius of a sliding window"),
        "stride": ("G", "every G-th token is global"),
        "thoughts": ("N", "tokens of a chain of thought"),
        "state-bits": ("B", "bits that a recurrent layer hands on (default: width x precision)"),
        "linear-layers": ("L", "linear layers of a hybrid"),
        "memory": ("S", "words of a machine"),
    },
}


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "bounds",
        help="what theory says: suffices, impossible or open",
        description="Every bound that speaks of a task and an architecture, at sizes, and what they say together: "
        "suffices (by which construction), impossible (under which conjecture) or open. `bounds depth-width` draws "
        "all depths and widths.",
    )
    parser.add_argument("what", nargs="?", choices=["depth-width"], help="draw depth against width")
    parser.add_argument("--task", required=True, help="khop, pointer-chasing, connectivity, composition, ..")
    parser.add_argument("--arch", help="transformer (default), rnn, ssm, gnn, performer, longformer, cot, ..")
    for title, options in SIZES.items():
        group = parser.add_argument_group(title)
        for name, (metavar, text) in options.items():
            group.add_argument(f"--{name}", type=count, metavar=metavar, help=text)
    parser.add_argument(
        "--constant",
        action="append",
        default=[],
        metavar="NAME=C",
        help="take C for the constant that a bound leaves open, as in 'Corollary 5.2=1/8'; more than once",
    )
    parser.add_argument("--compile", action="store_true", help="compile the construction that suffices")
    parser.add_argument("--max-depth", type=count, metavar="L", help="depth-width: the deepest (default: two more)")
    parser.add_argument("--out", metavar="FILE.png", help="depth-width: the picture (of k = 16, if no --k is given)")
    add_json(parser)
    parser.set_defaults(run=_bounds)


def _bounds(args: argparse.Namespace) -> int:
    from logdepth.jobs.compiled_bound import compile_construction
    from logdepth.theory.judgement import judge_sizes

    if args.what is not None:
        return _draw(args)
    for name in ("out", "max_depth"):
        if getattr(args, name) is not None:
            raise InputError(f"--{name.replace('_', '-')} is for `bounds depth-width`")
    found = judge_sizes(_asked(args))
    made = compile_construction(found) if args.compile else None
    if args.json:
        print_json({**found.to_json(), **({"compiled": made} if made else {})})
        return 0
    print(f"{found.verdict}{_because(found)}")
    if made:
        sizes = f"{made['layers']} layers, width {made['width']}, {made['heads']} heads, {made['dtype']}"
        print(f"compiled  {made['program']}: {sizes}")
    for bound in found.bounds:
        print(f"{bound.statement.name}: {bound.statement.figure} [{bound.statement.source}]")
        what = "vacuous at these sizes" if bound.finding.vacuous else bound.finding.decides or "decides nothing"
        print(f"  {what}: {bound.finding.why}")
    return 0


def _because(found: Any) -> str:
    if found.by is None:
        return f"; {found.depth_suffices} layers would be enough" if found.depth_suffices else ""
    text = f": {found.by.finding.why} ({found.by.statement.name})"
    if found.verdict == "impossible":
        text += f"; rests on {f'the {found.conjecture}' if found.conjecture else 'nothing unproved'}"
    return text + (f"; assumes {found.assumed}" if found.assumed else "")


def _asked(args: argparse.Namespace) -> Any:
    from logdepth.theory import Asked
    from logdepth.theory.judgement import TASKS, statements_for
    from logdepth.theory.statement import parse_constant

    arch = args.arch or ("transformer" if args.task not in TASKS else _first_arch(args.task))
    known = statements_for(args.task, arch)
    constants = dict(parse_constant(text) for text in args.constant)
    for name in constants:
        names = [made.name for made in known if made.open_constant]
        if name not in names:
            have = f"those that do: {', '.join(names)}" if names else "none does"
            raise InputError(f"--constant: no bound on {arch} for {args.task} named {name!r} leaves one open; {have}")
    sizes = {name.replace("-", "_"): getattr(args, name.replace("-", "_")) for part in SIZES.values() for name in part}
    given = {name: value for name, value in sizes.items() if value is not None}
    return Asked(args.task, arch, constants=constants, **given)


def _first_arch(task: str) -> str:
    from logdepth.theory import STATEMENTS

    archs = [arch for made in STATEMENTS if made.task == task for arch in made.archs]
    return "transformer" if "transformer" in archs else archs[0]


def _draw(args: argparse.Namespace) -> int:
    from logdepth.jobs.compiled_bound import compile_construction
    from logdepth.report.phase import draw_phase
    from logdepth.theory.judgement import judge_sizes
    from logdepth.theory.phase import phase_diagram

    if args.out is None and not args.json:
        raise InputError("give --out FILE.png for the picture, or --json for its numbers")
    if args.width is not None:
        raise InputError("--width is what the diagram draws; leave it out")
    if args.out is not None and Path(args.out).suffix not in (".png", ".svg", ".pdf"):
        raise InputError(f"--out {args.out}: the name must end in .png, .svg or .pdf")
    args.k = 16 if args.k is None else args.k
    asked = _asked(args)
    phase = phase_diagram(asked, most_depth=args.max_depth)
    made = compile_construction(judge_sizes(asked)) if args.compile else None
    if args.out is not None:
        draw_phase(phase, Path(args.out), made)
    if args.json:
        print_json({**phase.to_json(), **({"compiled": made} if made else {})})
    else:
        print(f"{args.out}: {len(phase.depths)} depths, {len(phase.widths)} widths")
        for name in phase.regions:
            print(f"  {name}")
    return 0
