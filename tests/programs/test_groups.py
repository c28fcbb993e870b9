"""Groups by name, generators and table: axioms, known orders, few points; what is no group is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.lang import interpret
from logdepth.programs import BUILT_IN
from logdepth.programs.groups import Group, group_of

_ORDERS = (
    "z1 1, z2 2, z7 7, z60 60, c8 8, d1 2, d2 4, d4 8, d5 10, q8 8, q16 16, q32 32, s1 1, s3 6, s4 24, s5 "
    "120, a3 3, a4 12, a5 60, v4 4, z2xz3 6, z2xs3 12, s3xs3 36 "
)
ORDERS = {name: int(order) for name, order in (pair.split() for pair in _ORDERS.split(","))}
POINTS = {"z60": 12, "z8": 8, "z12": 7, "q8": 8, "d4": 4, "d6": 5, "v4": 4, "s5": 5, "a5": 5, "z2xs3": 5}


def table(group: Group) -> np.ndarray:
    return np.array([[group.product([a, b]) for b in group.all] for a in group.all])


def axioms(products: np.ndarray, identity: int) -> None:
    n = np.arange(len(products))
    assert (products[identity] == n).all() and (products[:, identity] == n).all()
    assert (np.sort(products, 1) == n).all() and (np.sort(products, 0) == n[:, None]).all()
    assert all((products[products[a]] == products[a][products]).all() for a in n)


def orders(group: Group) -> list[int]:
    """Of every element how often it must be taken to give the identity."""
    return [next(k for k in range(1, 200) if group.product([a] * k) == group.identity) for a in group.all]


@pytest.mark.parametrize("name", ORDERS)
def test_named_groups(name: str) -> None:
    group = group_of(name)
    assert group.order == ORDERS[name] == len(set(group.elements)) == len(set(group.names))
    axioms(table(group), group.identity)
    if name in POINTS:
        assert sum(group.orbit_sizes) == POINTS[name]


def test_they_are_the_groups_that_they_are_called() -> None:
    assert sorted(orders(group_of("q8"))) == [1, 2, 4, 4, 4, 4, 4, 4]  # one element of order 2: no dihedral group
    assert sorted(orders(group_of("d4"))) == [1, 2, 2, 2, 2, 2, 4, 4]
    assert sorted(orders(group_of("v4"))) == [1, 2, 2, 2]
    assert max(orders(group_of("z60"))) == 60 and max(orders(group_of("q16"))) == 8
    q8, names = group_of("q8"), group_of("q8").names
    say = dict(zip(names, q8.all, strict=True))
    for a, b, c in (("i", "j", "k"), ("j", "k", "i"), ("k", "i", "j"), ("i", "i", "-1"), ("j", "i", "-k")):
        assert names[q8.product([say[a], say[b]])] == c
    z60 = group_of("z60")
    assert [z60.product([7, 58]), z60.product([1] * 59)] == [5, 59]
    d5 = group_of("d5")
    r, s = d5.names.index("r1"), d5.names.index("s0")
    assert d5.product([s, r]) == d5.product([r, r, r, r, s]) and d5.product([s, s]) == d5.identity


def test_permutations_from_left_to_right() -> None:
    s3 = group_of("s3")
    first, then = s3.names.index("213"), s3.names.index("132")  # swap 1 and 2, then 2 and 3: 1 goes to 3
    assert s3.names[s3.product([first, then])] == "312"
    assert [s3.names[i] for i in (s3.identity, 0)] == ["123", "123"]


@pytest.mark.parametrize("name", ["s3", "q8", "z6", "d4", "a4", "z2xz3"])
def test_a_table_gives_the_same_products(name: str) -> None:
    named = group_of(name)
    products = table(named)
    letters = [f"g{i}" for i in named.all]
    text = "\n".join([" ".join(letters), *(" ".join(letters[c] for c in row) for row in products)])
    for written in (text, text.replace("\n", "; "), f"# mine\n{text}\n"):
        found = group_of(written)
        assert found.names == tuple(letters) and (table(found) == products).all()
    assert sum(found.orbit_sizes) <= named.order


def test_generators() -> None:
    assert group_of("(1 2 3 4 5); (1 2)").names == group_of("s5").names
    assert group_of("(1 2 3)\n(3 4 5)  # two turns").order == 60
    assert group_of("(2,7)(4 9)").order == 2


@given(st.lists(st.integers(0, 119), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_any_word_of_s5(word: list[int]) -> None:
    """Against permutations multiplied out by hand, nothing of the library's."""
    points = list(itertools.permutations(range(5)))
    now, want = list(range(5)), []
    for letter in word:
        now = [points[letter][point] for point in now]
        want.append(points.index(tuple(now)))
    found = interpret(BUILT_IN["word_problem"].trace(len(word), 120), np.array([word]))
    assert isinstance(found, np.ndarray)
    assert found[0, 1:].tolist() == want


REFUSED = [
    ("", "group is empty"),
    ("m11", "there is no group 'm11'; there are s, a, z and d with a number"),
    ("s7", "group s7 has 5,040 elements or more; the limit is 1,024"),
    ("z300", "group z300 has 300 elements; the limit is 256"),
    ("z100xz100", "group z100xz100 has 10,000 elements; the limit is 1,024"),
    ("(1 2 3", "group, line 1: '(1 2 3' is no permutation in cycles, such as (1 2 3)(4 5)"),
    ("(1 2)\n(1 2)(2 3)", "group, line 2: 2 occurs twice in '(1 2)(2 3)'"),
    ("(1 2 3 4 5 6 7); (1 2)", "these generators make over 1,024 elements"),
    ("e a\ne a", "2 elements in line 1 and 1 lines of products"),
    ("e a\ne a\na b", "group, line 3: 'b' is none of the elements in line 1"),
    ("e a\ne a\na", "group, line 3: 1 products; there are 2 elements"),
    ("e e\ne e\ne e", "group, line 1: an element is named twice"),
    ("e a\ne e\na a", "the table has no neutral element, so it is no group"),
    ("e a\ne a\na a", "the products of a are not all different, so it is no group"),
    (
        "0 1 2 3 4; 0 1 2 3 4; 1 0 3 4 2; 2 4 0 1 3; 3 2 4 0 1; 4 3 1 2 0",
        "so it is no group",
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_group(text: str, message: str) -> None:
    with pytest.raises(InputError, match="group") as error:
        group_of(text)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_what_cannot_be_numbered() -> None:
    turn, flip = " ".join(map(str, range(1, 301))), "".join(f"({i} {301 - i})" for i in range(1, 151))
    with pytest.raises(InputError, match=r"takes a table over 90,000 images of 2 points; the limit is 65,536"):
        BUILT_IN["word_problem"].trace(4, 600, group=f"({turn}); {flip}")
