"""The definition of k-hop in plain Python, obvious and slow: what everything else is checked against."""

from __future__ import annotations

from collections.abc import Sequence


def find_by_definition(string: Sequence[int], i: int) -> int:
    """`find^1(i) = max({0} u {j <= i : X_{j-1} = X_i})` for a string X_1..X_n (Definition 4.1).

    `i` counts from 1; 0 means "nothing" and points at itself; X_0 equals no symbol, so j >= 2.

    >>> x = [ord(c) for c in "baebcabebdea"]
    >>> find_by_definition(x, 12), find_by_definition(x, 7)
    (7, 5)
    """
    if i == 0:
        return 0
    for j in range(i, 1, -1):
        if string[j - 2] == string[i - 1]:
            return j
    return 0


def solve_by_definition(string: Sequence[int], k: int, nothing: int) -> list[int]:
    """`hop_k(X)_i = X_{find^k(i)}` for i = 1..n, or `nothing` where `find^k(i) = 0`. Time O(k n^2).

    >>> x = [ord(c) for c in "baebcabebdea"]
    >>> chr(solve_by_definition(x, 1, 0)[-1]), chr(solve_by_definition(x, 2, 0)[-1])
    ('b', 'c')
    """
    answers = []
    for i in range(1, len(string) + 1):
        j = i
        for _ in range(k):
            j = find_by_definition(string, j)
        answers.append(string[j - 1] if j else nothing)
    return answers
