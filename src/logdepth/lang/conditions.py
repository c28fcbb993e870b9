"""What `where=` takes: `theirs(word)` marks the other token's word, everything not marked is mine.

`theirs(before) == x` and `x == theirs(before)` are the same condition: a marker, unlike a side, survives Python's
turning a comparison round.
"""

from __future__ import annotations

from typing import Any

from logdepth.errors import ProgramError
from logdepth.lang.lines import assigned_name, here, origin, shown
from logdepth.lang.refusals import Opaque
from logdepth.lang.words import Word, as_word


class Condition(Opaque):
    """One comparison of a key (the other token's word) with a query (mine)."""

    __slots__ = ("key", "query")
    way_out = (
        "a comparison with theirs(..) is a pattern, not a word, and belongs in where=; "
        "several: where=(theirs(a) == b, theirs(c) == d)"
    )

    def __init__(self, key: Word, query: Word) -> None:
        self.key, self.query = key, query

    def __repr__(self) -> str:
        return f"<theirs({self.key!r}) == {self.query!r}>"


class Theirs(Opaque):
    """The other token's word, to be compared with one of mine."""

    __slots__ = ("word",)
    way_out = (
        "theirs(word) marks the other token's word in where= and is compared by == only: where=theirs(word) == mine, "
        "or where=theirs(flag); compute first, mark last"
    )

    def __init__(self, word: Word) -> None:
        self.word = word

    def __repr__(self) -> str:
        return f"<theirs {self.word!r}>"

    def __eq__(self, other: Any) -> Condition:  # type: ignore[override]
        if isinstance(other, Theirs):
            raise ProgramError(
                f"{here()}: both sides are the other token's; let it compare them itself: "
                "flag = a == b, then where=theirs(flag)"
            )
        return Condition(self.word, as_word(other))

    __hash__ = Opaque.__hash__


def theirs(word: Word | int) -> Theirs:
    """The other token's word, inside `where=`: `where=theirs(before) == x` finds tokens whose `before` is my `x`.

    Several comparisons as a tuple hold together; `where=theirs(flag)` alone means that a Boolean word is 1 there.

    >>> x = Word("symbol", (), 0, 4)
    >>> theirs(x) == 1, 1 == theirs(x)  # doctest: +ELLIPSIS
    (<theirs(<word symbol in 0..4>) == <word constant in 1..1>>, <theirs(<word symbol in 0..4>) == ...>)
    """
    return Theirs(as_word(word))


def conditions(where: Any) -> tuple[tuple[Word, Word], ...]:
    """Keys and queries of a `where=`, pairwise. Raises `ProgramError` for what marks nothing."""
    given = where if isinstance(where, tuple | list) else (where,)
    return tuple(_pair(condition) for condition in given)


def _pair(condition: Any) -> tuple[Word, Word]:
    if isinstance(condition, Condition):
        return condition.key, condition.query
    if isinstance(condition, Theirs):
        if not condition.word.is_boolean:
            raise ProgramError(
                f"{here()}: where=theirs(word) alone needs a Boolean word, not one in "
                f"{condition.word.lo}..{condition.word.hi}; compare it: where=theirs(word) == mine"
            )
        return condition.word, as_word(1)
    if isinstance(condition, Word):
        raise ProgramError(f"{here()}: {_rewritten(condition)}")
    raise ProgramError(
        f"{here()}: where= takes comparisons such as theirs(a) == b, not {shown(condition)} "
        "(several: where=(theirs(a) == b, theirs(c) == d); Python compares whole tuples itself)"
    )


def _rewritten(word: Word) -> str:
    """What to write instead of an unmarked condition."""
    if word.op == "equal":
        a, b = (_called(arg) for arg in word.args)
        other = "" if word.args[1].op == "constant" else f", or where={a} == theirs({b}) if that is {b}"
        return f"where= must mark the other token's word: where=theirs({a}) == {b}{other}"
    return (
        "where= matches on equality only and must mark the other token's word: where=theirs(word) == mine, "
        "or where=theirs(flag) for a flag that the other token computed on its own"
    )


def _called(word: Word) -> str:
    """What the user calls a word, if that is simple."""
    if word.op == "constant":
        return str(word.lo)
    name = None if word.origin == origin() else assigned_name(word.origin, word.ordinal)
    return word.label or name or ".."
