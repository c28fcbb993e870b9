"""Command `communication`: a model played as a blackboard protocol."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from logdepth.cli.parser import count
from logdepth.cli.shared import add_json, print_json
from logdepth.errors import InputError

SIZES = {
    "layers": "layers (default 2; hop-tables: up to k)",
    "width": "embedding dimension (default 32)",
    "heads": "heads (default 4)",
    "features": "performer: features of a head's kernel (default 16)",
    "window": "longformer: radius of the window (default 4)",
    "stride": "longformer: every so many tokens one is global (default 16)",
    "thoughts": "cot: tokens of thought (default 3)",
    "k": "hop-tables: hops (default: as many as players)",
}


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "communication",
        help="a model played as a blackboard protocol: bits written, round by round",
        description="Cut a model's input into as many segments as there are players, play the model as the protocol "
        "behind the bounds on it, and compare: answers with the model's own, bits with the formula and with the "
        "bound. Exit status 1 if an answer or a count differs.",
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a run's folder (lstm), or a random rnn, ssm, lstm, performer, longformer, cot; or hop-tables, exact",
    )
    parser.add_argument("--players", type=count, required=True, metavar="K", help="how many; they divide the length")
    parser.add_argument("--length", type=count, metavar="N", help="tokens (default: 15 a player; a run's own)")
    parser.add_argument("--inputs", type=count, default=1000, metavar="C", help="how many inputs (default 1000)")
    parser.add_argument("--seed", type=count, default=0)
    group = parser.add_argument_group("a random model")
    for name, text in SIZES.items():
        group.add_argument(f"--{name}", type=count, metavar="N", help=text)
    parser.add_argument("--plot", metavar="FILE.png", help="draw the blackboard")
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from logdepth.jobs.communication import communication
    from logdepth.report.blackboard import draw_blackboard

    if args.plot is not None and Path(args.plot).suffix not in (".png", ".svg", ".pdf"):
        raise InputError(f"--plot {args.plot}: the name must end in .png, .svg or .pdf")
    sizes = {name: getattr(args, name) for name in SIZES if getattr(args, name) is not None}
    found, what = communication(
        args.model, args.players, inputs=args.inputs, length=args.length, seed=args.seed, **sizes
    )
    if args.plot is not None:
        draw_blackboard(found.bits, Path(args.plot), f"{what}, {found.players} players")
    if args.json:
        print_json({"model": what, **found.to_json()})
    else:
        _print(found, what)
    return 0 if found.same == found.inputs and found.counted_is_formula else 1


def _print(found: Any, what: str) -> None:
    each = found.length // found.players
    print(f"played    {what}: {found.players} players of {each} tokens, rounds: {found.rounds}")
    gap = f"outputs differ by {found.largest_gap:.2g} at most"
    print(f"same      {found.same:,} of {found.inputs:,} answers are the model's own; {gap}")
    if found.right is not None:
        print(f"right     {100 * found.right:.1f} % of its answers")
    agrees = "as" if found.counted_is_formula else "NOT as"
    print(f"bits      {found.bits_a_round:,} by a player in a round at most, {agrees} the formula has it")
    for number, row in enumerate(found.bits[:8] if found.players <= 16 else (), 1):
        print(f"  round {number}  " + "  ".join(f"P{found.players - j} {bits:,}" for j, bits in enumerate(row)))
    if len(found.bits) > 8 and found.players <= 16:
        print(f"  .. and {len(found.bits) - 8} more rounds")
    print(f"bound     {_bound(found)}")


def _bound(found: Any) -> str:
    k = found.players
    if found.bound is None:
        return f"{found.theorem} says nothing of k = {k} rounds or more"
    if found.bound < 1:
        return f"{found.theorem} is vacuous here: N / k^6 is less than a bit"
    return (
        f"{found.theorem}: N / k^6 = {float(found.bound):,.3g} bits, times an open constant; if that is "
        f"{float(found.needs_constant):.3g} or more, no such protocol is right about {k} hops"
    )
