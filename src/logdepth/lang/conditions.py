"""What `where=` takes: `theirs(word)` marks the other token's word, everything not marked is mine.

`theirs(before) == x` and `x == theirs(before)` are the same condition: a marker, unlike a side, survives Python's
turning a comparison round. So are `theirs(a) < b` and `b > theirs(a)`. With sets (`bits.py`):
`mine.contains(theirs(a))` and `theirs(set).contains(a)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

from logdepth.errors import ProgramError
from logdepth.lang.bits import MAX_SIZE, Bits
from logdepth.lang.bundles import Bundle
from logdepth.lang.lines import assigned_name, here, origin, shown
from logdepth.lang.refusals import Opaque
from logdepth.lang.wide import Wide
from logdepth.lang.words import Word, as_word


class Condition(Opaque):
    """One comparison of words of the other token with mine: a relation, `==` or one of `graph.Relation`'s."""

    __slots__ = ("mine", "relation", "size", "theirs")
    way_out = (
        "a comparison with theirs(..) is a pattern, not a word, and belongs in where=; "
        "several: where=(theirs(a) == b, theirs(c) == d)"
    )

    def __init__(self, relation: str, theirs: tuple[Word, ...], mine: tuple[Word, ...], size: int = 0) -> None:
        self.relation, self.theirs, self.mine, self.size = relation, theirs, mine, size

    def __repr__(self) -> str:
        return f"<theirs({self.theirs[0]!r}) {self.relation} {self.mine[0]!r}>"


class Theirs(Opaque):
    """The other token's word, to be compared with one of mine."""

    __slots__ = ("word",)
    way_out = (
        "theirs(word) marks the other token's word in where=, where it is compared: where=theirs(word) == mine, "
        "theirs(word) < mine, mine.contains(theirs(word)) or theirs(flag); compute first, mark last"
    )

    def __init__(self, word: Word) -> None:
        self.word = word

    def __repr__(self) -> str:
        return f"<theirs {self.word!r}>"

    def __eq__(self, other: Any) -> Condition:  # type: ignore[override]
        return Condition("==", (self.word,), (_mine(other),))

    def __ne__(self, other: Any) -> Condition:  # type: ignore[override]
        return self._compared(other, "!=", lambda a, b: a != b)

    def __lt__(self, other: Any) -> Condition:
        return self._compared(other, "<", lambda a, b: a < b)

    def __gt__(self, other: Any) -> Condition:
        return self._compared(other, ">", lambda a, b: a > b)

    def __le__(self, other: Any) -> Condition:
        return self < _mine(other) + 1

    def __ge__(self, other: Any) -> Condition:
        return self > _mine(other) - 1

    def within(self, members: Bits) -> Condition:
        """The condition that my set has this word of theirs: `members.contains(theirs(word))`."""
        if self.word.op == "constant":
            return Condition("==", (as_word(1),), (members.contains(self.word),))
        return Condition("in", (self.word,), members.words, members.size)

    def _compared(self, other: Any, relation: str, flag: Callable[[Word, Word], Word]) -> Condition:
        """What one side knows alone, it decides alone. Raises `ProgramError` where both are too wide."""
        mine = _mine(other)
        if mine.op == "constant":
            return Condition("==", (flag(self.word, mine),), (as_word(1),))
        if self.word.op == "constant":
            return Condition("==", (as_word(1),), (flag(self.word, mine),))
        if min(self.word.size, mine.size) > MAX_SIZE:
            raise ProgramError(
                f"{here()}: theirs(word) {relation} mine compares words of {self.word.size:,} and {mine.size:,} "
                f"values, and takes a bit for each value of one of them; the limit is {MAX_SIZE:,}. Use a narrower "
                "word (a rank, say), or highest(by=..), lowest(by=..)"
            )
        return Condition(relation, (self.word,), (mine,))

    __hash__ = Opaque.__hash__


class TheirSet(Opaque):
    """The other token's set, that may have a word of mine."""

    __slots__ = ("members",)
    way_out = (
        "theirs(set) marks the other token's set in where=, where it has a word of mine: theirs(set).contains(word)"
    )

    def __init__(self, members: Bits) -> None:
        self.members = members

    def contains(self, word: Any) -> Condition:
        """The condition that their set has my word."""
        mine = _mine(word)
        if mine.op == "constant":
            return Condition("==", (self.members.contains(mine),), (as_word(1),))
        return Condition("contains", self.members.words, (mine,), self.members.size)


class JointCondition(Opaque):
    """Conditions on the words of a bundle, which hold together."""

    __slots__ = ("conditions",)
    way_out = Condition.way_out

    def __init__(self, conditions: tuple[Condition, ...]) -> None:
        self.conditions = conditions


class TheirParts(Opaque):
    """The other token's bundle or wide number, to be equal to one of mine."""

    __slots__ = ("value",)
    way_out = (
        "theirs(bundle) marks the other token's bundle in where=, where it is compared: where=theirs(bundle) == mine"
    )

    def __init__(self, value: Opaque) -> None:
        self.value = value

    def __eq__(self, other: Any) -> JointCondition:  # type: ignore[override]
        return JointCondition(tuple(Condition("==", (their,), (mine,)) for their, mine in self.value.paired(other)))

    __hash__ = Opaque.__hash__


def _mine(other: Any) -> Word:
    """A word of mine. Raises `ProgramError` for one of theirs."""
    if isinstance(other, Theirs):
        raise ProgramError(
            f"{here()}: both sides are the other token's; let it compare them itself: "
            "flag = a == b, then where=theirs(flag)"
        )
    return _behind_cast(as_word(other))


def _behind_cast(word: Word) -> Word:
    """A number, where it was cast to a symbol: comparisons ask nothing else."""
    return word.args[0] if word.op == "cast" else word


@overload
def theirs(word: Word | int) -> Theirs: ...
@overload
def theirs(word: Bits) -> TheirSet: ...
@overload
def theirs(word: Bundle | Wide) -> TheirParts: ...


def theirs(word: Word | int | Bits | Bundle | Wide) -> Theirs | TheirSet | TheirParts:
    """The other token's word, inside `where=`: `where=theirs(before) == x` finds tokens whose `before` is my `x`.

    It is compared by `== != < <= > >=`, or asked for in a set of mine: `set.contains(theirs(x))`. Their set may be
    asked for a word of mine: `theirs(set).contains(x)`. Several conditions as a tuple hold together;
    `where=theirs(flag)` alone means that a Boolean word is 1 there.

    >>> x = Word("symbol", (), 0, 4)
    >>> theirs(x) == 1, 1 == theirs(x)  # doctest: +ELLIPSIS
    (<theirs(<word symbol in 0..4>) == <word constant in 1..1>>, <theirs(<word symbol in 0..4>) == ...>)
    """
    if isinstance(word, Bundle | Wide):
        return TheirParts(word)
    return TheirSet(word) if isinstance(word, Bits) else Theirs(_behind_cast(as_word(word)))


def conditions(where: Any) -> tuple[Condition, ...]:
    """The conditions of a `where=`. Raises `ProgramError` for what marks nothing."""
    given = where if isinstance(where, tuple | list) else (where,)
    several = [each.conditions if isinstance(each, JointCondition) else (_condition(each),) for each in given]
    return tuple(condition for each in several for condition in each)


def _condition(condition: Any) -> Condition:
    if isinstance(condition, Condition):
        return condition
    if isinstance(condition, Theirs):
        if not condition.word.is_boolean:
            raise ProgramError(
                f"{here()}: where=theirs(word) alone needs a Boolean word, not one in "
                f"{condition.word.lo}..{condition.word.hi}; compare it: where=theirs(word) == mine"
            )
        return Condition("==", (condition.word,), (as_word(1),))
    if isinstance(condition, Word):
        raise ProgramError(f"{here()}: {_rewritten(condition)}")
    if isinstance(condition, TheirSet | Bits):
        raise ProgramError(f"{here()}: {condition.way_out}")
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
        "where= takes one comparison each and must mark the other token's word: where=theirs(word) == mine (or "
        "!= < <= > >=), or where=theirs(flag) for a flag that the other token computed on its own"
    )


def _called(word: Word) -> str:
    """What the user calls a word, if that is simple."""
    if word.op == "constant":
        return str(word.lo)
    name = None if word.origin == origin() else assigned_name(word.origin, word.ordinal)
    return word.label or name or ".."
