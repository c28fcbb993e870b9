"""Files to inputs: what each kind of problem reads. Graph files are read by `logdepth.graphs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from logdepth.errors import InputError

if TYPE_CHECKING:
    from logdepth.jobs.job import Job


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
    if job.source.endswith(".npy"):
        tokens = read_numbers(job.source)
        if tokens.dtype.kind != "i" or (tokens < 0).any():
            raise InputError(f"{job.source}: tokens are whole numbers from 0")
        size = job.alphabet if job.alphabet is not None else int(tokens.max(initial=0)) + 1
        if (tokens >= size).any():
            row = int(np.argmax(tokens >= size))
            raise InputError(
                f"{job.source}: row {row + 1} is {tokens[row]}; with --alphabet {size} tokens are 0..{size - 1}"
            )
        return Sequence(tokens, job.k, size)
    from logdepth.compiled.symbols import Alphabet, read_input

    given = job.symbols if job.symbols is not None else job.alphabet
    records, alphabet = read_input(job.source, None if given is None else Alphabet.of(given))
    if len(records) != 1:
        raise InputError(f"{job.source} holds {len(records)} sequences; a run takes one")
    return Sequence(np.asarray(records[0].symbols, np.int64), job.k, alphabet.size, tuple(alphabet.symbols))


def read_numbers(source: str) -> np.ndarray:
    """Whole numbers (int64) or, if there is any other, real ones (float64), (n,): a .npy file, or one a line.

    Blank lines and lines that start with `#` are passed over. Raises `InputError` naming the file and line.
    """
    path = Path(source)
    try:
        if path.suffix == ".npy":
            values = np.load(path, allow_pickle=False)
            if values.ndim != 1 or values.dtype.kind not in "iuf":
                raise InputError(f"{source}: needs one row of numbers; it has shape {values.shape}, {values.dtype}")
            if values.dtype.kind == "u" and values.size and int(values.max()) > np.iinfo(np.int64).max:
                raise InputError(f"{source}: row {int(values.argmax()) + 1} is beyond a 64-bit integer")
            return values.astype(np.float64 if values.dtype.kind == "f" else np.int64)
        text = path.read_text(encoding="utf-8")
    except InputError:
        raise
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{source}: {getattr(error, 'strerror', None) or error}") from error
    lines = text.split("\n")
    words = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    for kind in (np.int64, np.float64):
        try:
            return np.array(words, dtype=object).astype(kind) if words else np.zeros(0, np.int64)
        except (ValueError, OverflowError, TypeError):
            continue
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                float(line)
            except ValueError:
                raise InputError(f"{source}:{number}: {line.strip()[:60]!r} is not a number") from None
    raise InputError(f"{source}: cannot be read as numbers")
