"""Sequences of symbols as inputs, with how many hops are wanted. The files are read by `logdepth.sequences`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.files import regular_file
from logdepth.mpc.table import Array
from logdepth.protocols.inputs.input import Input, Source
from logdepth.protocols.inputs.whole_numbers import whole_numbers
from logdepth.sequences import Alphabet, read_input

_MOST_SYMBOLS = 0x110000  # Unicode
_MOST_TOKENS = 2**62  # with "nothing" as one more, a token is an int64


@dataclass(frozen=True, eq=False)
class Sequence:
    """`tokens`, int (n,), symbols of 0..alphabet_size-1; how many hops are wanted, `k`; and what symbols are called.

    >>> Sequence(np.array([1, 0, 1]), k=1, alphabet_size=2).k
    1
    """

    tokens: Array
    k: int
    alphabet_size: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Symbols:
    """`tokens`, int (n,), symbols of 0..alphabet_size-1; what they are called; and the header the file states, if any.

    >>> Symbols(np.array([1, 0, 1]), alphabet_size=2).names
    ()
    """

    tokens: Array
    alphabet_size: int
    names: tuple[str, ...] = ()
    header: int | None = None


def read_symbols(source: Source) -> Symbols:
    """One sequence from a file: a line of text, FASTA, or token ids, one a number of a `.npy` file.

    Raises `InputError` naming the file for anything else, and for several sequences.
    """
    from logdepth.graphs.text import check_there

    if source.path.lower().endswith(".npy"):
        return _read_tokens(source)
    given = source.symbols if source.symbols is not None else source.alphabet
    if source.alphabet is not None and source.alphabet > _MOST_SYMBOLS:
        raise InputError(f"--alphabet is {source.alphabet:,}; a text tells {_MOST_SYMBOLS:,} symbols apart at most")
    check_there(Path(source.path))
    with regular_file(Path(source.path)) as file:
        records, alphabet = read_input(str(file), None if given is None else Alphabet.of(given))
    if len(records) != 1:
        raise InputError(f"{source.path} holds {len(records)} sequences; a run takes one")
    tokens = np.asarray(records[0].symbols, np.int64)
    return Symbols(tokens, alphabet.size, tuple(alphabet.symbols), records[0].header)


def _read_tokens(source: Source) -> Symbols:
    from logdepth.protocols.inputs.number_files import read_numbers

    tokens = read_numbers(source.path)
    if tokens.dtype.kind != "i" or (tokens < 0).any():
        raise InputError(f"{source.path}: tokens are whole numbers from 0")
    largest = int(tokens.max(initial=0))
    size = largest + 1 if source.alphabet is None else source.alphabet
    if size > _MOST_TOKENS:
        name = f"{source.path}: row {int(tokens.argmax()) + 1}" if source.alphabet is None else "--alphabet"
        value = largest if source.alphabet is None else size
        raise InputError(f"{name} is {value}; at most 2^62 tokens are told apart")
    if largest >= size:
        row = int(np.argmax(tokens >= size))
        raise InputError(
            f"{source.path}: row {row + 1} is {tokens[row]}; with --alphabet {size} tokens are 0..{size - 1}"
        )
    return Symbols(tokens, size)


def check_symbols(tokens: Array, alphabet_size: int) -> Array:
    """The tokens as int64. Raises `InputError` if one is no symbol of the alphabet.

    >>> check_symbols(np.array([1, 0]), 2).tolist()
    [1, 0]
    """
    numbers = whole_numbers("tokens", tokens)
    outside = (numbers < 0) | (numbers >= alphabet_size)
    if outside.any():
        row = int(np.argmax(outside))
        raise InputError(f"tokens: row {row} is {numbers[row]}, which is no symbol of 0..{alphabet_size - 1}")
    return numbers


def _read(source: Source) -> Sequence:
    if source.k is None or source.k < 0:
        raise InputError(
            "khop needs --k, at least 0" if source.k is None else f"--k is {source.k}; it must be at least 0"
        )
    found = read_symbols(source)
    return Sequence(found.tokens, source.k, found.alphabet_size, found.names)


def _config(data: Sequence) -> dict[str, Any]:
    if data.k < 0:
        raise InputError(f"k is {data.k}; it must be at least 0")
    size = len(whole_numbers("tokens", data.tokens))
    return {"size": size, "k": int(data.k), "alphabet_size": int(data.alphabet_size)}


SEQUENCE = Input(
    name="sequence",
    option="input",
    measures=("size",),
    read=_read,
    sample=lambda rng, size: Sequence(rng.integers(0, 4, size.rows), size.k, 4),
    config=_config,
    sized=lambda size: {"size": size.rows, "k": size.k, "alphabet_size": 4},
    words=lambda config: config["size"],
)
