"""Bounded loops: a body that is applied a known number of times, and no oftener than it changes anything.

To be compiled, a loop is unrolled. Whoever computes a program on an input leaves it early: once a round has changed
nothing, no later one does, if all rounds are the same function (`fixed_points.py` makes sure of that).
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from logdepth.errors import ProgramError
from logdepth.lang.bits import Bits
from logdepth.lang.bundles import Bundle
from logdepth.lang.lines import here, shown
from logdepth.lang.parameters import whole
from logdepth.lang.refusals import Opaque
from logdepth.lang.words import Word, as_word

States = list[tuple[Word, ...]]  # the words of the state: at first, after one round, after two, ..
_LOOPS: ContextVar[list[States] | None] = ContextVar("loops", default=None)


def loop(body: Callable[..., Any], state: Any, bound: int) -> Any:
    """The state after `body` was applied `bound` times: `body(a, b)` gives the next state of `(a, b)`.

    A state is a word or a set, or a tuple of them. Raises `ProgramError` for a body that returns another kind of state.

    >>> from logdepth.lang import Position, Symbol, at, program
    >>> @program(causal=False)
    ... def root(x: Symbol, position: Position):
    ...     return loop(lambda pointer: at(pointer).read(pointer), x + 1, 10)
    >>> root.run("aabc", symbols="abcd")
    [1, 1, 1, 1]
    """
    rounds = whole(bound)
    if rounds is None or rounds < 0:
        raise ProgramError(f"{here()}: a loop of {shown(bound)} rounds; it must be a whole number, known while tracing")
    several = isinstance(state, tuple)
    now = _state(state if several else (state,))
    states = [_words(now)]
    for _ in range(rounds):
        found = body(*now)
        after = _state(found if several and isinstance(found, tuple) else (found,))
        if [_kind(each) for each in after] != [_kind(each) for each in now]:
            raise ProgramError(
                f"{here()}: the loop's body gave {shown(found)} for the state {shown(now if several else now[0])}; "
                "it must give as many words, and sets of the same sizes"
            )
        now = after
        states.append(_words(now))
    traced = _LOOPS.get()
    if traced is not None and rounds > 1:
        traced.append(states)
    return now if several else now[0]


def _state(values: tuple[Any, ...]) -> tuple[Word | Opaque, ...]:
    together = [isinstance(value, Opaque) and value.parts() is not None for value in values]
    return tuple(value if several else as_word(value) for value, several in zip(values, together, strict=True))


def _kind(value: Any) -> Any:
    """What two states must have in common."""
    if isinstance(value, Bundle):
        return {name: _kind(each) for name, each in value.fields.items()}
    return (type(value), value.size if isinstance(value, Bits) else 0)


def _words(state: tuple[Any, ...]) -> tuple[Word, ...]:
    found = []
    for value in state:
        found += [value] if isinstance(value, Word) else _words(value.parts())
    return tuple(found)
