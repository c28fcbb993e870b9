"""An instance of any task as text: tokens, pointers and answers, aligned under each other."""

from __future__ import annotations

import numpy as np

from logdepth.tasks.task import Task


def show_task(kind: type[Task], text: str, k: int, nothing: str = "_", unasked: str = ".") -> str:
    """The lines `position`, `token`, the pointer, its power k and the answer, one column a position (0 = nothing).

    Every distinct character of `text` is a symbol. Raises `InputError` for a text that is no instance of the task.

    >>> from logdepth.tasks.pointer_chasing import PointerChasing
    >>> print(show_task(PointerChasing, "abbccaab", 2))
    position  1 2 3 4 5 6 7 8
    token     a b b c c a a b
    image     2 4 4 6 6 2 2 4
    image^2   4 6 6 2 2 4 4 6
    f^2       . . . . . . c a
    """
    symbols = sorted(set(text))
    if not symbols:
        return ""
    task = kind(len(text), len(symbols), k=k)
    strings = np.array([[symbols.index(character) for character in text]])
    answers = task.solve(strings, k)[0]
    asked = range(len(text))[task.asked]
    names = [*symbols, nothing]
    one, power = (task.pointers(strings, j)[j][0, 1:] for j in (1, k))
    rows = [
        ("position", [str(i) for i in range(1, len(text) + 1)]),
        ("token", list(text)),
        (task.pointer, [str(j) for j in one]),
        (f"{task.pointer}^{k}", [str(j) for j in power]),
        (f"{task.answer}{k}", [names[a] if i in asked else unasked for i, a in enumerate(answers)]),
    ]
    if k == 1:
        del rows[3]
    head = max(len(name) for name, _ in rows)
    width = max(len(cell) for _, cells in rows for cell in cells)
    return "\n".join(f"{name:<{head}}  " + " ".join(f"{cell:>{width}}" for cell in cells) for name, cells in rows)
