"""Commands `compile`, `verify` and `predict`."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from logdepth.cli.shared import add_json, print_json, progress
from logdepth.errors import InputError
from logdepth.user_program import find_program, parse_parameters, program_of_task, tasks_with_programs, text_of

if TYPE_CHECKING:
    from logdepth.tasks.chains import ChainTask


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "compile",
        help="compile a program into a stock GPT-2 or BERT",
        description="Compile a program, exactly, into a stock GPT-2, or BERT.",
    )
    add_program(parser)
    parser.add_argument("--dtype", default="float32", help="float32 (default), float64 or bfloat16")
    parser.add_argument("--out", metavar="DIR", help="where to write the model (without it: only report)")
    parser.add_argument("--force", action="store_true", help="replace DIR if it holds a compiled model")
    add_json(parser)
    parser.set_defaults(run=_compile)

    parser = commands.add_parser(
        "verify",
        help="check a compiled model against its program",
        description="Compile a folder's graph again and compare every file, then run the stock model against the "
        "program. Exit status 1 if anything is wrong, changed, or outside the certificate.",
    )
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--samples", type=int, help="sequences (default 1000, fewer where they are long)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cpu, cuda, ... (default: cuda if there is one)")
    parser.add_argument("--dtype", help="load it in another dtype; the certificate does not cover that")
    add_json(parser)
    parser.set_defaults(run=_verify)

    parser = commands.add_parser(
        "predict",
        help="run a compiled model on sequences, or on a graph",
        description="Run a compiled model on your sequences: lines of text, FASTA, or a .npy array of token ids; or on "
        "a graph, if it is a model of graphs: any file that `logdepth run` reads. A model that thinks is asked for the "
        "last position of every text, and its chain is generated.",
    )
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--input", metavar="FILE", help="a file, or - for standard input (default)")
    add_graph(parser)
    parser.add_argument("--at", metavar="I", help="of a model that thinks: the position asked for, from 1, or all")
    parser.add_argument("--vertex", metavar="U", help="of a model that thinks, on a graph: the vertex asked for")
    parser.add_argument("--goal", metavar="W", help="of reachability-cot, on a graph: the vertex to come to")
    parser.add_argument("--no-cache", action="store_true", help="of a model that thinks: without the key-value cache")
    parser.add_argument("--out", metavar="FILE", help="of a graph: the answers' table, .csv, .tsv, .parquet or .npz")
    parser.add_argument("--force", action="store_true", help="replace FILE")
    add_header(parser)
    parser.add_argument("--device", help="cpu, cuda, ... (default: cuda if there is one)")
    add_json(parser)
    parser.set_defaults(run=_predict)


def add_graph(parser: argparse.ArgumentParser) -> None:
    """The options that name a graph's file."""
    parser.add_argument("--graph", metavar="FILE", help="a graph: edge list, CSV, Matrix Market, METIS, .npy, Parquet")
    parser.add_argument("--format", help="the graph file's format, if its name does not say")


def add_header(parser: argparse.ArgumentParser) -> None:
    """The option that says the header, for models that take one."""
    parser.add_argument(
        *("--header", "--k"), dest="header", type=int, metavar="H", help="the header (k), for models that take one"
    )


def add_program(parser: argparse.ArgumentParser, *, of_input: bool = False) -> None:
    """The options that name a program and its sizes. of_input: an input may say the sizes, the program the target."""
    parser.add_argument(
        "program", metavar="PROGRAM", help="a task (khop, sort, s5; `logdepth list`), or FILE.py:program"
    )
    also = " (default: the input's)" if of_input else ""
    parser.add_argument("--length", type=int, help=f"the longest sequence, in symbols{also}")
    parser.add_argument("--vertices", type=int, metavar="V", help="of a graph: the most vertices")
    parser.add_argument("--edges", type=int, metavar="E", help="of a graph: the most edges")
    parser.add_argument(
        "--diameter", type=int, metavar="D", help="of a graph: no two connected vertices are further apart (squaring)"
    )
    parser.add_argument("--alphabet", type=int, help="how many symbols (default 4)")
    parser.add_argument("--symbols", help="the symbols themselves, one character each, such as ACGT")
    parser.add_argument("--k", type=int, help="of a task: what is asked (khop: hops)")
    parser.add_argument("--max-k", type=int, help="one model for every k in 0..MAX_K, which the header says")
    parser.add_argument(
        "--construction", help="of a task's program (khop: rank, the default, or doubling; `logdepth list`)"
    )
    parser.add_argument(
        *("--set", "-s"),
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the program",
    )
    parser.add_argument(
        "--set-file",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="a parameter that is the text of a file: a group's table, an automaton",
    )
    parser.add_argument(
        "--target",
        metavar="NAME",
        help="gpt2, or bert for bidirectional ones" + ("" if of_input else " (default: the program's)"),
    )
    parser.add_argument("--headers", type=int, default=0, help="how many headers, for programs with a Header")


def program_from(args: argparse.Namespace) -> dict[str, Any]:
    """The program that the options describe, its sizes and parameters: arguments of `compile`."""
    from logdepth.programs import find_stated
    from logdepth.tasks.registry import CHAIN_TASKS, GRAPH_TASKS, SHORT, TASKS, graph_task

    if args.program in CHAIN_TASKS:
        return _chain_program(args, CHAIN_TASKS[args.program])
    name, headers, said = args.program, args.headers, {}
    for option, value in (("k", args.k), ("max-k", args.max_k)):
        if value is not None and value < 0:
            raise InputError(f"--{option} is {value}; it must be at least 0")
        if value is not None and name in GRAPH_TASKS:
            raise InputError(f"{name} takes no --{option}")
    if name in TASKS:
        if (args.k is None) == (args.max_k is None):
            raise InputError(f"{name}: give either --k or --max-k")
        name = program_of_task(TASKS[name], args.construction, headers=args.max_k is not None)
    elif name in (*GRAPH_TASKS, *SHORT):
        name = program_of_task(graph_task(name), args.construction, headers=False)
    elif args.construction is not None:
        raise InputError(f"--construction goes with a task: {', '.join(tasks_with_programs())}")
    stated = None if name in (*TASKS, *GRAPH_TASKS) else find_stated(name)
    if stated is not None:
        program, said = stated[0].program_for(args.target), stated[1]
    else:
        program = find_program(name)
    parameters = parameters_from(args, program, said)
    sizes = (("vertices", "vertices", args.vertices), ("edges", "edges", args.edges))
    promise = ("diameter", "diameter", args.diameter)
    for option, parameter, value in (("k", "k", args.k), ("max-k", "max_k", args.max_k), *sizes, promise):
        if option == "diameter" and value is not None and parameter not in program.parameters:
            raise InputError(f"{program.name} makes no use of --diameter; `--construction squaring` of a task does")
        if program.graph and option in ("vertices", "edges") and value is None and parameter not in parameters:
            raise InputError(f"{args.program} reads a graph; give --vertices V and --edges E, its largest sizes")
        if value is not None and parameter in parameters:
            raise InputError(f"--{option} {value} and --set {parameter}={parameters[parameter]}: give one of them")
        if value is not None:
            parameters[parameter] = value
    if args.max_k is not None:
        if headers not in (0, args.max_k + 1):
            raise InputError(f"--max-k {args.max_k} has {args.max_k + 1} headers, not {headers}")
        headers = args.max_k + 1
    if args.alphabet is not None and args.symbols is not None and args.alphabet != len(args.symbols):
        raise InputError(f"--alphabet {args.alphabet} and --symbols with {len(args.symbols)} symbols do not agree")
    alphabet = args.symbols if args.symbols is not None else args.alphabet
    if not program.graph:
        if alphabet is None and program.alphabet is None:
            alphabet = 4
        if args.symbols is not None and "symbols" in program.parameters:
            parameters["symbols"], alphabet = args.symbols, None
        if args.length is None:
            raise InputError("give --length N, the longest sequence, in symbols")
    for reserved in ("length", "alphabet", "header_size", "dtype", "target", "program"):
        if reserved in parameters:
            raise InputError(f"--set {reserved}=..: no parameter may be called {reserved}, which compile takes itself")
    return {"program": program, "length": args.length, "alphabet": alphabet, "header_size": headers, **parameters}


def _chain_program(args: argparse.Namespace, task: type[ChainTask]) -> dict[str, Any]:
    """The program of a task for chains of thought."""
    if args.k is not None:
        raise InputError(f"{task.name} does every k up to --max-k; say which one to `logdepth predict` (--k)")
    if args.headers or args.edges is not None or args.set:
        raise InputError(f"{task.name} takes no --headers, --edges or --set")
    for option, value, least in (("max-k", args.max_k, 0), ("vertices", args.vertices, 1), ("length", args.length, 1)):
        if value is not None and value < least:
            raise InputError(f"--{option} is {value}; it must be at least {least}")
    letters = len(args.symbols) if args.symbols is not None else args.alphabet
    if task.of_arcs and args.vertices is not None:
        if letters not in (None, args.vertices):
            raise InputError(f"{args.vertices} vertices are as many letters, not {letters}")
        letters = args.vertices
    elif args.vertices is not None:
        raise InputError(f"{task.name} takes no --vertices; give --length N and --alphabet A")
    if args.alphabet is not None and letters != args.alphabet:
        raise InputError(f"--alphabet {args.alphabet} and --symbols with {letters} symbols do not agree")
    length, letters, steps = task.sizes(args.length, letters, args.max_k)
    names = [str(vertex) for vertex in range(max(letters, 0))] if task.of_arcs else letters
    program = find_program(program_of_task(task, args.construction, headers=True))
    alphabet = args.symbols if args.symbols is not None else names
    return {"program": program, "length": length, "alphabet": alphabet, "steps": steps}


def parameters_from(args: argparse.Namespace, program: Any, said: dict[str, Any]) -> dict[str, Any]:
    """The parameters of `--set` and `--set-file`, and those that the name says."""
    found = parse_parameters(args.set, program)
    for pair in args.set_file:
        name, equals, file = pair.partition("=")
        if not equals or not name:
            raise InputError(f"--set-file {pair}: write NAME=FILE")
        if name in found:
            raise InputError(f"--set-file {pair}: {name} is given twice")
        found[name] = text_of(file)
    for name, value in said.items():
        if name in found:
            raise InputError(f"{args.program} says {name}={value}: leave out --set {name}=..")
    return {**said, **found}


def compiled_from(args: argparse.Namespace) -> Any:
    """The compiled model that the options describe."""
    from logdepth.compiled.model import compile

    asked = program_from(args)
    target = args.target or ("gpt2" if asked["program"].causal else "bert")
    with redirect_stdout(sys.stderr):  # what a program prints while it is traced; standard output is the answer
        return compile(**asked, dtype=getattr(args, "dtype", "float32"), target=target)


def _compile(args: argparse.Namespace) -> int:
    import time
    from pathlib import Path

    from logdepth.compiled.contents import describe
    from logdepth.compiled.folder import weights_entry
    from logdepth.summary import in_short

    if args.out:  # find out now, not after the work
        from logdepth.files import check_new_folder

        check_new_folder(Path(args.out), force=args.force)
    began = time.perf_counter()
    model = compiled_from(args)
    if args.out:
        model.save(args.out, force=args.force)
    seconds = time.perf_counter() - began
    warnings = model.costs.warnings
    description = describe(model, weights_entry(Path(args.out)) if args.out else None)
    if args.json:
        del description["graph"], description["layout"]
        print_json({**description, "out": args.out, "seconds": seconds, "warnings": list(warnings)})
        return 0
    sizes, program = description["sizes"], description["program"]
    parameters = ", ".join(f"{name} = {in_short(value)}" for name, value in program["parameters"].items())
    bounds = [bound for layer in model.certificate.heads for bound in layer]
    matches = [bound for bound in bounds if not bound.counts]
    unions = [bound for bound in bounds if bound.unites]
    counts = [bound for bound in bounds if bound.counts and not bound.unites]
    print(f"program      {program['name']}{f' ({parameters})' if parameters else ''}")
    print(f"domain       {description['domain']['statement']}")
    print(f"depth        {model.depth} layers")
    print(
        f"size         {sizes['parameters']:,} parameters: width {sizes['width']}, {sizes['heads']} heads, "
        f"{sizes['hidden']} hidden units"
    )
    certificate = model.certificate
    print(f"certificate  exact in {certificate.dtype} for every input; least logit margin {certificate.margin:.6f}")
    if matches:
        worst, leak = max(bound.error for bound in matches), max(bound.leak for bound in matches)
        print(f"             look-ups: rounding takes at most {worst:.2g} of the gap, leak at most {leak:.1g}")
    if counts:
        worst = max(bound.error for bound in counts)
        print(f"             counts: at most {worst:.2g} off, where 0.5 would be wrong")
    if unions:
        worst = max(bound.error for bound in unions)
        print(f"             unions: rounding takes at most {worst:.2g} of the least average of a bit that is there")
    print(
        f"written      {args.out}" if args.out else "written      nothing (give --out DIR)",
        f" ({seconds:.2f} s)",
    )
    for text in warnings:
        print(f"warning      {text}", file=sys.stderr)
    return 0


def _verify(args: argparse.Namespace) -> int:
    from logdepth.compiled.verify import verify

    with progress("verifying") as report:
        options = {"samples": args.samples, "seed": args.seed, "device": args.device, "dtype": args.dtype}
        result = verify(args.folder, **options, progress=report)
    if args.json:
        print_json(result.as_dict())
    else:
        print(result)
    return 0 if result.ok else 1


def _predict(args: argparse.Namespace) -> int:
    from logdepth.compiled.folder import read_folder
    from logdepth.compiled.predict import predict
    from logdepth.sequences import read_input

    found = read_folder(args.folder)
    if found.graph.setting.chain is not None:
        from logdepth.cli.thinking import predict_chains_of

        return predict_chains_of(args, found)
    for option in ("at", "vertex", "goal", "no_cache"):
        if getattr(args, option):
            raise InputError(f"--{option.replace('_', '-')} is for models that think; {args.folder} is none")
    if args.graph is not None:
        return _predict_graph(args, found)
    if args.out is not None:
        raise InputError("--out is for --graph; answers on sequences go to standard output")
    records, _ = read_input("-" if args.input is None else args.input, found.alphabet, found.vocabulary)
    with progress("predicting") as report:
        answers = predict(found, records, header=args.header, device=args.device, progress=report)
    print_answers(answers, args.json)
    return 0


def _predict_graph(args: argparse.Namespace, found: Any) -> int:
    from pathlib import Path

    from logdepth.compiled.graphs import predict_graph
    from logdepth.graphs.write import check_table_path, write_table

    if args.input is not None or args.header is not None:
        raise InputError("--graph goes without --input and --header")
    if args.out is not None:
        check_table_path(args.out)
        if Path(args.out).exists() and not args.force:
            raise InputError(f"{args.out} exists already; give --force to replace it")
    columns = predict_graph(found, args.graph, format=args.format, device=args.device)
    if args.out is not None:
        write_table(args.out, columns)
    if args.json:
        print_json({name: values.tolist() for name, values in columns.items()})
    elif args.out is None:
        print_columns(columns)
    return 0


def print_columns(columns: dict[str, Any]) -> None:
    """A table of arrays, tabs between its columns."""
    print("\t".join(columns))
    for row in zip(*(values.tolist() for values in columns.values()), strict=True):
        print("\t".join(map(str, row)))


def print_answers(answers: list[Any], as_json: bool) -> None:
    """Answers as JSON, or a line each; FASTA in, FASTA out."""
    if as_json:
        print_json([answer.as_dict() for answer in answers])
        return
    for answer in answers:
        if not answer.name.startswith(("line ", "row ")):
            print(f">{answer.name}")
        print(answer.text)
