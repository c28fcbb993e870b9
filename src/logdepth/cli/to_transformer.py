"""Command `to-transformer`: a problem's protocol on an input, as an exact transformer, checked against the engine."""

from __future__ import annotations

import argparse
from typing import Any

from logdepth.cli.parser import count
from logdepth.cli.shared import add_json, print_json, progress
from logdepth.errors import InputError


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "to-transformer",
        help="a parallel algorithm as an exact transformer (Theorem 3.1)",
        description="Run a protocol on an engine and as a transformer, machines as tokens and messages through softmax "
        "attention, and compare; the theorem's figures beside the built ones. Exit status 1 if they differ.",
    )
    parser.add_argument(
        "problem",
        metavar="PROBLEM",
        help="connectivity, msf, khop, sort, ... (`logdepth list`), or your own: FILE.py:PROBLEM",
    )
    parser.add_argument("--input", metavar="FILE", help="the input: a graph, a sequence, numbers or pointers")
    parser.add_argument(
        "--random", type=count, metavar="N", help="a random input: N vertices, tokens, numbers, pointers"
    )
    parser.add_argument("--edges", type=count, metavar="M", help="with --random, a graph's edges (default 5 N / 2)")
    parser.add_argument("--seed", type=count, default=0, help="with --random (default 0)")
    parser.add_argument("--k", type=count, help="khop: hops (with --random default 16)")
    parser.add_argument("--power", type=count, help="pointer-doubling: follow this many pointers (default: to the end)")
    parser.add_argument("--alphabet", type=count, help="khop: how many symbols, for a .npy file")
    group = parser.add_argument_group("machines")
    group.add_argument("--machines", type=count, metavar="Q", help="how many machines")
    group.add_argument("--memory", type=count, metavar="S", help="words of a machine")
    group.add_argument("--delta", type=float, help="words a machine ~ n^DELTA (default 0.5)")
    group = parser.add_argument_group("transformer")
    group.add_argument("--router", default="sums", help="sums (default), hashing, ports or dealing")
    group.add_argument(
        "--form",
        default="looped",
        help="looped (default): one layer until the machines halt; unrolled: as many as the protocol's bound",
    )
    group.add_argument(
        "--bounds",
        default="rehearsal",
        help="what the router is built for: rehearsal (default), what the engine's run did; spec, all that S allows",
    )
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from logdepth.jobs import Job, transform_job

    if (args.input is None) == (args.random is None):
        raise InputError("give --input FILE or --random N" + (", not both" if args.input is not None else ""))
    if args.random is None and args.edges is not None:
        raise InputError("--edges is for --random")
    job = Job(
        problem=args.problem,
        source=args.input or "",
        delta=args.delta,
        machines=args.machines,
        memory=args.memory,
        k=args.k,
        power=args.power,
        alphabet=args.alphabet,
    )
    with progress("communications") as report:
        found = transform_job(
            job,
            random=args.random,
            edges=args.edges,
            seed=args.seed,
            router=args.router,
            form=args.form,
            bounds=args.bounds,
            progress=report,
        )
    if args.json:
        print_json(found.to_json())
    else:
        _show(found)
    return 0 if found.equal else 1


def _show(found: Any) -> None:
    theorem = found.theorem
    ends = " + init + final" if found.with_layout else ", machines as tokens from the start"
    rounds = f"{found.num_rounds:,} communications"
    if found.form == "unrolled":
        rounds = f"{found.bound:,} communications at most ({found.num_rounds:,} on this input)"
    each = f", {found.layers_a_round} layers each" if found.layers_a_round > 1 else ""
    print(f"protocol    {found.problem} on {found.num_machines:,} machines of {found.local_memory:,} words")
    print(f"layers      {found.num_layers:,} = {rounds}{ends}{each}; {found.form}")
    print(
        f"attention   router {found.router}, bounds from the {found.bounds}: {found.num_heads:,} heads, "
        f"key_dim {found.key_dim:,}, value_dim {found.value_dim:,}"
    )
    print(f"embed_dim   {found.embed_dim:,}, of which {3 * found.local_memory:,} for what a machine keeps")
    print(f"tokens      {found.num_tokens:,} and the start token; {found.num_blank:,} blank")
    print(
        f"theorem     {theorem.theorem}: {theorem.num_layers:,} layers for R = {theorem.rounds:,}, heads "
        f"{theorem.num_heads}, embed_dim {theorem.embed_dim}; Lemma 3.2's proof takes {theorem.packets:,} packets, "
        f"value_dim {theorem.value_dim:,}"
    )
    print(f"counted     {theorem.counted}")
    print(f"answer      {'equal to the engine, to the bit' if found.equal else 'NOT EQUAL to the engine'}")
