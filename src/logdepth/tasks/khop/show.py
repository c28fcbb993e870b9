"""A k-hop instance as text: tokens, find, find^k and the answer, aligned under each other."""

from __future__ import annotations

from logdepth.tasks.khop.task import Khop
from logdepth.tasks.show import show_task


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
    return show_task(Khop, text, k, nothing)
