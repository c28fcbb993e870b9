"""Command `run-exact`: the exact transformer itself on a file, a million tokens by hash attention."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from logdepth.cli.compiling import add_graph, print_answers, program_from
from logdepth.cli.shared import add_json, print_json, progress
from logdepth.errors import InputError


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "run-exact",
        help="run a program's exact transformer on a file, however long",
        description="Run the exact transformer of a compiled model, or of a program that is compiled here for the "
        "input's own size, on your sequences or graph. It is the exact object, so nothing needs to be certified; hash "
        "attention takes near-linear time and gives what hard attention gives. The interpreter is asked, too, and "
        "the answers compared.",
    )
    parser.add_argument(
        "program", metavar="DIR|PROGRAM", help="a compiled model, a task, a program, or FILE.py:program"
    )
    parser.add_argument(
        "--input", metavar="FILE", help="sequences: text, FASTA or .npy; - for standard input (default)"
    )
    add_graph(parser)
    parser.add_argument(
        "--attention", choices=["hash", "hard", "soft"], default="hash", help="hash (default); hard and soft: all pairs"
    )
    parser.add_argument(
        "--length",
        type=int,
        help="compile for sequences up to so many symbols (default: a folder's own length; of a program the input's)",
    )
    parser.add_argument("--no-check", action="store_true", help="do not compare the answers with the interpreter's")
    parser.add_argument("--k", type=int, help="of a program: what is asked (khop: hops); of a folder: the header")
    parser.add_argument("--header", type=int, metavar="H", help="the header, for models that take one")
    parser.add_argument("--max-k", type=int, help="of a program: for every k in 0..MAX_K, which the header says")
    parser.add_argument("--construction", help="of a task's program (khop: rank, the default, or doubling)")
    parser.add_argument("--alphabet", type=int, help="of a program: how many symbols, for a .npy file")
    parser.add_argument("--symbols", help="of a program: the symbols (default: the characters that occur)")
    parser.add_argument(
        "--set", "-s", action="append", default=[], metavar="NAME=VALUE", help="a parameter of a program"
    )
    parser.add_argument(
        "--set-file", action="append", default=[], metavar="NAME=FILE", help="a parameter that is the text of a file"
    )
    parser.add_argument("--headers", type=int, default=0, help="of a program with a Header: how many")
    parser.add_argument(
        "--out", metavar="FILE", help="the answers: .npy or text; of a graph .csv, .tsv, .parquet, .npz"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE")
    add_json(parser)
    parser.set_defaults(run=_run, vertices=None, edges=None, diameter=None, target=None)


def _run(args: argparse.Namespace) -> int:
    if args.length is not None and args.length < 1:
        raise InputError(f"--length is {args.length}; it must be at least 1")
    if args.out is not None and Path(args.out).exists() and not args.force:
        raise InputError(f"{args.out} exists already; give --force to replace it")
    return _run_sequences(args) if args.graph is None else _run_graph(args)


def _run_sequences(args: argparse.Namespace) -> int:
    from logdepth.compiled.run_exact import run_exact

    model, records = _opened(args)
    if model.graph.setting.graph is not None:
        raise InputError(f"{model.graph.name} reads a graph; give --graph FILE")
    if args.out is not None and Path(args.out).suffix == ".npy" and len({len(each.symbols) for each in records}) > 1:
        raise InputError(f"{args.out}: sequences of different lengths are no array; write text instead")
    header = args.header if args.header is not None or not Path(args.program).is_dir() else args.k
    with progress("running") as report:
        options = {"attention": args.attention, "check": not args.no_check, "progress": report}
        answers, account = run_exact(model, records, header=header, **options)
    if account.wrong:
        return _report(args, account)
    if args.out is not None:
        _write(args, answers)
    elif not args.json:
        print_answers(answers, as_json=False)
    return _report(args, account, None if args.out else [answer.as_dict() for answer in answers])


def _run_graph(args: argparse.Namespace) -> int:
    from logdepth.compiled.run_exact import run_exact_graph
    from logdepth.graphs.write import check_table_path, write_table

    if args.input is not None or args.header is not None or args.length is not None:
        raise InputError("--graph goes without --input, --header and --length")
    if args.out is not None:
        check_table_path(args.out)
    model, graph = _opened_graph(args)
    with progress("running") as report:
        options = {"attention": args.attention, "check": not args.no_check, "progress": report}
        columns, account = run_exact_graph(model, graph, **options)
    if account.wrong:
        return _report(args, account)
    if args.out is not None:
        write_table(args.out, columns)
    elif not args.json:
        print("\t".join(columns))
        for row in zip(*(values.tolist() for values in columns.values()), strict=True):
            print("\t".join(map(str, row)))
    return _report(args, account, None if args.out else {name: values.tolist() for name, values in columns.items()})


def _opened(args: argparse.Namespace) -> tuple[Any, list[Any]]:
    """The model, and the input's records."""
    from logdepth.compiled.folder import read_folder
    from logdepth.compiled.run_exact import ExactModel
    from logdepth.sequences import Alphabet, read_input
    from logdepth.vocabulary import Vocabulary

    source = "-" if args.input is None else args.input
    if Path(args.program).is_dir():
        folder = read_folder(args.program)
        if folder.graph.setting.graph is not None:
            raise InputError(f"{args.program} is a model of graphs; give --graph FILE")
        records, _ = read_input(source, folder.alphabet, folder.vocabulary)
        return ExactModel.of_folder(folder, args.length), records
    asked = program_from(argparse.Namespace(**{**vars(args), "length": 1}))
    program, headers = asked.pop("program"), asked.pop("header_size")
    if program.graph:
        raise InputError(f"{args.program} reads a graph; give --graph FILE")
    del asked["length"]
    own = program.own_symbols({name: value for name, value in asked.items() if name != "alphabet"})
    given = own or (args.symbols if args.symbols is not None else args.alphabet)
    alphabet = None if given is None else Alphabet.of(given)
    vocabulary = None if alphabet is None else Vocabulary(alphabet.size, headers)
    records, alphabet = read_input(source, alphabet, vocabulary)
    del asked["alphabet"]
    with redirect_stdout(sys.stderr):  # what a program prints while it is traced
        return ExactModel.of_program(program, records, alphabet, headers, args.length, **asked), records


def _opened_graph(args: argparse.Namespace) -> tuple[Any, Any]:
    """The model, and the input's graph."""
    from logdepth.compiled.folder import read_folder
    from logdepth.compiled.graphs import graph_task
    from logdepth.compiled.run_exact import ExactModel
    from logdepth.graphs import read_graph
    from logdepth.graphs.tokens import GraphTokens
    from logdepth.tasks.registry import GRAPH_TASKS, SHORT
    from logdepth.tasks.registry import graph_task as task_named
    from logdepth.user_program import find_program, parse_parameters, program_of_task

    if Path(args.program).is_dir():
        folder = read_folder(args.program)
        task = graph_task(folder)
        graph = read_graph(args.graph, format=args.format, weighted=task is not None and task.weighted)
        return ExactModel.of_folder(folder), graph
    kind = task_named(args.program) if args.program in (*GRAPH_TASKS, *SHORT) else None
    if kind is None and args.construction is not None:
        raise InputError(f"--construction goes with a task about graphs: {', '.join(GRAPH_TASKS)}")
    name = args.program if kind is None else program_of_task(kind, args.construction, headers=False)
    program = find_program(name)
    if not program.graph:
        raise InputError(f"{args.program} reads sequences; give --input FILE")
    graph = read_graph(args.graph, format=args.format, weighted=kind is not None and kind.weighted)
    ids = GraphTokens(max(1, graph.num_vertices), graph.num_edges)
    task = None if kind is None else kind(ids.vertices, ids.edges)
    with redirect_stdout(sys.stderr):
        return ExactModel.of_graph(program, ids, task, **parse_parameters(args.set, program)), graph


def _write(args: argparse.Namespace, answers: list[Any]) -> None:
    """Answers as `.npy`, (sequences, n), or as they would have been printed."""
    import io

    import numpy as np

    from logdepth.files import new_file, write_text_atomically

    if Path(args.out).suffix == ".npy":
        with new_file(Path(args.out), force=args.force) as temporary, temporary.open("wb") as file:
            np.save(file, np.array([answer.words for answer in answers]))
        return
    text = io.StringIO()
    with redirect_stdout(text):
        print_answers(answers, as_json=False)
    write_text_atomically(Path(args.out), text.getvalue())


def _report(args: argparse.Namespace, account: Any, answers: Any = None) -> int:
    """The account on standard output, or on standard error where the answers stand there. Status 1 where answers are
    not the interpreter's: they are not given then."""
    from dataclasses import asdict

    peak = _peak_memory()
    if args.json:
        print_json({**asdict(account), "peak_bytes": peak, "out": args.out, "answers": answers})
        return 1 if account.wrong else 0
    out = sys.stdout if answers is None else sys.stderr
    size = f"{account.depth} layers, {account.heads} heads, {account.embed_dim} coordinates"
    memory = "" if peak is None else f", peak memory {peak / 2**30:.2f} GiB"
    print(f"program      {account.program}: {size}", file=out)
    print(f"run          {account.attention} attention on {account.tokens:,} tokens", file=out)
    print(f"seconds      {account.seconds:.2f} (compiling and checking not counted){memory}", file=out)
    if account.wrong is None:
        print(f"checked      no: {account.unchecked}", file=out)
    elif account.wrong:
        print(
            f"checked      WRONG: {account.wrong:,} answers are not the interpreter's; none is given", file=sys.stderr
        )
        return 1
    else:
        print("checked      equal to the interpreter at every position", file=out)
    if args.out is not None:
        print(f"written      {args.out}", file=out)
    return 0


def _peak_memory() -> int | None:
    """The most bytes that this process ever held; None where the system does not say (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
