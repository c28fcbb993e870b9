"""Command `run-exact`: the exact transformer itself on a file, a million tokens by hash attention."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from logdepth.cli.compiling import print_answers, program_from
from logdepth.cli.shared import add_json, print_json, progress
from logdepth.errors import InputError


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "run-exact",
        help="run a program's exact transformer on a file, however long",
        description="Run the exact transformer of a compiled model, or of a program that is compiled here for the "
        "input's own size, on your sequences or graph. It is the exact object, so nothing needs to be certified; hash "
        "attention takes near-linear time and gives what hard attention gives.",
    )
    parser.add_argument(
        "program", metavar="DIR|PROGRAM", help="a compiled model, a task, a program, or FILE.py:program"
    )
    parser.add_argument(
        "--input", metavar="FILE", help="sequences: text, FASTA or .npy; - for standard input (default)"
    )
    parser.add_argument("--graph", metavar="FILE", help="a graph: edge list, CSV, Matrix Market, METIS, .npy, Parquet")
    parser.add_argument("--format", help="the graph file's format, if its name does not say")
    parser.add_argument(
        "--attention", choices=["hash", "hard", "soft"], default="hash", help="hash (default); hard and soft: all pairs"
    )
    parser.add_argument("--k", type=int, help="of a program: what is asked (khop: hops); of a folder: the header")
    parser.add_argument("--header", type=int, metavar="H", help="the header, for models that take one")
    parser.add_argument("--max-k", type=int, help="of a program: for every k in 0..MAX_K, which the header says")
    parser.add_argument("--construction", help="of a task's program (khop: rank, the default, or doubling)")
    parser.add_argument("--alphabet", type=int, help="of a program: how many symbols, for a .npy file")
    parser.add_argument("--symbols", help="of a program: the symbols (default: the characters that occur)")
    parser.add_argument(
        "--set", "-s", action="append", default=[], metavar="NAME=VALUE", help="a parameter of a program"
    )
    parser.add_argument("--headers", type=int, default=0, help="of a program with a Header: how many")
    parser.add_argument(
        "--out", metavar="FILE", help="the answers: .npy or text; of a graph .csv, .tsv, .parquet, .npz"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE")
    add_json(parser)
    parser.set_defaults(run=_run, length=None, vertices=None, edges=None)


def _run(args: argparse.Namespace) -> int:
    if args.graph is not None:
        return _run_graph(args)
    import time

    from logdepth.compiled.run_exact import run_exact

    _check_out(args)
    began = time.perf_counter()
    model, records = _opened(args)
    if model.graph.setting.graph is not None:
        raise InputError(f"{model.graph.name} reads a graph; give --graph FILE")
    header = args.header if args.header is not None or not Path(args.program).is_dir() else args.k
    with progress("running") as report:
        answers = run_exact(model, records, header=header, attention=args.attention, progress=report)
    if args.out is None:
        print_answers(answers, args.json)
        return 0
    _write(args, answers)
    tokens = sum(len(record.symbols) + 1 for record in records)
    _report(args, model, tokens, time.perf_counter() - began)
    return 0


def _run_graph(args: argparse.Namespace) -> int:
    import time

    from logdepth.compiled.run_exact import run_exact_graph
    from logdepth.graphs.write import check_table_path, write_table

    if args.input is not None or args.header is not None:
        raise InputError("--graph goes without --input and --header")
    if args.out is not None:
        check_table_path(args.out)
    _check_out(args)
    began = time.perf_counter()
    model, graph = _opened_graph(args)
    with progress("running") as report:
        columns = run_exact_graph(model, graph, attention=args.attention, progress=report)
    if args.out is not None:
        write_table(args.out, columns)
        _report(args, model, model.graph.setting.length + 1, time.perf_counter() - began)
    elif args.json:
        print_json({name: values.tolist() for name, values in columns.items()})
    else:
        print("\t".join(columns))
        for row in zip(*(values.tolist() for values in columns.values()), strict=True):
            print("\t".join(map(str, row)))
    return 0


def _opened(args: argparse.Namespace) -> tuple[Any, list[Any]]:
    """The model, and the input's records."""
    from logdepth.compiled.folder import read_folder
    from logdepth.compiled.run_exact import ExactModel
    from logdepth.sequences import Alphabet, read_input
    from logdepth.vocabulary import Vocabulary

    source = "-" if args.input is None else args.input
    if Path(args.program).is_dir():
        folder = read_folder(args.program)
        records, _ = read_input(source, folder.alphabet, folder.vocabulary)
        return ExactModel.of_folder(folder), records
    asked = program_from(argparse.Namespace(**{**vars(args), "length": 1}))
    program, headers = asked.pop("program"), asked.pop("header_size")
    if program.graph:
        raise InputError(f"{args.program} reads a graph; give --graph FILE")
    given = args.symbols if args.symbols is not None else args.alphabet
    alphabet = None if given is None else Alphabet.of(given)
    vocabulary = None if alphabet is None else Vocabulary(alphabet.size, headers)
    records, alphabet = read_input(source, alphabet, vocabulary)
    del asked["length"], asked["alphabet"]
    with redirect_stdout(sys.stderr):  # what a program prints while it is traced
        return ExactModel.of_program(program, records, alphabet, headers, **asked), records


def _opened_graph(args: argparse.Namespace) -> tuple[Any, Any]:
    """The model, and the input's graph."""
    from logdepth.compiled.folder import read_folder
    from logdepth.compiled.graphs import graph_task
    from logdepth.compiled.run_exact import ExactModel
    from logdepth.graphs import read_graph
    from logdepth.tasks.registry import GRAPH_TASKS
    from logdepth.user_program import find_program, program_of_task

    if Path(args.program).is_dir():
        folder = read_folder(args.program)
        task = graph_task(folder)
        graph = read_graph(args.graph, format=args.format, weighted=task is not None and task.weighted)
        return ExactModel.of_folder(folder), graph
    if args.program not in GRAPH_TASKS:
        raise InputError(f"{args.program} is no task about graphs; there are {', '.join(GRAPH_TASKS)}")
    kind = GRAPH_TASKS[args.program]
    program = find_program(program_of_task(kind, args.construction, headers=False))
    graph = read_graph(args.graph, format=args.format, weighted=kind.weighted)
    return ExactModel.of_graph(program, kind(max(1, graph.num_vertices), graph.num_edges)), graph


def _check_out(args: argparse.Namespace) -> None:
    if args.out is not None and Path(args.out).exists() and not args.force:
        raise InputError(f"{args.out} exists already; give --force to replace it")


def _write(args: argparse.Namespace, answers: list[Any]) -> None:
    """Answers as `.npy`, (sequences, n), or as they would have been printed."""
    import contextlib
    import io

    import numpy as np

    from logdepth.files import new_file, write_text_atomically

    if Path(args.out).suffix != ".npy":
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            print_answers(answers, args.json)
        write_text_atomically(Path(args.out), text.getvalue())
        return
    if len({len(answer.words) for answer in answers}) > 1:
        raise InputError(f"{args.out}: sequences of different lengths are no array; write text instead")
    with new_file(Path(args.out), force=args.force) as temporary, temporary.open("wb") as file:
        np.save(file, np.array([answer.words for answer in answers]))


def _report(args: argparse.Namespace, model: Any, tokens: int, seconds: float) -> None:
    heads = sum(len(layer.heads) for layer in model.transformer.layers)
    facts = {
        "program": model.graph.name,
        "depth": model.transformer.depth,
        "heads": heads,
        "embed_dim": model.transformer.embed_dim,
        "attention": args.attention,
        "tokens": tokens,
        "seconds": round(seconds, 3),
        "out": args.out,
    }
    if args.json:
        print_json(facts)
        return
    print(f"program      {facts['program']}: {facts['depth']} layers, {heads} heads, {facts['embed_dim']} coordinates")
    print(f"attention    {args.attention}, on {tokens:,} tokens, exact: float64 runs it without rounding")
    print(f"written      {args.out} ({seconds:.2f} s)")
