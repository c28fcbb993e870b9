"""Files to inputs: what each kind of problem reads. Graph files are read by `logdepth.graphs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from logdepth.errors import InputError
from logdepth.files import regular_file
from logdepth.graphs.text import check_there
from logdepth.jobs.numbers import read_numbers

if TYPE_CHECKING:
    from logdepth.jobs.job import Job

_MOST_SYMBOLS = 0x110000  # Unicode
_MOST_TOKENS = 2**62  # with "nothing" as one more, a token is an int64


def read_data(kind: str, job: Job) -> Any:
    """The input of a job, for a problem of this kind.

    Raises `InputError` naming the file and line if it can't be read, or the option that is missing or too much.
    """
    if kind in ("graph", "weighted graph"):
        from logdepth.graphs import read_graph

        weighted = kind == "weighted graph" and not job.unweighted
        return read_graph(job.source, format=job.format, weighted=weighted, num_vertices=job.vertices)
    if kind == "sequence":
        return _read_sequence(job)
    values = read_numbers(job.source)
    if kind == "numbers":
        return values
    from logdepth.protocols.pointer_doubling import Pointers

    if values.dtype.kind != "i":
        raise InputError(f"{job.source}: pointers are whole numbers")
    return Pointers(values, job.power)


def _read_sequence(job: Job) -> Any:
    from logdepth.protocols.khop import Sequence

    if job.k is None or job.k < 0:
        raise InputError("khop needs --k, at least 0" if job.k is None else f"--k is {job.k}; it must be at least 0")
    if job.source.lower().endswith(".npy"):
        return _read_tokens(job, job.k)
    from logdepth.sequences import Alphabet, read_input

    given = job.symbols if job.symbols is not None else job.alphabet
    if job.alphabet is not None and job.alphabet > _MOST_SYMBOLS:
        raise InputError(f"--alphabet is {job.alphabet:,}; a text tells {_MOST_SYMBOLS:,} symbols apart at most")
    check_there(Path(job.source))
    with regular_file(Path(job.source)) as file:
        records, alphabet = read_input(str(file), None if given is None else Alphabet.of(given))
    if len(records) != 1:
        raise InputError(f"{job.source} holds {len(records)} sequences; a run takes one")
    return Sequence(np.asarray(records[0].symbols, np.int64), job.k, alphabet.size, tuple(alphabet.symbols))


def _read_tokens(job: Job, k: int) -> Any:
    from logdepth.protocols.khop import Sequence

    tokens = read_numbers(job.source)
    if tokens.dtype.kind != "i" or (tokens < 0).any():
        raise InputError(f"{job.source}: tokens are whole numbers from 0")
    largest = int(tokens.max(initial=0))
    size = largest + 1 if job.alphabet is None else job.alphabet
    if size > _MOST_TOKENS:
        name = f"{job.source}: row {int(tokens.argmax()) + 1}" if job.alphabet is None else "--alphabet"
        value = largest if job.alphabet is None else size
        raise InputError(f"{name} is {value}; at most 2^62 tokens are told apart")
    if largest >= size:
        row = int(np.argmax(tokens >= size))
        raise InputError(
            f"{job.source}: row {row + 1} is {tokens[row]}; with --alphabet {size} tokens are 0..{size - 1}"
        )
    return Sequence(tokens, k, size)
