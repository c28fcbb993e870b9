"""Sequences out of a `.npy` array of token ids."""

from __future__ import annotations

import numpy as np

from logdepth.errors import InputError
from logdepth.sequences.record import NamedSequence


def read_ids(path: str, alphabet_size: int, header_size: int) -> list[NamedSequence]:
    """Sequences out of a `.npy` array of token ids, `(sequences, tokens)` or `(tokens,)`.

    Rows may begin with the model's first token (start token, or hop token), as the model takes them; without it
    the start token is put in front. Raises `InputError` for other shapes and types, and ids out of range.
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
    first = rows[:, 0]
    headed = (first < header_size).all() if header_size else (first == alphabet_size).all()
    if header_size and not headed:
        raise InputError(f"{path}: every row must begin with a hop token, 0..{header_size - 1}")
    symbols = rows[:, 1:] - header_size if headed else rows
    wrong = np.argwhere((symbols < 0) | (symbols >= alphabet_size))
    if wrong.size:
        row, column = wrong[0]
        raise InputError(
            f"{path}, row {row + 1}, column {column + 1 + headed}: token {symbols[row, column] + header_size} is not a "
            f"symbol ({header_size}..{header_size + alphabet_size - 1})"
        )
    headers = first.tolist() if header_size else [None] * len(rows)
    return [
        NamedSequence(f"row {i + 1}", row.tolist(), h) for i, (row, h) in enumerate(zip(symbols, headers, strict=True))
    ]
