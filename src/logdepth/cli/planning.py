"""Command `plan`: what a run would cost on machines nobody has here."""

from __future__ import annotations

import argparse
from typing import Any

from logdepth.cli.parser import count
from logdepth.cli.running import add_settings, settings_of
from logdepth.cli.shared import add_json, print_json, progress
from logdepth.errors import InputError


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "plan",
        help="what a run would cost on a cluster",
        description="Rounds, words a machine and time on machines of a given size, from small runs made here: of "
        "random inputs, or with --like of samples of your own.",
    )
    parser.add_argument(
        "problem",
        metavar="PROBLEM",
        help="connectivity, msf, khop, sort, ... or a program (`logdepth list`), or your own: FILE.py:NAME",
    )
    parser.add_argument("--vertices", type=count, metavar="N", help="a graph's vertices")
    parser.add_argument("--edges", type=count, metavar="M", help="a graph's edges")
    parser.add_argument("--size", type=count, metavar="N", help="numbers, pointers or tokens")
    group = parser.add_argument_group("your own graph")
    group.add_argument(
        "--like",
        metavar="GRAPH",
        help="calibrate on samples of this graph, read as by `run`; with --edges and --vertices it may be a small one "
        "of the kind that is meant",
    )
    group.add_argument("--ids", choices=["whole", "names"], help="of a graph in parts (default: as the first are)")
    group.add_argument("--sample", type=count, metavar="M", help="edges of the largest sample (default 500,000)")
    group.add_argument("--seed", type=count, default=0, help="of what is drawn (default 0)")
    parser.add_argument("--k", type=count, help="khop, programs: hops (khop: 16)")
    add_settings(parser)
    parser.add_argument("--machines", type=count, required=True, metavar="Q", help="how many machines")
    parser.add_argument(
        "--memory", required=True, metavar="SIZE", help="memory of a machine: 64GiB; a plain number is words"
    )
    parser.add_argument("--bandwidth", default="10Gbit", help="of a machine's network (default 10Gbit)")
    parser.add_argument("--latency", default="1ms", help="fixed cost of a round (default 1ms)")
    parser.add_argument("--cores", type=count, default=1, help="cores a machine (default 1)")
    add_json(parser)
    parser.set_defaults(run=_plan)


def _plan(args: argparse.Namespace) -> int:
    from logdepth.jobs import find_problem
    from logdepth.jobs.own_problem import blaming
    from logdepth.jobs.plan import plan
    from logdepth.jobs.quantities import parse_bandwidth, parse_memory, parse_seconds

    problem = find_problem(args.problem, settings_of(args))
    memory, bandwidth, latency = parse_memory(args.memory), parse_bandwidth(args.bandwidth), parse_seconds(args.latency)
    machines = {
        "machines": args.machines, "memory": memory, "bandwidth": bandwidth, "latency": latency, "cores": args.cores
    }  # fmt: skip
    _at_least_one(args, "machines", "cores")
    if args.like is not None:
        found = _plan_like(args, problem, machines)
    else:
        size = _size(args, problem)
        with blaming(args.problem), progress("small runs") as report:
            found = plan(
                problem,
                size,
                edges=args.edges if "edges" in problem.input.measures else None,
                k=16 if args.k is None else args.k,
                progress=report,
                **machines,
            )
    if args.json:
        print_json(found.to_json())
    elif found.like is not None:
        _print_like(found, args.cores)
    else:
        _print(found, args.cores)
    return 0 if found.fits else 1


def _size(args: argparse.Namespace, problem: Any) -> int:
    """Of the input, where nothing but its size is said."""
    for name in ("ids", "sample"):
        if getattr(args, name) is not None:
            raise InputError(f"--{name} is for --like")
    if not problem.input.measures:
        raise InputError(f"{problem.name} has one size, that of its parameters, and no plan for others; `run` takes it")
    sizes = {"graph": ("vertices", "edges"), "input": ("size",)}
    own = sizes[problem.input.option]
    if any(getattr(args, name) is None for name in problem.input.measures):
        raise InputError(f"{problem.name} needs {' and '.join(f'--{name}' for name in problem.input.measures)}")
    for name in sum(sizes.values(), ()):
        if name not in problem.input.measures and getattr(args, name) is not None:
            wanted = " and ".join(f"--{name}" for name in problem.input.measures)
            raise InputError(f"{problem.name} takes no --{name}: the size of its input is {wanted}")
    _at_least_one(args, own[0])
    return getattr(args, own[0])


def _at_least_one(args: argparse.Namespace, *names: str) -> None:
    for name in names:
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise InputError(f"--{name} is {getattr(args, name)}; it must be at least 1")


def _plan_like(args: argparse.Namespace, problem: Any, machines: dict[str, Any]) -> Any:
    from logdepth.jobs.like_plan import LARGEST, plan_like
    from logdepth.jobs.own_problem import blaming

    for name in ("size", "k"):
        if getattr(args, name) is not None:
            raise InputError(f"--{name} is not for --like, which takes a graph")
    _at_least_one(args, "vertices", "edges")
    with blaming(args.problem), progress("samples") as report:
        return plan_like(
            problem,
            args.like,
            edges=args.edges,
            vertices=args.vertices,
            ids=args.ids,
            largest=LARGEST if args.sample is None else args.sample,
            seed=args.seed,
            progress=report,
            **machines,
        )


def _print(found: Any, cores: int) -> None:
    seen = found.prediction
    words = found.word_bytes
    print(f"input     {found.input_words:,} words, {found.input_words / found.num_machines:,.0f} a machine")
    print(f"rounds    about {seen.num_rounds:,} on a random input (proved bound: {found.num_rounds_bound:,})")
    print(
        f"memory    {seen.peak_words:,} words on the busiest machine; least local_memory "
        f"{found.least_memory_words:,} words = {found.least_memory_words * words / 2**30:.2f} GiB; "
        f"{'fits' if found.fits else 'DOES NOT FIT'} {found.memory_words:,} words ({words} bytes each)"
    )
    print(
        f"network   {seen.moved_words:,} words in all, "
        f"{seen.busiest_words * words / 1e9:.2f} GB for the busiest machine"
    )
    print(
        f"time      {found.seconds:,.1f} s = {found.latency_seconds:.1f} latency + {found.network_seconds:.1f} network "
        f"+ {found.compute_seconds:.1f} computing (this core's speed, {cores} a machine)"
    )
    _print_processes(found)
    sizes = ", ".join(f"{row.input_words:,}" for row in found.calibration)
    print(f"from      runs of {sizes} words here; other inputs than random ones may need more (--like takes your own)")


def _print_processes(found: Any) -> None:
    if found.driver_bytes is not None and found.worker_bytes is not None:
        print(
            f"processes {found.worker_bytes / 2**30:,.2f} GiB a worker, one a machine, "
            f"{found.driver_bytes / 2**30:,.2f} GiB the driver, for an input in parts (less with --worker-memory)"
        )


def _print_like(found: Any, cores: int) -> None:
    like, words = found.like, found.word_bytes
    seen = like.calibration

    def between(estimate: Any, scale: float = 1.0, digits: int = 0) -> str:
        value, low, high = (f"{x * scale:,.{digits}f}" for x in (estimate.value, estimate.low, estimate.high))
        return value if low == high else f"{value} ({low} to {high})"

    print(
        f"input     {like.edges:,} edges, {like.vertices:,} vertices{' in parts' if like.in_parts else ''}: "
        f"{found.input_words:,} words, {found.input_words / found.num_machines:,.0f} a machine"
    )
    print(f"rounds    {between(seen.rounds)}; proved bound: {found.num_rounds_bound:,}")
    each = 1 / found.input_words
    print(
        f"words     {between(seen.moved_words, each, 2)} moved for each of the input's: {seen.moved_words.value:,.0f} "
        f"in all; {between(seen.busiest_words, words / 1e9, 2)} GB by the busiest machine"
    )
    print(
        f"memory    {between(seen.peak_words)} words on the busiest machine; least local_memory "
        f"{found.least_memory_words:,} words = {found.least_memory_words * words / 2**30:.2f} GiB; "
        f"{'fits' if found.fits else 'DOES NOT FIT'} {found.memory_words:,} words ({words} bytes each)"
    )
    print(
        f"time      {between(like.seconds, 1, 1)} s = {found.latency_seconds:.1f} latency + "
        f"{found.network_seconds:.1f} network + {found.compute_seconds:.1f} computing (this core's speed, {cores} "
        "a machine)"
    )
    _print_processes(found)
    sizes = sorted({trial.edges for trial in seen.trials})
    whole = f"samples of {sizes[0]:,} to {sizes[-1]:,} edges" if len(seen.trials) > 1 else "the input itself"
    print(f"from      {whole} of {like.source}, run here ({', '.join(seen.kinds)})")
    for note in seen.notes:
        print(f"note      {note}")
