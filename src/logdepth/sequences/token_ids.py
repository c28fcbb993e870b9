"""Sequences out of a `.npy` array of token ids."""

from __future__ import annotations

import numpy as np

from logdepth.errors import InputError
from logdepth.sequences.record import NamedSequence
from logdepth.vocabulary import Vocabulary


def read_ids(path: str, vocabulary: Vocabulary) -> list[NamedSequence]:
    """Sequences out of a `.npy` array of token ids, `(sequences, tokens)` or `(tokens,)`.

    Rows begin with a header token where the model takes one; they may begin with the start token where it does not.
    Raises `InputError` for other shapes and types, and ids out of range.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise InputError(f"{path} is not a .npy array: {error}") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iu" or array.ndim not in (1, 2):
        raise InputError(f"{path}: a 1- or 2-dimensional array of integers is needed, not {array.dtype} {array.shape}")
    rows = np.atleast_2d(array).astype(np.int64)
    if not rows.size:
        raise InputError(f"{path}: no sequences in it")
    starts = vocabulary.start_ids
    headed = int(((rows[:, 0] >= starts[0]) & (rows[:, 0] <= starts[-1])).all())
    if vocabulary.header_size and not headed:
        raise InputError(f"{path}: every row must begin with a header token, {starts[0]}..{starts[-1]}")
    if not headed:
        rows = np.insert(rows, 0, vocabulary.start, axis=1)
    symbols, header = vocabulary.decode(rows)
    wrong = np.argwhere((symbols < 0) | (symbols >= vocabulary.alphabet_size))
    if wrong.size:
        row, column = wrong[0]
        raise InputError(
            f"{path}, row {row + 1}, column {column + 1 + headed}: token {rows[row, column + 1]} is not a "
            f"symbol ({vocabulary.first_symbol}..{vocabulary.nothing - 1})"
        )
    headers = [None] * len(rows) if header is None else header.tolist()
    return [
        NamedSequence(f"row {i + 1}", row.tolist(), h) for i, (row, h) in enumerate(zip(symbols, headers, strict=True))
    ]
