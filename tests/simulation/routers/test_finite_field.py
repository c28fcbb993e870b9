"""Sparse sums over GF(2^31 - 1) against Python's integers."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.simulation.routers.finite_field import P, inverse, is_root, locator_polynomials, power_sums, values_at

ELEMENTS = st.integers(1, P - 1) | st.sampled_from([1, 2, P - 1, P - 2])


@given(st.lists(ELEMENTS, min_size=1, max_size=20))
def test_inverses(elements):
    x = np.array(elements, np.int64)
    assert (inverse(x) * x % P == 1).all()


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.sets(ELEMENTS, max_size=9), min_size=1, max_size=3), st.integers(0, 4), st.data())
def test_terms_are_found_with_their_values(rows, spare, data):
    """Rows of K <= T terms each, K known or not: found among candidates that hold them and others."""
    rows = [sorted(roots) for roots in rows]
    count = max(max(map(len, rows)) + spare, 1)
    row = np.repeat(np.arange(len(rows)), list(map(len, rows)))
    weights = [[data.draw(st.integers(0, P - 1)), data.draw(st.integers(0, P - 1))] for _ in row]
    x, w = np.array([x for xs in rows for x in xs], np.int64), np.array(weights, np.int64).reshape(-1, 2)
    plain, weighted = power_sums(row, x, w, len(rows), count)
    for number in range(len(rows)):
        mine = [(int(a), b.tolist()) for a, b in zip(x[row == number], w[row == number], strict=True)]
        assert plain[number].tolist() == [sum(pow(a, j, P) for a, _ in mine) % P for j in range(1, count + 1)]
        for word in range(2):
            want = [sum(b[word] * pow(a, power, P) for a, b in mine) % P for power in range(count)]
            assert weighted[number, :, word].tolist() == want
    for terms in (None, np.array([len(xs) for xs in rows])):
        polynomial = locator_polynomials(plain, terms)
        others = [[other for other in (3, 5, P - 3) if other not in xs] for xs in rows]
        candidates = np.array([x for pair in zip(rows, others, strict=True) for part in pair for x in part], np.int64)
        of = np.repeat(np.arange(len(rows)), [len(xs) + len(more) for xs, more in zip(rows, others, strict=True)])
        found = is_root(polynomial, of, candidates)
        assert candidates[found].tolist() == x.tolist()
        assert of[found].tolist() == row.tolist()
        assert values_at(polynomial, row, x, weighted).tolist() == weights


def test_one_term_too_many_is_another_polynomial():
    """T power sums cannot tell T + 1 terms apart: the count of terms is needed (`sums` has it)."""
    power_sums = np.array([[1 + 2 + 4, 1 + 4 + 16]])
    assert not is_root(locator_polynomials(power_sums), np.zeros(3, np.int64), np.array([1, 2, 4])).any()


def test_the_largest_elements():
    """At the far end of what folding twice brings back: all P - 1, many at once."""
    x = np.full(300, P - 1)
    plain, weighted = power_sums(np.zeros(300, np.int64), x, x[:, None], 1, 4)
    assert plain.tolist() == [[P - 300, 300, P - 300, 300]]
    assert weighted.ravel().tolist() == [P - 300, 300, P - 300, 300]
