"""`predict` of a model that thinks: texts from a file, or the arcs of a graph; its chains, one a line."""

from __future__ import annotations

import argparse
from typing import Any

from logdepth.cli.shared import print_json, progress
from logdepth.errors import InputError


def predict_chains_of(args: argparse.Namespace, found: Any) -> int:
    """Asks, and prints the answer and the chain of every text."""
    from logdepth.compiled.chains import chain_tokens, predict_chains
    from logdepth.sequences import read_input
    from logdepth.vocabulary import Vocabulary

    if args.out is not None:
        raise InputError("--out is for models of graphs; chains go to standard output")
    at, header, names = args.at, args.header, None
    if at not in (None, "all"):
        if not at.isascii() or not at.isdigit():
            raise InputError(f"--at is {at!r}; it must be a position, counted from 1, or all")
        at = int(at)
    if args.graph is not None:
        from logdepth.compiled.arcs import question_of

        if args.input is not None or at is not None:
            raise InputError("--graph goes with --vertex, not with --input or --at")
        asked = question_of(found, args.graph, args.vertex, args.goal, header, format=args.format)
        record, at, header, names = asked
        records = [record]
    else:
        if args.vertex is not None or args.goal is not None:
            raise InputError("--vertex and --goal go with --graph FILE; of a text give --at and --k")
        ids = chain_tokens(found)
        headers = found.graph.setting.header_size
        letters = ids.letters_of(found.alphabet)
        path = "-" if args.input is None else args.input
        records, _ = read_input(path, letters, Vocabulary(ids.letters, headers))
    with progress("thinking") as report:
        chains = predict_chains(
            found,
            records,
            header=header,
            at=at,
            letters=names,
            use_cache=not args.no_cache,
            device=args.device,
            progress=report,
        )
    if args.json:
        print_json([chain.as_dict() for chain in chains])
        return 0
    for chain in chains:
        if not chain.name.startswith(("line ", "row ")):
            print(f">{chain.name}")
        print(chain.text)
    return 0
