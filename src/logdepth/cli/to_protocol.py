"""Command `to-protocol`: a transformer as rounds of machines (Theorem 3.4)."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stdout
from typing import Any

from logdepth.cli.parser import count
from logdepth.cli.shared import add_json, print_json, progress
from logdepth.errors import InputError


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "to-protocol",
        help="run a transformer as a protocol of machines",
        description="Run a transformer as an MPC protocol (Theorem 3.4) on a row of tokens, with an account of rounds "
        "and words, and hold its logits against torch's.",
    )
    parser.add_argument("model", metavar="DIR", help="a compiled model, a run, or a Hugging Face folder")
    parser.add_argument("--tokens", metavar="FILE", required=True, help="token ids, a .npy of one row")
    parser.add_argument(
        "--form",
        choices=["faithful", "blocked"],
        default="blocked",
        help="faithful: the theorem's machines and trees; blocked (default): a machine holds a tile of tokens",
    )
    group = parser.add_argument_group("machines")
    size = group.add_mutually_exclusive_group()
    size.add_argument("--memory", metavar="S", help="of a machine: words, or bytes with a unit (64GiB)")
    size.add_argument("--branching", type=count, metavar="B", help="faithful: children of a node (default 4)")
    group.add_argument("--fused", action="store_true", help="faithful: a token's roots do its work: 2DL + 2 rounds")
    group.add_argument("--word-bits", type=count, default=64, metavar="P", help="bits of a word: 64 (default), 32, 16")
    group.add_argument(
        "--words", choices=["float", "fixed", "bfloat"], default="float", help="how words are written (default: float)"
    )
    group = parser.add_argument_group("engine")
    group.add_argument("--engine", choices=["local", "ray"], default="local")
    group.add_argument("--workers", type=count, metavar="P", help="threads (local) or Ray actors (default: CPUs)")
    group = parser.add_argument_group("output")
    group.add_argument("--out", metavar="FILE", help="the logits: .npy, (tokens, classes)")
    group.add_argument("--force", action="store_true", help="replace FILE")
    group.add_argument("--ledger", action="store_true", help="print the whole ledger")
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from logdepth.jobs.quantities import parse_memory
    from logdepth.jobs.to_protocol import ToProtocol, run_to_protocol

    if args.workers is not None and args.workers < 1:
        raise InputError(f"--workers is {args.workers}; it must be at least 1")
    if args.out:
        _check_out(Path(args.out), args.force)
    memory = None if args.memory is None else parse_memory(args.memory).words()
    job = ToProtocol(
        model=args.model, tokens=args.tokens, form=args.form, memory=memory, branching=args.branching,
        fused=args.fused, word_bits=args.word_bits, words=args.words,
    )  # fmt: skip
    with redirect_stdout(sys.stderr), progress("rounds") as report:
        found = run_to_protocol(job, lambda: _engine(args), progress=report)
    if args.out:
        import numpy as np

        from logdepth.files import new_file

        with new_file(Path(args.out), force=args.force) as temporary, temporary.open("wb") as file:
            np.save(file, found.run.result)
    facts = {**found.facts(), "engine": args.engine, "out": args.out}
    if args.json:
        print_json(facts)
        return 0
    for line in _lines(facts, str(found.simulation.plan.model.name)):
        print(line)
    if args.ledger:
        from logdepth.report.ledger import print_ledger

        print_ledger(found.run.ledger)
    return 0


def _engine(args: argparse.Namespace) -> Any:
    if args.engine == "local":
        from logdepth.mpc.engine import LocalEngine

        return LocalEngine(threads=args.workers or 1)
    from logdepth.mpc.ray_engine import RayEngine

    return RayEngine(workers=args.workers)


def _check_out(path: Any, force: bool) -> None:
    if path.suffix != ".npy":
        raise InputError(f"{path}: the name must end in .npy")
    if path.exists() and not force:
        raise InputError(f"{path} exists already; give --force to replace it")


def _lines(facts: dict[str, Any], name: str) -> list[str]:
    """The facts as a person would read them."""
    layers, tokens, rounds = facts["num_layers"], facts["num_tokens"], facts["num_rounds"]
    lines = [
        f"model       {name}: {layers} layers, {facts['num_heads']} heads, embedding dimension {facts['embed_dim']}",
    ]
    if facts["form"] == "faithful":
        depth = facts["tree_depth"]
        fused = "fused, 2 D L + 2" if facts["fused"] else "L (2 D + 2)"
        other = f"{facts['num_rounds_unfused']:,} unfused" if facts["fused"] else f"{facts['num_rounds_fused']:,} fused"
        lines += [
            f"form        faithful on {tokens:,} tokens: branching b = {facts['branching']}, depth D = {depth}",
            f"rounds      {rounds:,} communications, {fused}; {other}; the paper counts L (2 D + 3) = "
            f"{facts['num_rounds_paper']:,} rounds",
        ]
    else:
        lines += [
            f"form        blocked on {tokens:,} tokens: {facts['tile']:,} a machine, a round brings keys of "
            f"{facts['fan']:,} other{'s' if facts['fan'] > 1 else ''}",
            f"rounds      {rounds:,} communications",
        ]
    most = f"at most {facts['max_words_sent']:,} sent, {facts['max_words_received']:,} received by one in a round"
    lines += [
        f"machines    {facts['num_machines']:,} of s = {facts['local_memory']:,} words ({facts['word']}); {most}",
        f"difference  {facts['max_abs_difference']:.2g} at most to torch in float64; {facts['different_answers']} of "
        f"{tokens:,} answers differ",
    ]
    if facts["form"] == "faithful":
        lines.append(f"precision   C.1's bound for these words is 2^{facts['precision_bound_log2']:.1f}{_says(facts)}")
    lines.append(f"seconds     {facts['seconds']:.2f} in rounds")
    return lines + ([f"written     {facts['out']}"] if facts["out"] else [])


def _says(facts: dict[str, Any]) -> str:
    return ": it says nothing" if facts["precision_bound_vacuous"] else ""
