"""Fields: every law, of every pair and triple of elements; polynomials agree as seldom as they may."""

import numpy as np
import pytest

from logdepth.simulation.routers.small_field import GaloisField, field_from, prime_power

ORDERS = [2, 3, 4, 5, 7, 8, 9, 11, 16, 25, 27, 32]


@pytest.mark.parametrize("order", ORDERS)
def test_the_laws_of_a_field(order):
    field, elements = GaloisField.of(order), np.arange(order)
    a, b, c = elements[:, None, None], elements[None, :, None], elements[None, None, :]
    add, multiply = field.add, field.multiply
    assert (add(add(a, b), c) == add(a, add(b, c))).all() and (
        multiply(multiply(a, b), c) == multiply(a, multiply(b, c))
    ).all()
    assert (multiply(a, add(b, c)) == add(multiply(a, b), multiply(a, c))).all()
    sums, products = add(a[..., 0], b[..., 0]), multiply(a[..., 0], b[..., 0])
    assert (sums == sums.T).all() and (products == products.T).all()
    assert (sums[0] == elements).all() and (products[1] == elements).all() and (products[0] == 0).all()
    assert (np.sort(sums, axis=1) == elements).all() and (np.sort(products[1:], axis=1) == elements).all()


@pytest.mark.parametrize("order", [4, 5, 8, 9])
def test_polynomials_agree_in_fewer_points_than_their_degree_and_one(order):
    field, pairs = GaloisField.of(order), np.arange(order**2)
    values = field.values([pairs % order, pairs // order], np.arange(order))
    agree = (values[:, None] == values[None]).sum(-1)
    assert (agree[~np.eye(order**2, dtype=bool)] <= 1).all()


def test_primes_are_as_ever():
    a, b = np.arange(13)[:, None], np.arange(13)[None]
    assert (GaloisField.of(13).add(a, b) == (a + b) % 13).all() and (
        GaloisField.of(13).multiply(a, b) == a * b % 13
    ).all()


def test_orders():
    known = [n for n in range(2, 130) if prime_power(n)]
    assert known[:12] == [*ORDERS[:8], 13, 16, 17, 19] and {81, 121, 125, 128} <= set(known) and 100 not in known
    assert [field_from(n) for n in (0, 33, 122, 126)] == [2, 37, 125, 127]
