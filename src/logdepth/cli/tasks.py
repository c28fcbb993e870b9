"""Commands `show`, `solve` and `sample`: a task by itself, no model."""

from __future__ import annotations

import argparse
from typing import Any

from logdepth.cli import graph_tasks
from logdepth.cli.compiling import add_graph
from logdepth.cli.shared import add_json, print_json, progress
from logdepth.cli.stated import add_parameters, sample, show, solve
from logdepth.errors import InputError


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "show", help="show a task's instance, aligned", description="Tokens, pointers, answers."
    )
    _add_task(parser)
    parser.add_argument("--text", help="the sequence; every distinct character is a symbol")
    parser.add_argument("--k", type=int, help="hops")
    add_parameters(parser)
    add_graph(parser)
    add_json(parser)
    parser.set_defaults(run=_show)

    parser = commands.add_parser("solve", help="the reference solver", description="Solve a task without a model.")
    _add_task(parser)
    parser.add_argument("--k", type=int, help="hops")
    add_parameters(parser)
    parser.add_argument("--input", metavar="FILE", default="-", help="a file, or - for standard input (default)")
    add_graph(parser)
    parser.add_argument("--symbols", help="the symbols (default: the characters that occur)")
    parser.add_argument("--alphabet", type=int, help="how many symbols, for a .npy file")
    add_json(parser)
    parser.set_defaults(run=_solve)

    parser = commands.add_parser(
        "sample", help="make random instances", description="Random instances with labels, as .npz."
    )
    _add_task(parser)
    parser.add_argument("--length", type=int, required=True, help="symbols a string")
    parser.add_argument("--alphabet", type=int, help="how many symbols")
    add_parameters(parser)
    parser.add_argument("--k", type=int, help="hops, the same for all")
    parser.add_argument("--max-k", type=int, help="hops uniform in 0..MAX_K")
    parser.add_argument("--count", type=int, default=1000, help="how many strings (default 1000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first string in the stream")
    parser.add_argument("--repeats", action="store_true", help="allow adjacent repeats (khop; the paper: no)")
    parser.add_argument(
        "--planted", action="store_true", help="answers lie far (khop: the last position has all its k hops)"
    )
    parser.add_argument("--labels", choices=["all", "last"], default="all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True, metavar="FILE.npz")
    parser.add_argument("--force", action="store_true", help="replace FILE")
    add_json(parser)
    parser.set_defaults(run=_sample)


def _add_task(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="khop, pointer-chasing, sort, s5, .. (`logdepth list`)")


def _stated(args: argparse.Namespace) -> Any:
    """The program with a definition that is named, if that is what is named, and what its name says."""
    from logdepth.programs import find_stated
    from logdepth.tasks.registry import TASKS

    found = None if args.task in TASKS else find_stated(args.task)
    if found is None:
        for option in ("set", "set_file", "target"):
            if getattr(args, option):
                raise InputError(f"{args.task} takes no --{option.replace('_', '-')}")
    return found


def _need_k(args: argparse.Namespace) -> int:
    if args.k is None:
        raise InputError(f"{args.task}: give --k")
    if args.k < 0:
        raise InputError(f"--k is {args.k}; it must be at least 0")
    return args.k


def _need(args: argparse.Namespace, *options: str) -> None:
    """Raises `InputError` for an option that a task about strings needs, and for a graph."""
    if args.graph is not None:
        raise InputError(f"{args.task} is not about graphs; it takes no --graph")
    for option in options:
        if getattr(args, option) is None:
            raise InputError(f"{args.task}: give --{option}")


def _show(args: argparse.Namespace) -> int:
    import numpy as np

    from logdepth.tasks.registry import find_task
    from logdepth.tasks.show import show_task

    if graph_tasks.is_graph_task(args.task):
        return graph_tasks.show(args)
    _need(args, "text")
    if found := _stated(args):
        return show(args, *found)
    kind = find_task(args.task)
    _need_k(args)
    if not args.text:
        raise InputError("--text is empty")
    if not args.json:
        print(show_task(kind, args.text, args.k))
        return 0
    symbols = sorted(set(args.text))
    task = kind(len(args.text), len(symbols), k=args.k)
    strings = np.array([[symbols.index(character) for character in args.text]])
    one, power = (task.pointers(strings, j)[j][0, 1:].tolist() for j in (1, args.k))
    answers = task.solve(strings, args.k)[0].tolist()
    asked = range(task.length)[task.asked]
    print_json(
        {
            "text": args.text,
            "k": args.k,
            task.pointer: one,
            f"{task.pointer}_power": power,
            "answers": [symbols[a] if a < len(symbols) and i in asked else None for i, a in enumerate(answers)],
        }
    )
    return 0


def _solve(args: argparse.Namespace) -> int:
    import numpy as np

    from logdepth.cli.compiling import print_answers
    from logdepth.compiled.predict import Prediction
    from logdepth.sequences import Alphabet, read_input
    from logdepth.tasks.registry import find_task

    if graph_tasks.is_graph_task(args.task):
        return graph_tasks.solve(args)
    _need(args)
    if found := _stated(args):
        return solve(args, *found)
    kind = find_task(args.task)
    _need_k(args)
    given = args.symbols if args.symbols is not None else args.alphabet
    records, alphabet = read_input(args.input, None if given is None else Alphabet.of(given))
    answers = []
    for record in records:
        task = kind(len(record.symbols), alphabet.size, k=args.k)
        found = task.solve(np.array([record.symbols], np.int64).reshape(1, -1), args.k)[0]
        words = found[task.asked].tolist()
        answers.append(Prediction(record.name, words, alphabet.text(words)))
    print_answers(answers, args.json)
    return 0


def _sample(args: argparse.Namespace) -> int:
    from pathlib import Path

    import numpy as np

    from logdepth.files import new_file
    from logdepth.tasks.registry import find_task

    stated = _stated(args)
    if args.count < 1:
        raise InputError(f"--count is {args.count}; it must be at least 1")
    if stated:
        return sample(args, *stated)
    kind = find_task(args.task)
    if args.alphabet is None:
        raise InputError("give --alphabet A, how many symbols")
    given = {"repeats": args.repeats, "labels": args.labels}
    options = {name: value for name, value in given.items() if name in kind.sampler_options}
    if args.repeats and "repeats" not in options:
        raise InputError(f"{kind.name} takes no --repeats")
    task = kind(args.length, args.alphabet, args.k, args.max_k)
    sampler = task.sampler(seed=args.seed, planted=args.planted, **options)
    path = Path(args.out)
    if path.suffix != ".npz":
        raise InputError(f"--out {args.out}: the name must end in .npz")
    with new_file(path, force=args.force) as temporary:
        with progress("sampling") as report:
            parts = []
            for first in range(0, args.count, 1 << 16):
                parts.append(sampler.batch(args.first + first, min(1 << 16, args.count - first)))
                if report:
                    report(first + len(parts[-1].k), args.count)
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ("inputs", "targets", "k")}
        np.savez_compressed(temporary, allow_pickle=False, **arrays)
    if args.json:
        shapes = {name: list(array.shape) for name, array in arrays.items()}
        print_json({"out": args.out, "count": args.count, "vocabulary": sampler.vocabulary.size, "shapes": shapes})
    else:
        print(
            f"{args.count:,} strings in {args.out}: inputs {arrays['inputs'].shape}, targets {arrays['targets'].shape}"
        )
    return 0
