"""Partials folded in any order are the softmax of the whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.simulation.online_softmax import Partial, attend, fold, merge, nothing, one_key


def by_definition(query, key, value, visible):
    groups = query.shape[1] // key.shape[1]
    scores = np.einsum("qhd,khd->qhk", query, np.repeat(key, groups, 1))
    weights = np.exp(scores - scores.max()) * visible[:, None, :]
    total = weights.sum(-1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return np.einsum("qhk,khd->qhd", weights, np.repeat(value, groups, 1))


def draw(rng, queries, keys, heads, kv):
    shapes = (queries, heads, 3), (keys, kv, 3), (keys, kv, 2)
    return tuple(rng.normal(size=shape) for shape in shapes)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(1, 9), st.sampled_from([(1, 1), (2, 2), (4, 2), (3, 1)]), st.integers(0, 999))
def test_any_parts_in_any_order(queries, keys, heads, seed):
    rng = np.random.default_rng(seed)
    query, key, value = draw(rng, queries, keys, *heads)
    visible = rng.random((queries, keys)) < 0.6
    whole = by_definition(query, key, value, visible)
    np.testing.assert_allclose(attend(query, key, value, visible).mean, whole, atol=1e-13)
    read = nothing(queries, heads[0], 2, np.dtype(float))
    for part in np.split(rng.permutation(keys), np.sort(rng.integers(0, keys + 1, 2))):
        if len(part):
            read = merge(attend(query, key[part], value[part], visible[:, part]), read)
    np.testing.assert_allclose(read.mean, whole, atol=1e-13)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.integers(0, 999))
def test_a_tree_of_single_keys(keys, seed):
    rng = np.random.default_rng(seed)
    query, key, value = draw(rng, 1, keys, 4, 2)
    parts = one_key(np.repeat(query, keys, 0), key, value)
    starts = np.unique(np.concatenate([[0], rng.integers(0, keys, 3)]))
    folded = fold(fold(parts, starts), np.array([0]))
    np.testing.assert_allclose(folded.mean, by_definition(query, key, value, np.ones((1, keys))), atol=1e-13)
    assert fold(Partial(parts.log_z[:0], parts.mean[:0]), starts[:0]).mean.shape == (0, 4, 2)


def test_scores_of_any_size_and_queries_that_see_nothing():
    one = np.ones((2, 1, 1))
    huge = attend(1e4 * one, np.array([[[1.0]], [[0.5]]]), np.array([[[3.0]], [[7.0]]]), np.eye(2, dtype=bool)[:, :])
    assert huge.mean.ravel().tolist() == [3.0, 7.0] and huge.log_z.ravel().tolist() == [1e4, 5e3]
    blind = attend(one, one, one, np.zeros((2, 2), bool))
    assert (blind.log_z == -np.inf).all() and (blind.mean == 0).all()
    assert (merge(blind, huge).mean == huge.mean).all() and (merge(blind, blind).log_z == -np.inf).all()
