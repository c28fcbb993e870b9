"""Commands `run` and `resume`: protocols on files, with their ledger."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, redirect_stdout
from typing import Any

from logdepth.cli.parser import count
from logdepth.cli.shared import add_json, print_json, progress
from logdepth.errors import InputError


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "run",
        help="run a parallel algorithm on a file",
        description="Run a protocol, or a program as one, on an input file, on simulated machines, with an account of "
        "rounds and words.",
    )
    parser.add_argument(
        "problem",
        metavar="PROBLEM",
        help="connectivity, msf, khop, sort, ... or a program (`logdepth list`), or your own: FILE.py:NAME",
    )
    parser.add_argument(
        "--graph",
        metavar="FILE",
        help="a graph: edge list, CSV, Matrix Market, METIS, .npy, Parquet; in parts: a glob, a folder, - or a URL",
    )
    parser.add_argument("--input", metavar="FILE", help="a sequence, numbers or pointers: text or .npy")
    parser.add_argument("--format", help="the graph file's format, if its name does not say")
    parser.add_argument("--vertices", type=count, metavar="N", help="the vertices are 0..N-1 (isolated ones included)")
    parser.add_argument("--ids", choices=["whole", "names"], help="of a graph in parts (default: as the first are)")
    parser.add_argument("--unweighted", action="store_true", help="msf: all weights equal")
    parser.add_argument("--k", type=count, help="khop, programs: hops")
    parser.add_argument("--power", type=count, help="pointer-doubling: follow this many pointers (default: to the end)")
    parser.add_argument("--symbols", help="khop, programs: the symbols (default: the characters that occur)")
    parser.add_argument("--alphabet", type=count, help="khop, programs: how many symbols, for a .npy file")
    add_settings(parser)
    group = parser.add_argument_group("machines")
    group.add_argument("--delta", type=float, help="words a machine ~ n^DELTA (default 0.5)")
    group.add_argument("--gamma", type=float, default=0.0, help="machines ~ n^(1 + GAMMA - DELTA) (default 0)")
    group.add_argument("--machines", type=count, metavar="Q", help="how many machines")
    group.add_argument(
        "--memory", metavar="S", help="of a machine: words, or bytes with a unit (64GiB: words of 8 bytes)"
    )
    group.add_argument(
        "--limits", choices=["strict", "record"], default="strict", help="stop when S is exceeded (default), or note it"
    )
    parser.add_argument("--checkpoint", metavar="DIR", help="save the run there, to go on after a crash")
    _add_engine(parser)
    _add_output(parser)
    parser.set_defaults(run=_run)

    parser = commands.add_parser(
        "resume", help="go on with a run", description="Go on with `run --checkpoint DIR`, on any engine."
    )
    parser.add_argument("folder", metavar="DIR", help="the checkpoint folder")
    parser.add_argument("--source", metavar="FILE", help="where the input is now, if it moved")
    _add_engine(parser)
    _add_output(parser)
    parser.set_defaults(run=_resume)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """What may be said about a program."""
    group = parser.add_argument_group("programs")
    group.add_argument(
        *("--set", "-s"), action="append", default=[], metavar="NAME=VALUE", help="a parameter of the program"
    )
    group.add_argument("--header", type=count, metavar="H", help="the header, for programs with one")
    group.add_argument(
        "--headers", type=count, default=0, metavar="N", help="how many values that might have (default: H + 1)"
    )


def settings_of(args: argparse.Namespace) -> Any:
    """What was said about a program, as `find_problem` takes it."""
    from logdepth.jobs.settings import Settings

    return Settings(tuple(args.set), args.k, args.header, args.headers)


def _add_engine(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("engine")
    group.add_argument("--engine", choices=["local", "ray"], default="local")
    group.add_argument(
        "--workers", type=count, metavar="P", help="threads (local, default 1) or Ray actors (default: CPUs)"
    )
    group.add_argument(
        "--worker-memory", metavar="SIZE", help="2GiB: a worker that needs more works range by range, from disk"
    )
    group.add_argument("--spill", metavar="DIR", help="where that disk is (default: the system's temporary folder)")
    group.add_argument("--address", default="local", help="a running Ray cluster (default: start one here)")
    group.add_argument(
        "--kernels", choices=["auto", "numba", "numpy"], default="auto", help="auto (default): by the input's size"
    )
    group.add_argument(
        "--checkpoint-every", type=count, metavar="N", help="rounds (default: as 10%% of the time allows)"
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "--out", metavar="FILE", help="the result: .parquet, .csv, .tsv or .npz; of connectivity also DIR/, in parts"
    )
    group.add_argument("--force", action="store_true", help="replace it")
    group.add_argument("--plot", metavar="FILE", help="the ledger as a picture: .png, .svg or .pdf")
    group.add_argument("--ledger", action="store_true", help="print the whole ledger: each kind of round, the driver")
    group.add_argument("--rounds", action="store_true", help="the same with every round")
    group.add_argument(
        "--progress", action="store_true", help="on a terminal, live: rounds, words, rates, what is left, each worker"
    )
    add_json(parser)


def _engine(args: argparse.Namespace) -> Callable[[], Any]:
    if args.workers is not None and args.workers < 1:
        raise InputError(f"--workers is {args.workers}; it must be at least 1")
    if args.checkpoint_every is not None and args.checkpoint_every < 1:
        raise InputError(f"--checkpoint-every is {args.checkpoint_every}; it must be at least 1")
    spill = _spill(args)
    if args.engine == "local":
        if args.address != "local":
            raise InputError("--address is for --engine ray")

        def local() -> Any:
            from logdepth.mpc.engine import LocalEngine

            return LocalEngine(kernels=args.kernels, threads=args.workers or 1, spill=spill)

        return local

    def ray() -> Any:
        from logdepth.mpc.ray_engine import RayEngine

        return RayEngine(workers=args.workers, address=args.address, kernels=args.kernels, spill=spill)

    return ray


def _spill(args: argparse.Namespace) -> Any:
    """What a worker's memory is, if that was said."""
    from pathlib import Path

    if args.worker_memory is None:
        if args.spill is not None:
            raise InputError("--spill is for --worker-memory: without that nothing goes to disk")
        return None
    from logdepth.jobs.quantities import parse_memory
    from logdepth.mpc.spilling import Spill

    memory = parse_memory(args.worker_memory)
    if not memory.in_bytes:
        raise InputError(f"--worker-memory is {args.worker_memory}; give it a unit: 2GiB")
    return Spill(memory.amount, Path(args.spill)) if args.spill else Spill(memory.amount)


def _out_folder(args: argparse.Namespace) -> bool:
    """Whether the result goes into a folder, in parts: DIR/, or a folder that is there."""
    from pathlib import Path

    return bool(args.out) and (args.out.endswith(("/", "\\")) or Path(args.out).is_dir())


def _wanted(args: argparse.Namespace) -> Any:
    """Of an input in parts, where the answer goes."""
    from pathlib import Path

    from logdepth.jobs import AnswerWanted

    if _out_folder(args):
        return AnswerWanted(Path(args.out), args.force)
    return AnswerWanted(rows=bool(args.out))


def _check_output(args: argparse.Namespace) -> None:
    """Refuse before the work what would be refused after it."""
    from pathlib import Path

    from logdepth.files import check_new_folder
    from logdepth.graphs.write import SUFFIXES, check_table_path

    if _out_folder(args):
        check_new_folder(Path(args.out), force=args.force)
    elif args.out:
        if Path(args.out).suffix.lower() not in SUFFIXES:
            raise InputError(
                f"{args.out}: unknown suffix; a table is written as {', '.join(SUFFIXES)}; connectivity's also in "
                f"parts, into a folder: {args.out}/"
            )
        check_table_path(args.out)
        if Path(args.out).exists() and not args.force:
            raise InputError(f"{args.out} exists already; give --force to replace it")
    if args.plot and Path(args.plot).suffix not in (".png", ".svg", ".pdf"):
        raise InputError(f"{args.plot}: the name must end in .png, .svg or .pdf")


@contextmanager
def _watched(args: argparse.Namespace, problem: str, source: str) -> Iterator[Any]:
    """What the run reports to: a status file for `top`, and on a terminal a bar, or with --progress all of it."""
    import os

    from logdepth.jobs.status import status_file
    from logdepth.mpc.watch import Watch

    checkpoint = args.folder if "folder" in args else args.checkpoint
    places = {"out": args.out, "checkpoint": checkpoint}
    about = {"problem": problem, "source": source,
             **{name: place and os.path.abspath(place) for name, place in places.items()}}  # fmt: skip
    watch = Watch()
    with ExitStack() as held:
        held.enter_context(status_file(about, watch))
        if args.progress and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live
            from rich.text import Text

            from logdepth.report.status import status_lines

            def shown() -> Any:
                return Text("\n".join(status_lines({**about, **watch.to_json()})))

            console = Console(stderr=True)
            held.enter_context(Live(console=console, get_renderable=shown, refresh_per_second=2, transient=True))
        else:
            bar, others = held.enter_context(progress("rounds", at_most=True)), watch.report

            def both(seen: Watch) -> None:
                others(seen)
                if bar is not None and seen.rounds:
                    bar(seen.rounds, seen.bound)

            watch.report = both
        yield watch


def _results_only() -> AbstractContextManager[Any]:
    """Standard output is for results: what Ray says there, of workers that died, goes to standard error."""
    return redirect_stdout(sys.stderr)


def _warn(message: str) -> None:
    print(f"logdepth: {message}", file=sys.stderr)


def _lasting(problem: str) -> str:
    """The problem's name for a later `resume`, which may be called from elsewhere."""
    from pathlib import Path

    from logdepth.user_file import in_file

    own = in_file(problem)
    return f"{Path(own[0]).absolute()}:{own[1]}" if own else problem


def _run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from logdepth.jobs import Job, find_problem, run_job
    from logdepth.jobs.job import lasting_source
    from logdepth.jobs.quantities import WORD_BYTES, parse_memory

    problem = find_problem(args.problem, settings_of(args))
    option = problem.input.option
    other = "input" if option == "graph" else "graph"
    source = getattr(args, option)
    if source is None or getattr(args, other) is not None:
        raise InputError(f"{problem.name} reads --{option} FILE" + (f", not --{other}" if getattr(args, other) else ""))
    _check_output(args)
    engine = _engine(args)
    memory = None if args.memory is None else parse_memory(args.memory)
    if memory is not None and memory.in_bytes:
        _warn(f"--memory {args.memory} is {memory.words():,} words of {WORD_BYTES} bytes")
    job = Job(
        problem=_lasting(args.problem) if args.checkpoint else args.problem,
        source=lasting_source(source) if args.checkpoint else source,
        delta=args.delta,
        gamma=args.gamma,
        machines=args.machines,
        memory=None if memory is None else memory.words(),
        strict=args.limits == "strict",
        format=args.format,
        vertices=args.vertices,
        unweighted=args.unweighted,
        k=args.k,
        power=args.power,
        symbols=args.symbols,
        alphabet=args.alphabet,
        parameters=tuple(args.set),
        header=args.header,
        headers=args.headers,
        ids=args.ids,
    )
    with _results_only(), _watched(args, problem.name, source) as report:
        finished = run_job(
            job,
            engine,
            checkpoint=Path(args.checkpoint) if args.checkpoint else None,
            every=args.checkpoint_every,
            warn=_warn,
            progress=report,
            wanted=_wanted(args),
        )
    return _show(args, finished)


def _resume(args: argparse.Namespace) -> int:
    from pathlib import Path

    from logdepth.jobs import resume_job

    _check_output(args)
    with _results_only(), _watched(args, "resume", args.folder) as report:
        finished = resume_job(
            Path(args.folder),
            _engine(args),
            source=args.source,
            every=args.checkpoint_every,
            warn=_warn,
            progress=report,
            wanted=_wanted(args),
        )
    return _show(args, finished)


def _write(out: str, table: dict[str, Any]) -> None:
    """Write the result. Where that fails it goes to a new folder elsewhere, which the error then names."""
    import tempfile
    from pathlib import Path

    from logdepth.errors import WriteError
    from logdepth.graphs import write_table

    try:
        write_table(out, table)
        return
    except WriteError as failed:
        error = failed
    for place in (tempfile.gettempdir(), ".", Path.home()):
        try:
            folder = Path(tempfile.mkdtemp(prefix="logdepth-result-", dir=place)).absolute()
        except OSError:
            continue
        try:
            write_table(folder / Path(out).name, table)
        except InputError:
            folder.rmdir()
            continue
        raise InputError(f"{error}; the result is in {folder / Path(out).name}") from error
    raise InputError(f"{error}; nor anywhere else: the result is lost") from error


def _show(args: argparse.Namespace, finished: Any) -> int:
    ledger = finished.run.ledger
    folder = _out_folder(args)
    table = {} if not args.out else dict.fromkeys(finished.problem.columns) if folder else finished.table()
    if args.out and not folder:
        _write(args.out, table)
    if args.plot:
        from logdepth.report.ledger import draw_ledger

        draw_ledger(args.plot, ledger, f"{finished.problem.name} on {finished.job.source.rsplit('/', 1)[-1]}")
    facts = finished.facts()
    if args.json:
        print_json({"problem": finished.problem.name, "result": facts, "out": args.out, **ledger.to_json()})
        return 0
    from logdepth.report.ledger import print_ledger, print_short

    if args.ledger or args.rounds:
        print_ledger(ledger, every_round=args.rounds)
    else:
        print_short(ledger)
    for name, value in facts.items():
        shown = f"{value:,}" if type(value) is int else {True: "yes", False: "no"}.get(value, value)
        print(f"result    {name.replace('_', ' ')}: {shown}")
    if args.out:
        print(f"written   {args.out}: {', '.join(table)}")
    return 0
