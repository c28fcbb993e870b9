"""A k-hop instance as text: tokens, find, find^k and the answer, aligned under each other."""

from __future__ import annotations

import numpy as np

from logdepth.tasks.khop.solver import find, find_power, solve


def show(text: str, k: int, nothing: str = "_") -> str:
    """The lines `position`, `token`, `find`, `find^k`, `hop_k`, one column a position (0 = nothing found).

    Every distinct character of `text` is a symbol.

    >>> print(show("baebcabebdea", 2))
    position   1  2  3  4  5  6  7  8  9 10 11 12
    token      b  a  e  b  c  a  b  e  b  d  e  a
    find       0  0  0  2  0  3  5  4  8  0  9  7
    find^2     0  0  0  0  0  0  0  2  4  0  8  5
    hop_2      _  _  _  _  _  _  _  a  b  _  e  c
    """
    symbols = sorted(set(text))
    if not symbols:
        return ""
    strings = np.array([[symbols.index(character) for character in text]])
    pointer = find(strings, len(symbols))
    answers = solve(strings, k, len(symbols))[0]
    names = [*symbols, nothing]
    rows = [
        ("position", [str(i) for i in range(1, len(text) + 1)]),
        ("token", list(text)),
        ("find", [str(j) for j in pointer[0, 1:]]),
        (f"find^{k}", [str(j) for j in find_power(pointer, k)[0, 1:]]),
        (f"hop_{k}", [names[answer] for answer in answers]),
    ]
    if k == 1:
        del rows[3]
    head = max(len(name) for name, _ in rows)
    width = max(len(cell) for _, cells in rows for cell in cells)
    return "\n".join(f"{name:<{head}}  " + " ".join(f"{cell:>{width}}" for cell in cells) for name, cells in rows)
