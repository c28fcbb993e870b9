"""Brackets: Dyck-k with any nesting, its shuffles, and which bracket one closes. Constant depth, whatever the length.

A prefix's level is how many brackets are open: twice the opening ones less the position.
- *shuffle-dyck* (each kind balanced for itself): nobody may have closed more of its own kind than were opened. Then no
  kind is below zero anywhere, so all are closed in the end as soon as the level is 0. Three counts, however many kinds.
- *dyck* (nested): a closing bracket's partner is the last opening one of a level one higher than its own; an opening
  one finds itself. Kinds must agree. Where a prefix is below zero for the first time, no opening one has the level
  asked for: the start token is found, which is of no kind. With one kind, levels alone tell.

Source: counters, Bhattamishra, Ahuja, Goyal 2020 (shuffle-Dyck); matching by levels, Yao, Peng, Papadimitriou and
Narasimhan 2021 (bounded Dyck-k by hard attention). Here nesting is bounded by the length alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from logdepth.lang import (
    AtLeast,
    AtMost,
    Position,
    Symbol,
    Word,
    count,
    exists,
    last,
    program,
    select,
    theirs,
)
from logdepth.programs.comparing import count_less, read_less
from logdepth.programs.stated import Question, Stated

_NAMES = "()[]{}" + "".join(letter + letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz")
Kinds = Annotated[int, AtLeast(1), AtMost(len(_NAMES) // 2)]


def names(kinds: int = 1) -> str:
    """The brackets: an even symbol opens, the next one closes it."""
    return _NAMES[: 2 * kinds]


@dataclass(frozen=True)
class _Seen:
    """What of the tokens counts: all that are seen, or, where everything is seen, those up to me."""

    position: Word
    whole: bool

    def count(self, condition: Any) -> Word:
        """How many there are."""
        if self.whole:
            return count_less(self.position, self.position + 1, condition)
        return count(where=condition)

    def latest(self, *where: Any) -> Callable[[Word], Word]:
        """Reads from the latest of them."""
        if self.whole:
            return read_less(last, self.position, self.position + 1, *where)
        return last(where=where).read

    def ends(self, flag: Word) -> Word:
        """A flag of the last token that is asked about."""
        return last().read(flag) if self.whole else flag


@program(alphabet=names)
def shuffle_dyck(x: Symbol, position: Position, kinds: Kinds = 2):
    """Whether the brackets of each kind are balanced, taken for themselves."""
    return _shuffle(x, _Seen(position, False))


@program(alphabet=names, causal=False)
def shuffle_dyck_whole(x: Symbol, position: Position, kinds: Kinds = 2):
    """Whether the brackets of each kind are balanced, taken for themselves."""
    return _shuffle(x, _Seen(position, True))


def _shuffle(x: Word, seen: _Seen) -> Word:
    kind = x // 2
    opened, closed = seen.count(theirs(x) == kind * 2), seen.count(theirs(x) == kind * 2 + 1)
    return seen.ends(_all_closed(seen, seen.count(theirs(x % 2) == 0))) & ~exists(where=theirs(opened < closed))


@program(alphabet=names)
def dyck(x: Symbol, position: Position, kinds: Kinds = 1):
    """Whether the brackets are balanced and nested."""
    return _dyck(x, _Seen(position, False), kinds)


@program(alphabet=names, causal=False)
def dyck_whole(x: Symbol, position: Position, kinds: Kinds = 1):
    """Whether the brackets are balanced and nested."""
    return _dyck(x, _Seen(position, True), kinds)


def _dyck(x: Word, seen: _Seen, kinds: int) -> Word:
    opening = seen.count(theirs(x % 2) == 0)
    if kinds == 1:
        wrong = opening < (seen.position + 1) // 2
    else:
        wrong = _partner(x, opening, seen)(x // 2) != x // 2
    return seen.ends(_all_closed(seen, opening)) & ~exists(where=theirs(wrong))


def _all_closed(seen: _Seen, opening: Word) -> Word:
    """Whether half of the brackets up to me are opening ones."""
    return opening == select(seen.position % 2 == 0, seen.position // 2, -1)


def _partner(x: Word, opening: Word, seen: _Seen) -> Callable[[Word], Word]:
    """Reads from the opening bracket that mine closes; of an opening one, itself."""
    odd, closing = seen.position % 2, x % 2
    level = opening - seen.position // 2  # with `odd`: twice this, less odd
    above = opening - select(closing == 1, (seen.position - 1) // 2, seen.position // 2)
    return seen.latest(theirs(x % 2) == 0, theirs(level) == above, theirs(odd) == odd ^ closing)


@program(alphabet=names)
def partner(x: Symbol, position: Position, kinds: Kinds = 1):
    """Where the bracket stands that mine closes; 0 for an opening one, and where there is none."""
    opening = count(where=theirs(x % 2) == 0)
    return select(x % 2 == 0, 0, _partner(x, opening, _Seen(position, False))(position))


def _nested(seen: list[int], i: int, asked: Question) -> int:
    open_kinds: list[int] = []
    for symbol in seen:
        if symbol % 2 == 0:
            open_kinds.append(symbol // 2)
        elif not open_kinds or open_kinds.pop() != symbol // 2:
            return 0
    return int(not open_kinds)


def _shuffled(seen: list[int], i: int, asked: Question) -> int:
    for kind in range(asked["kinds"]):
        balance = 0
        for symbol in seen:
            balance += (symbol == 2 * kind) - (symbol == 2 * kind + 1)
            if balance < 0:
                return 0
        if balance:
            return 0
    return 1


def _closed(seen: list[int], i: int, asked: Question) -> int:
    stack, found = [], 0
    for place, symbol in enumerate(seen, 1):
        found = 0
        if symbol % 2 == 0:
            stack.append(place)
        elif stack:
            found = stack.pop()
    return found


def nested(rng: np.random.Generator, asked: Question) -> list[int]:
    """A balanced and nested string (of odd length: all but its last symbol), or one with one symbol changed."""
    string: list[int] = []
    open_kinds: list[int] = []
    while len(string) < asked.length:
        left = asked.length - len(string)
        if open_kinds and (len(open_kinds) >= left or rng.random() < 0.5):
            string.append(2 * open_kinds.pop() + 1)
        else:
            open_kinds.append(int(rng.integers(asked.alphabet_size // 2)))
            string.append(2 * open_kinds[-1])
    if rng.random() < 0.5:
        string[int(rng.integers(asked.length))] = int(rng.integers(asked.alphabet_size))
    return string


def _mixed(rng: np.random.Generator, asked: Question) -> list[int]:
    """Balanced strings of each kind, shuffled into each other, or with one symbol changed."""
    string: list[int] = []
    balances = [0] * (asked.alphabet_size // 2)
    while len(string) < asked.length:
        kind, left = int(rng.integers(len(balances))), asked.length - len(string)
        if sum(balances) >= left:
            kind = next(k for k in rng.permutation(len(balances)).tolist() if balances[k])
        closing = balances[kind] > 0 and (sum(balances) >= left or rng.random() < 0.5)
        balances[kind] += -1 if closing else 1
        string.append(2 * kind + closing)
    if rng.random() < 0.5:
        string[int(rng.integers(asked.length))] = int(rng.integers(asked.alphabet_size))
    return string


STATED = (
    Stated(
        "dyck",
        "whether the brackets are balanced and nested (k kinds, any nesting)",
        (dyck, dyck_whole),
        _nested,
        lambda asked: 3 + (asked["kinds"] > 1) * (1 if asked.causal else 2) + (not asked.causal),
        "matching by levels (Yao et al. 2021)",
        nested,
        {"kinds": 2},
    ),
    Stated(
        "shuffle-dyck",
        "whether the brackets of each kind are balanced",
        (shuffle_dyck, shuffle_dyck_whole),
        _shuffled,
        lambda asked: 3 if asked.causal else 4,
        "counters (Bhattamishra et al. 2020)",
        _mixed,
        {"kinds": 2},
    ),
    Stated(
        "bracket-partner",
        "where the bracket stands that mine closes",
        (partner,),
        _closed,
        lambda asked: 3,
        "matching by levels (Yao et al. 2021)",
        nested,
        {"kinds": 1},
    ),
)
