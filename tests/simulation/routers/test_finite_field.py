"""Sparse sums over GF(2^31 - 1) against Python's integers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from logdepth.simulation.routers.finite_field import P, evaluate, inverse, locator_polynomials, powers, values_at

ELEMENTS = st.integers(1, P - 1) | st.sampled_from([1, 2, P - 1, P - 2])


@given(st.lists(ELEMENTS, min_size=1, max_size=20))
def test_inverses_and_powers(elements):
    x = np.array(elements, np.int64)
    assert (inverse(x) * x % P == 1).all()
    assert powers(x, 5)[4].tolist() == [pow(element, 4, P) for element in elements]


@given(st.sets(ELEMENTS, min_size=0, max_size=9), st.integers(0, 4), st.data())
def test_terms_are_found_with_their_values(roots, spare, data):
    """Any K <= T terms, T = K + spare: found among candidates that hold them and others."""
    xs = sorted(roots)
    weights = [(data.draw(st.integers(0, P - 1)), data.draw(st.integers(0, P - 1))) for _ in xs]
    count = max(len(xs) + spare, 1)
    power_sums = np.array([[sum(pow(x, j, P) for x in xs) % P for j in range(1, count + 1)]])
    weighted = np.array(
        [
            [
                [sum(w[b] * pow(x, power, P) for x, w in zip(xs, weights, strict=True)) % P for b in range(2)]
                for power in range(count)
            ]
        ]
    )
    polynomial = locator_polynomials(power_sums)
    others = [x for x in (3, 5, P - 3) if x not in roots]
    candidates = np.array([xs + others])
    found = evaluate(polynomial, candidates)[0] == 0
    assert found.tolist() == [True] * len(xs) + [False] * len(others)
    if xs:
        many = [np.repeat(array, len(xs), 0) for array in (polynomial, weighted)]
        assert values_at(many[0], np.array(xs), many[1]).tolist() == [list(w) for w in weights]


def test_one_term_too_many_is_another_polynomial():
    """T power sums cannot tell T + 1 terms apart: the count of terms is needed (`sums` has it)."""
    power_sums = np.array([[1 + 2 + 4, 1 + 4 + 16]])
    assert (evaluate(locator_polynomials(power_sums), np.array([[1, 2, 4]])) != 0).all()
