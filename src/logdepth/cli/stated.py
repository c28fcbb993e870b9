"""What `show`, `solve` and `sample` do for a program with its definition (`programs/stated.py`): no model."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from logdepth.cli.shared import print_json
from logdepth.errors import InputError

if TYPE_CHECKING:
    from logdepth.lang import ProgramGraph
    from logdepth.programs.stated import Question, Stated
    from logdepth.sequences import Alphabet


def add_parameters(parser: argparse.ArgumentParser) -> None:
    """The options that say a program's parameters, and which of its programs is meant."""
    parser.add_argument(
        *("--set", "-s"), action="append", default=[], metavar="NAME=VALUE", help="a parameter of the program"
    )
    parser.add_argument(
        "--set-file", action="append", default=[], metavar="NAME=FILE", help="a parameter that is the text of a file"
    )
    parser.add_argument("--target", choices=["gpt2", "bert"], help="what a token sees (gpt2: what stands before it)")


def show(args: argparse.Namespace, stated: Stated, said: dict[str, Any]) -> int:
    """The tokens of a text and the answers under them."""
    asked, alphabet = _asked(args, stated, said, args.text)
    string = alphabet.parse(args.text, "--text")
    answers = _shown(_graph(stated, asked), alphabet, stated.answers(string, asked))
    tokens = [alphabet.symbols[symbol] for symbol in string]
    if args.json:
        print_json({"text": args.text, "answers": answers})
        return 0
    rows = [("position", [str(i + 1) for i in range(len(string))]), ("token", tokens), (stated.name, answers)]
    head = max(len(name) for name, _ in rows)
    width = max(len(cell) for _, cells in rows for cell in cells)
    for name, cells in rows:
        print(f"{name:<{head}}  " + " ".join(f"{cell:>{width}}" for cell in cells))
    return 0


def solve(args: argparse.Namespace, stated: Stated, said: dict[str, Any]) -> int:
    """The answers on the sequences of a file."""
    from logdepth.cli.compiling import print_answers
    from logdepth.compiled.predict import Prediction
    from logdepth.sequences import Alphabet, read_input

    given = args.symbols if args.symbols is not None else args.alphabet
    program, parameters = _program(args, stated, said)
    own = program.own_symbols(parameters)
    records, alphabet = read_input(
        args.input, Alphabet.of(own) if own else None if given is None else Alphabet.of(given)
    )
    answers = []
    for record in records:
        asked = stated.asked(program, max(1, len(record.symbols)), alphabet.size, parameters)
        words = stated.answers(record.symbols, asked)
        graph = _graph(stated, asked)
        between = "" if graph.output_is_symbol and alphabet.single else " "
        text = between.join(_shown(graph, alphabet, words))
        answers.append(Prediction(record.name, words, text, graph.vocabulary.grid))
    print_answers(answers, args.json)
    return 0


def sample(args: argparse.Namespace, stated: Stated, said: dict[str, Any]) -> int:
    """Strings and their answers, as `.npz`: uniform ones, or (`--planted`) those of the program's own kind."""
    from pathlib import Path

    import numpy as np

    from logdepth.files import new_file
    from logdepth.rng import rng_for

    if args.k is not None or args.max_k is not None or args.repeats or args.labels != "all":
        raise InputError(f"{stated.name} takes no --k, --max-k, --repeats and --labels")
    program, parameters = _program(args, stated, said)
    own = program.own_symbols(parameters)
    size = len(own) if own else args.alphabet
    if size is None:
        raise InputError("give --alphabet A, how many symbols")
    asked = stated.asked(program, args.length, size, parameters)
    if args.planted and stated.draw is None:
        raise InputError(f"{stated.name} has no strings of its own kind; leave out --planted")
    path = Path(args.out)
    if path.suffix != ".npz":
        raise InputError(f"--out {args.out}: the name must end in .npz")
    with new_file(path, force=args.force) as temporary:
        strings, answers = [], []
        for number in range(args.first, args.first + args.count):
            rng = rng_for(args.seed, "stated", stated.name, "sample", number)
            drawn = stated.draw(rng, asked) if args.planted and stated.draw else None
            strings.append(rng.integers(0, size, args.length).tolist() if drawn is None else drawn)
            answers.append(stated.answers(strings[-1], asked))
        arrays = {"strings": np.array(strings, np.int64), "answers": np.array(answers, np.int64)}
        np.savez_compressed(temporary, allow_pickle=False, **arrays)
    shapes = {name: list(array.shape) for name, array in arrays.items()}
    if args.json:
        print_json({"out": args.out, "count": args.count, "shapes": shapes})
    else:
        print(f"{args.count:,} strings in {args.out}: strings and answers {arrays['strings'].shape}")
    return 0


def _program(args: argparse.Namespace, stated: Stated, said: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    from logdepth.cli.compiling import parameters_from

    args.program = args.task
    program = stated.program_for(args.target)
    parameters = parameters_from(args, program, said)
    if getattr(args, "symbols", None) is not None and "symbols" in program.parameters:
        parameters["symbols"] = args.symbols
    return program, parameters


def _asked(args: argparse.Namespace, stated: Stated, said: dict[str, Any], text: str) -> tuple[Question, Alphabet]:
    from logdepth.sequences import Alphabet

    if args.k is not None:
        raise InputError(f"{stated.name} takes no --k")
    program, parameters = _program(args, stated, said)
    own = program.own_symbols(parameters)
    alphabet = Alphabet.of(own if own else sorted(set(text)))
    length = len(alphabet.parse(text, "--text"))
    if not length:
        raise InputError("--text is empty")
    return stated.asked(program, length, alphabet.size, parameters), alphabet


def _graph(stated: Stated, asked: Question) -> ProgramGraph:
    program = next(program for program in stated.programs if program.causal == asked.causal)
    return program.trace(asked.length, asked.alphabet_size, **asked.parameters)


def _shown(graph: ProgramGraph, alphabet: Alphabet, answers: list[int]) -> list[str]:
    from logdepth.vocabulary import number_text

    if not graph.output_is_symbol:
        return [number_text(answer, graph.vocabulary.grid) for answer in answers]
    return [[*alphabet.symbols, alphabet.nothing][answer] for answer in answers]
