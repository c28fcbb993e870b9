"""Finite groups as permutations of few points: by a name (s5, a5, z60, d4, q8, z2xs3), by generators, by a table.

Generators are in cycle notation, one a line: `(1 2 3 4 5)`. A multiplication table is a line with the elements' names,
then a line for each of them: what it is times each of the others, in their order. Lines may be joined by `;`, and `#`
begins a comment. A product is taken from left to right: `p q` is first p, then q.

A group given by its table acts on the cosets of subgroups; those are chosen that need few points. Z60 needs 12 (4 + 3 +
5) rather than 60, and S5 its 5.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import permutations

import numpy as np

from logdepth.errors import InputError

MOST_ELEMENTS = 1024
MOST_IN_TABLE = 256  # of a group whose subgroups are looked through
Permutation = tuple[int, ...]
_NAME = re.compile(r"[sazcd][1-9][0-9]{0,3}|q8|q16|q32|v4")


@dataclass(frozen=True, eq=False)
class Group:
    """A group's elements by number: their names, and each as a permutation of the points 0..degree-1.

    >>> group_of("s3").names, group_of("z60").orbit_sizes
    (('123', '132', '213', '231', '312', '321'), [3, 4, 5])
    """

    names: tuple[str, ...]
    elements: tuple[Permutation, ...]

    @property
    def order(self) -> int:
        return len(self.elements)

    @property
    def all(self) -> range:
        """The elements' numbers."""
        return range(self.order)

    @cached_property
    def number(self) -> dict[Permutation, int]:
        return {element: number for number, element in enumerate(self.elements)}

    @cached_property
    def identity(self) -> int:
        return self.number[tuple(range(len(self.elements[0])))]

    def product(self, word: Sequence[int]) -> int:
        """The product of elements, from left to right."""
        points = self.elements[self.identity]
        for number in word:
            points = tuple(self.elements[number][point] for point in points)
        return self.number[points]

    @cached_property
    def orbits(self) -> list[list[int]]:
        """The points, by where they can be moved to; those that never move are left out."""
        found: list[list[int]] = []
        for point in range(len(self.elements[0])):
            reached = sorted({element[point] for element in self.elements})
            if len(reached) > 1 and reached not in found:
                found.append(reached)
        return found

    @property
    def orbit_sizes(self) -> list[int]:
        return sorted(map(len, self.orbits))


@lru_cache(maxsize=64)
def group_of(text: str) -> Group:
    """A group by its name, generators or table. Raises `InputError`, naming the line, for what is none."""
    if is_name(text.strip()):
        return _named(text.strip().lower())
    lines = [(number, line.split("#")[0].strip()) for number, line in enumerate(re.split(r"[\n;]", text), 1)]
    lines = [(number, line) for number, line in lines if line]
    if not lines:
        raise InputError("group is empty; give a name such as s5, generators such as (1 2 3), or a table")
    if "(" in lines[0][1]:
        return _generated(lines)
    if len(lines) == 1 and re.fullmatch(r"\w+", lines[0][1]):
        raise InputError(
            f"there is no group {lines[0][1]!r}; there are s, a, z and d with a number (s5, a5, z60, d4), q8, q16, "
            "q32, v4, products of these (z2xs3), generators such as (1 2 3 4 5); (1 2), and tables"
        )
    return _of_table(lines)


def is_name(text: str) -> bool:
    """Whether a text is a group's name.

    >>> is_name("s5"), is_name("z2xa4"), is_name("sort")
    (True, True, False)
    """
    return all(_NAME.fullmatch(part) for part in text.lower().split("x"))


def _named(name: str) -> Group:
    parts = [_simple(part) for part in name.split("x")]
    if (order := math.prod(part.order for part in parts)) > MOST_ELEMENTS:
        raise InputError(f"group {name} has {order:,} elements; the limit is {MOST_ELEMENTS:,}")
    found = parts[0]
    for part in parts[1:]:
        degree = len(found.elements[0])
        pairs = [(a, b) for a in range(found.order) for b in range(part.order)]
        names = tuple(f"{found.names[a]},{part.names[b]}" for a, b in pairs)
        points = (found.elements[a] + tuple(degree + point for point in part.elements[b]) for a, b in pairs)
        found = Group(names, tuple(points))
    return found


def _simple(name: str) -> Group:
    kind, number = name[0], int(name[1:])
    order = {"s": lambda: math.factorial(min(number, 20)), "a": lambda: math.factorial(min(number, 20)) // 2}.get(
        kind, lambda: number * (1 + (kind == "d"))
    )()
    if order > MOST_ELEMENTS:
        raise InputError(f"group {name} has {order:,} elements or more; the limit is {MOST_ELEMENTS:,}")
    if kind not in "sa" and order > MOST_IN_TABLE:
        raise InputError(f"group {name} has {order:,} elements; the limit is {MOST_IN_TABLE:,}")
    if kind in "sa":
        elements = [p for p in permutations(range(number)) if kind == "s" or _even(p)]
        return _of_permutations(elements)
    if kind in "zc":
        values = np.arange(number)
        return _acting([str(value) for value in values], (values[:, None] + values) % number)
    if name == "v4":
        values = np.arange(4)
        return _acting(["e", "a", "b", "c"], values[:, None] ^ values)
    if kind == "d":  # r^a s^b, where s r = r^-1 s
        names = [f"{flip}{turn}" for flip in "rs" for turn in range(number)]
        a, b = np.arange(2 * number) % number, np.arange(2 * number) // number
        turns = (a[:, None] + np.where(b[:, None] == 1, -a, a)) % number
        return _acting(names, turns + number * (b[:, None] ^ b))
    half = number // 2  # x^a y^b, where y x = x^-1 y and y y = x^(half / 2)
    a, b = np.arange(number) % half, np.arange(number) // half
    turns = (a[:, None] + np.where(b[:, None] == 1, -a, a) + (b[:, None] & b) * (half // 2)) % half
    names = [f"{'y' if flip else 'x'}{turn}" for flip in (0, 1) for turn in range(half)]
    if name == "q8":
        names = ["1", "i", "-1", "-i", "j", "k", "-j", "-k"]
    return _acting(names, turns + half * (b[:, None] ^ b))


def _even(permutation: Permutation) -> bool:
    return sum(a > b for i, a in enumerate(permutation) for b in permutation[i + 1 :]) % 2 == 0


def _of_permutations(elements: Sequence[Permutation]) -> Group:
    """In their order as tuples; named by the images of 1, 2, .."""
    elements = sorted(elements)
    between = "" if len(elements[0]) < 10 else "."
    return Group(tuple(between.join(str(p + 1) for p in each) for each in elements), tuple(elements))


def _generated(lines: list[tuple[int, str]]) -> Group:
    """The group of permutations that generators make."""
    cycles = [(number, _cycles(number, line)) for number, line in lines]
    points = sorted({point for _, each in cycles for cycle in each for point in cycle})
    place = {point: i for i, point in enumerate(points)}
    generators = []
    for _, each in cycles:
        images = list(range(len(points)))
        for cycle in each:
            for point, image in zip(cycle, [*cycle[1:], *cycle[:1]], strict=True):
                images[place[point]] = place[image]
        generators.append(tuple(images))
    found, new = {tuple(range(len(points)))}, [tuple(range(len(points)))]
    while new:
        element = new.pop()
        for generator in generators:
            product = tuple(generator[point] for point in element)
            if product not in found:
                found.add(product)
                new.append(product)
        if len(found) > MOST_ELEMENTS:
            raise InputError(f"group: these generators make over {MOST_ELEMENTS:,} elements, which is the limit")
    return _of_permutations(list(found))


def _cycles(number: int, line: str) -> list[list[int]]:
    if not re.fullmatch(r"(\(\s*[0-9]{1,6}([\s,]+[0-9]{1,6})*\s*\)\s*)+", line):
        raise InputError(f"group, line {number}: {line!r:.60} is no permutation in cycles, such as (1 2 3)(4 5)")
    cycles = [[int(point) for point in re.findall(r"[0-9]+", cycle)] for cycle in line.split(")")[:-1]]
    flat = [point for cycle in cycles for point in cycle]
    for point in flat:
        if flat.count(point) > 1:
            raise InputError(f"group, line {number}: {point} occurs twice in {line!r:.60}")
    return cycles


def _of_table(lines: list[tuple[int, str]]) -> Group:
    """A group by its multiplication table. Raises `InputError` for a table that is none."""
    names = lines[0][1].split()
    if len(set(names)) < len(names):
        raise InputError(f"group, line {lines[0][0]}: an element is named twice")
    if len(names) > MOST_IN_TABLE:
        raise InputError(f"group: {len(names):,} elements; the limit of a table is {MOST_IN_TABLE:,}; give generators")
    if len(lines) != len(names) + 1:
        raise InputError(
            f"group: {len(names)} elements in line {lines[0][0]} and {len(lines) - 1} lines of products; a table has a "
            "line with the elements' names and one for each of them"
        )
    table = np.empty((len(names), len(names)), np.int64)
    for row, (number, line) in enumerate(lines[1:]):
        cells = line.split()
        if len(cells) != len(names):
            raise InputError(f"group, line {number}: {len(cells)} products; there are {len(names)} elements")
        for column, cell in enumerate(cells):
            if cell not in names:
                raise InputError(f"group, line {number}: {cell!r:.40} is none of the elements in line {lines[0][0]}")
            table[row, column] = names.index(cell)
    _check_group(table, names)
    return _acting(names, table)


def _check_group(table: np.ndarray, names: Sequence[str]) -> None:
    n = np.arange(len(table))
    if not any((table[e] == n).all() and (table[:, e] == n).all() for e in n):
        raise InputError("group: the table has no neutral element, so it is no group")
    for a, name in enumerate(names):
        if (np.sort(table[a]) != n).any():
            raise InputError(f"group: the products of {name} are not all different, so it is no group")
        wrong = np.argwhere(table[table[a]] != table[a][table])
        if wrong.size:
            b, c = (names[int(each)] for each in wrong[0])
            raise InputError(f"group: ({name} {b}) {c} is not {name} ({b} {c}), so it is no group")


def _acting(names: Sequence[str], table: np.ndarray) -> Group:
    """The elements as permutations of cosets of subgroups, of as few as are found: H a, times b, is H a b."""
    order, whole = len(table), frozenset(range(len(table)))
    if order == 1:
        return Group(tuple(names), ((0,),))
    left: frozenset[int] = whole  # what moves no coset so far
    chosen: list[tuple[frozenset[int], frozenset[int]]] = []
    subgroups = [(each, _core(table, each)) for each in _subgroups(table) if len(each) < order]
    while len(left) > 1:
        gains = [
            (math.log(len(left) / len(left & core)) * len(each) / order, -order // len(each), number)
            for number, (each, core) in enumerate(subgroups)
        ]
        chosen.append(subgroups[max(gains)[2]])
        left &= chosen[-1][1]
    for each in sorted(chosen, key=lambda pair: len(pair[0])):
        others = [other for other in chosen if other is not each]
        if others and len(frozenset.intersection(*(core for _, core in others))) == 1:
            chosen = others
    parts: list[list[int]] = [[] for _ in range(order)]
    for subgroup, _ in chosen:
        coset = np.full(order, -1)
        first = []
        for element in range(order):
            if coset[element] < 0:
                coset[table[sorted(subgroup), element]] = len(first)
                first.append(element)
        for element in range(order):
            offset = len(parts[element])
            parts[element] += [offset + int(coset[table[representative, element]]) for representative in first]
    return Group(tuple(names), tuple(map(tuple, parts)))


def _subgroups(table: np.ndarray) -> list[frozenset[int]]:
    """The subgroups that one element makes, and two of those together where there are not too many."""
    one = {_closure(table, {element}) for element in range(len(table))}
    found = set(one)
    if len(one) <= 100:
        found |= {_closure(table, set(a | b)) for a in one for b in one}
    return sorted(found, key=lambda each: (-len(each), sorted(each)))


def _closure(table: np.ndarray, generators: set[int]) -> frozenset[int]:
    found = set(generators)
    new = list(generators)
    while new:
        element = new.pop()
        for product in {*table[element, sorted(generators)].tolist()} - found:
            found.add(product)
            new.append(product)
    return frozenset(found)


def _core(table: np.ndarray, subgroup: frozenset[int]) -> frozenset[int]:
    """What is in all conjugates: what moves no coset."""
    members, core = sorted(subgroup), set(subgroup)
    for g in range(len(table)):
        conjugates = table[table[g, members]]  # (g h) x, by x
        inverse = int(np.argmax(table[g] == np.argmax((table == np.arange(len(table))).all(1))))
        core &= set(conjugates[:, inverse].tolist())
    return frozenset(core)
