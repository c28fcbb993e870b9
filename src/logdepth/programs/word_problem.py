"""The word problem of a finite group, and its prefix products: ceil(log2 length) + 1 layers (`composition.py`).

The last layer turns a few words that tell elements apart into the element's number. They stand in order, so for S5 as
many gates as there are elements do it. Where one word is the number already, as for cyclic groups of prime power order,
there is no such layer.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from math import prod
from typing import Literal

from logdepth.errors import InputError
from logdepth.lang import Position, Symbol, program, symbol, table
from logdepth.lang.words import MAX_TABLE
from logdepth.programs.composition import Held, composed, held
from logdepth.programs.groups import Group, group_of, is_name
from logdepth.programs.stated import Question, Stated, both


def elements(group: str = "s5") -> tuple[str, ...]:
    """The symbols: the group's elements."""
    return group_of(group).names


@program(alphabet=elements)
def word_problem(x: Symbol, position: Position, group: str = "s5", answer: Literal["product", "identity"] = "product"):
    """The product of the elements so far; or whether it is the identity."""
    found = group_of(group)
    if found.order == 1:
        return symbol(0) if answer == "product" else 1
    parts, values, base = _parts(found)
    told = sorted((tuple(seen[place] for place in base), number) for number, seen in enumerate(values))
    sizes = [1 + max(images) - min(images) for images in zip(*(seen for seen, _ in told), strict=True)]
    if prod(sizes) > MAX_TABLE:
        raise InputError(
            f"group of {found.order:,} elements: telling them apart takes a table over {prod(sizes):,} images of "
            f"{len(base)} points; the limit is {MAX_TABLE:,}: give generators that move fewer points"
        )
    words = [word for part in composed(position, x, parts) for word in part]
    images = [words[place] for place in base]
    if answer == "identity":
        home = next(seen for seen, number in told if number == found.identity)
        return table(lambda *seen: seen == home, *images)
    if all(seen == (number,) for seen, number in told):
        return symbol(images[0])
    keys = [seen for seen, _ in told]  # images that no element has take the number before: that changes least often
    return symbol(table(lambda *seen: told[max(0, bisect_right(keys, seen) - 1)][1], *images))


@lru_cache(maxsize=64)
def _parts(group: Group) -> tuple[list[Held], list[tuple[int, ...]], list[int]]:
    """How elements are held on each orbit; what all words hold for each element; which words tell elements apart."""
    functions = [[tuple(orbit.index(e[point]) for point in orbit) for e in group.elements] for orbit in group.orbits]
    parts = [held(letters) for letters in functions]
    own = [tuple(part.values(letters[e]) for part, letters in zip(parts, functions, strict=True)) for e in group.all]
    values = [tuple(value for each in seen for value in each) for seen in own]
    base: list[int] = []
    while len({tuple(seen[place] for place in base) for seen in values}) < group.order:
        told = [len({tuple(seen[p] for p in (*base, place)) for seen in values}) for place in range(len(values[0]))]
        base.append(told.index(max(told)))
    return parts, values, sorted(base)


def _answer(seen: list[int], i: int, asked: Question) -> int:
    group = group_of(asked["group"])
    product = group.product(seen[:i])
    return int(product == group.identity) if asked["answer"] == "identity" else product


def _depth(asked: Question) -> int:
    group = group_of(asked["group"])
    if group.order == 1:
        return 1
    _, values, base = _parts(group)
    numbered = asked["answer"] == "product" and [tuple(seen[p] for p in base) for seen in values] == [
        (number,) for number in group.all
    ]
    return max(1, asked.doublings + (asked.doublings > 0 and not numbered))


STATED = (
    Stated(
        "word-problem",
        "the product of a group's elements so far: s5, a5, z60, d4, q8, .., generators, a table",
        both(word_problem),
        _answer,
        _depth,
        "prefix products by doubling; Barrington 1989, Liu et al. 2023",
        example={"group": "s5"},
        named=lambda name: {"group": name} if is_name(name) else None,
    ),
)
