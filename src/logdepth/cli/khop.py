"""Commands `show`, `solve` and `sample`: the k-hop task by itself, no model."""

from __future__ import annotations

import argparse
from typing import Any

from logdepth.cli.shared import add_json, print_json, progress
from logdepth.errors import InputError


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "show", help="show a task's instance, aligned", description="Tokens, find, find^k, answer."
    )
    _add_task(parser)
    parser.add_argument("--text", required=True, help="the sequence; every distinct character is a symbol")
    parser.add_argument("--k", type=int, required=True, help="hops")
    add_json(parser)
    parser.set_defaults(run=_show)

    parser = commands.add_parser("solve", help="the reference solver", description="Solve a task without a model.")
    _add_task(parser)
    parser.add_argument("--k", type=int, required=True, help="hops")
    parser.add_argument("--input", metavar="FILE", default="-", help="a file, or - for standard input (default)")
    parser.add_argument("--symbols", help="the symbols (default: the characters that occur)")
    parser.add_argument("--alphabet", type=int, help="how many symbols, for a .npy file")
    add_json(parser)
    parser.set_defaults(run=_solve)

    parser = commands.add_parser(
        "sample", help="make random instances", description="Random instances with labels, as .npz."
    )
    _add_task(parser)
    parser.add_argument("--length", type=int, required=True, help="symbols a string")
    parser.add_argument("--alphabet", type=int, required=True, help="how many symbols")
    parser.add_argument("--k", type=int, help="hops, the same for all")
    parser.add_argument("--max-k", type=int, help="hops uniform in 0..MAX_K")
    parser.add_argument("--count", type=int, default=1000, help="how many strings (default 1000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first string in the stream")
    parser.add_argument("--repeats", action="store_true", help="allow adjacent repeats (the paper: no)")
    parser.add_argument("--planted", action="store_true", help="the last position has all its k hops")
    parser.add_argument("--labels", choices=["all", "last"], default="all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True, metavar="FILE.npz")
    parser.add_argument("--force", action="store_true", help="replace FILE")
    add_json(parser)
    parser.set_defaults(run=_sample)


def _add_task(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="khop")


def _check_task(args: argparse.Namespace) -> None:
    if args.task != "khop":
        import difflib

        near = difflib.get_close_matches(args.task, ["khop"], 1, 0.3)
        raise InputError(f"there is no task {args.task!r}; " + ("did you mean khop?" if near else "there is: khop"))


def _show(args: argparse.Namespace) -> int:
    import numpy as np

    from logdepth.tasks.khop import find, find_power, show, solve

    _check_task(args)
    if args.k < 0:
        raise InputError(f"--k is {args.k}; it must be at least 0")
    if not args.text:
        raise InputError("--text is empty")
    if not args.json:
        print(show(args.text, args.k))
        return 0
    symbols = sorted(set(args.text))
    strings = np.array([[symbols.index(character) for character in args.text]])
    pointer = find(strings, len(symbols))
    answers = solve(strings, args.k, len(symbols))[0]
    print_json(
        {
            "text": args.text,
            "k": args.k,
            "find": pointer[0, 1:].tolist(),
            "find_power": find_power(pointer, args.k)[0, 1:].tolist(),
            "answers": [None if a == len(symbols) else symbols[a] for a in answers],
        }
    )
    return 0


def _solve(args: argparse.Namespace) -> int:
    import numpy as np

    from logdepth.cli.compiling import print_answers
    from logdepth.compiled.predict import Prediction
    from logdepth.sequences import Alphabet, read_input
    from logdepth.tasks.khop import solve

    _check_task(args)
    if args.k < 0:
        raise InputError(f"--k is {args.k}; it must be at least 0")
    given = args.symbols if args.symbols is not None else args.alphabet
    records, alphabet = read_input(args.input, None if given is None else Alphabet.of(given))
    answers = []
    for record in records:
        words = solve(np.array([record.symbols], np.int64).reshape(1, -1), args.k, alphabet.size)[0].tolist()
        answers.append(Prediction(record.name, words, alphabet.text(words)))
    print_answers(answers, args.json)
    return 0


def _sample(args: argparse.Namespace) -> int:
    from pathlib import Path

    import numpy as np

    from logdepth.files import new_file
    from logdepth.tasks.khop import KhopSampler

    _check_task(args)
    if args.count < 1:
        raise InputError(f"--count is {args.count}; it must be at least 1")
    sampler = KhopSampler(
        length=args.length,
        alphabet_size=args.alphabet,
        k=args.k,
        max_k=args.max_k,
        repeats=args.repeats,
        planted=args.planted,
        labels=args.labels,
        seed=args.seed,
    )
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
        print_json({"out": args.out, "count": args.count, "vocabulary": sampler.vocab_size, "shapes": shapes})
    else:
        print(
            f"{args.count:,} strings in {args.out}: inputs {arrays['inputs'].shape}, targets {arrays['targets'].shape}"
        )
    return 0
