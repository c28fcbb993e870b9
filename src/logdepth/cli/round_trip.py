"""Command `round-trip`: a program in all its forms on one sequence, in one table."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stdout
from typing import Any

from logdepth.cli.compiling import add_program, program_from
from logdepth.cli.parser import count
from logdepth.cli.shared import add_json, print_json, progress
from logdepth.errors import InputError


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "round-trip",
        help="a program in every form, on one sequence: all equal?",
        description="Run a program by its interpreter, as exact transformer, as stock checkpoint, as protocol, that "
        "protocol as transformer by every router, and the transformers as protocols, on one sequence; one table. "
        "Exit status 1 if any of them says something else.",
    )
    add_program(parser, of_input=True)
    parser.add_argument("--input", metavar="FILE", help="one sequence: text, FASTA or .npy (default: a random one)")
    parser.add_argument("--seed", type=count, default=0, help="of the random sequence (default 0)")
    parser.add_argument(
        "--header",
        type=count,
        metavar="H",
        help="the first token's value, for programs with one (default: the largest)",
    )
    group = parser.add_argument_group("machines of the program's protocol")
    group.add_argument("--machines", type=count, default=4, metavar="Q", help="how many (default 4)")
    group.add_argument("--memory", type=count, metavar="S", help="words of a machine (default: the least it can have)")
    group.add_argument("--engine", choices=["local", "ray", "both"], default="local", help="what runs the protocols")
    group.add_argument("--workers", type=count, metavar="P", help="Ray actors (default: CPUs)")
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from logdepth.jobs.round_trip import round_trip

    data = None
    if args.input is not None:
        data = _read(args)
        if args.alphabet is None and args.symbols is None:
            if data.names:
                args.symbols = "".join(data.names)
            else:
                args.alphabet = max(1, data.alphabet_size)
        args.length = len(data.tokens) if args.length is None else args.length
    elif args.length is None:
        raise InputError("give --length N, for a random sequence of so many symbols, or --input FILE")
    if args.workers is not None and (args.workers < 1 or args.engine == "local"):
        raise InputError("--workers is for --engine ray or both, and at least 1")
    options = {"data": data, "seed": args.seed, "machines": args.machines, "memory": args.memory}
    asked = program_from(args)
    with redirect_stdout(sys.stderr), progress("forms") as report:
        found = round_trip(
            **asked, **options, header=args.header, target=args.target, engines=_engines(args), progress=report
        )
    if args.json:
        print_json(found.to_json())
    else:
        _show(found)
    return 0 if found.equal else 1


def _read(args: argparse.Namespace) -> Any:
    from logdepth.protocols.inputs.input import Source
    from logdepth.protocols.inputs.sequences import read_symbols

    return read_symbols(Source(args.input, symbols=args.symbols, alphabet=args.alphabet))


def _engines(args: argparse.Namespace) -> dict[str, Any]:
    from logdepth.mpc.engine import LocalEngine

    def ray() -> Any:
        from logdepth.mpc.ray_engine import RayEngine

        return RayEngine(workers=args.workers)

    known = {"local": LocalEngine, "ray": ray}
    return {name: known[name] for name in (known if args.engine == "both" else [args.engine])}


def _show(found: Any) -> None:
    from logdepth.summary import in_short

    given = ", ".join(f"{name} = {in_short(value)}" for name, value in found.parameters.items())
    header = "" if found.header is None else f", first token {found.header}"
    print(f"{found.program}{f' ({given})' if given else ''} on {len(found.tokens):,} symbols{header}\n")
    wide = max(len(row.form) for row in found.rows)
    print(f"{'form':{wide}}  equal  layers  rounds  machines   width   words  seconds")
    for row in found.rows:
        if row.equal is None:
            print(f"{row.form:{wide}}  not run: {row.why_not}")
            continue
        sizes = [(row.layers, 6), (row.rounds, 6), (row.machines, 8), (row.width, 6), (row.words, 6)]
        cells = "  ".join(f"{'' if size is None else f'{size:,}':>{room}}" for size, room in sizes)
        print(f"{row.form:{wide}}  {'yes' if row.equal else 'NO':5}  {cells}  {row.seconds:7.2f}")
    print("\nequal: to the interpreter, at every position. layers: of attention. rounds: communications, as ledgers")
    print("count them. width: embedding dimension. words: s, of a machine.")
