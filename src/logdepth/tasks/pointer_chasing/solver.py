"""The definition of pointer chasing, and the fast solver's parts: where images stand, how many hops lead on.

A string is V pairs (v, f(v)) in any order, then queries: `v f(v) u f(u) .. q q' ..`, every symbol a vertex.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int, Integer
from numba import njit

from logdepth.errors import InputError


def chase_by_definition(string: Sequence[int], num_vertices: int, k: int) -> list[int]:
    """f^k of every symbol of the string, one step at a time.

    >>> chase_by_definition([0, 1, 1, 2, 2, 0, 1], 3, 2)
    [2, 0, 0, 1, 1, 2, 0]
    """
    image = {string[2 * i]: string[2 * i + 1] for i in range(num_vertices)}
    answers = []
    for vertex in string:
        for _ in range(k):
            vertex = image[vertex]
        answers.append(vertex)
    return answers


def image_slots(strings: Integer[np.ndarray, "batch n"], num_vertices: int) -> Int[np.ndarray, "batch slots"]:
    """For every slot the one where the image of its vertex is listed; slot 0 points at itself.

    Raises `InputError` for a string that does not list every vertex once.

    >>> image_slots(np.array([[0, 1, 1, 2, 2, 0, 1]]), 3).tolist()
    [[0, 2, 4, 4, 6, 6, 2, 4]]
    """
    strings = np.asarray(strings, np.int64)
    pairs = 2 * num_vertices
    if strings.shape[1] <= pairs:
        raise InputError(f"length is {strings.shape[1]}; {num_vertices} pairs and a query need {pairs + 1} at least")
    wrong = (np.sort(strings[:, 0:pairs:2], 1) != np.arange(num_vertices)).any(1)
    wrong |= ((strings < 0) | (strings >= num_vertices)).any(1)
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"string {row + 1}: its first {pairs} symbols must be pairs, vertex and image, of each of the "
            f"{num_vertices} vertices once, the others vertices"
        )
    listed = np.empty((len(strings), num_vertices), np.int64)
    places = np.broadcast_to(np.arange(2, pairs + 1, 2), listed.shape)
    np.put_along_axis(listed, strings[:, 0:pairs:2], places, 1)
    found = np.zeros((len(strings), strings.shape[1] + 1), np.int64)
    found[:, 1:] = np.take_along_axis(listed, strings, 1)
    return found


def hops_to_new(strings: Integer[np.ndarray, "batch n"], num_vertices: int, k: int) -> Int[np.ndarray, "batch n"]:
    """How many of the k hops from each symbol lead to a vertex not met before: k, or fewer where the way is a round.

    >>> hops_to_new(np.array([[0, 1, 1, 2, 2, 2, 0]]), 3, 9)[0].tolist()
    [2, 1, 1, 0, 0, 0, 2]
    """
    strings = np.ascontiguousarray(strings, np.int64)
    found = np.empty(strings.shape, np.int64)
    _hops_to_new(strings, num_vertices, k, found)
    return found


@njit(cache=True)
def _hops_to_new(strings, size, k, found):
    image = np.empty(size, np.int64)
    met = np.empty(size, np.int64)
    for row in range(strings.shape[0]):
        for i in range(size):
            image[strings[row, 2 * i]] = strings[row, 2 * i + 1]
        met[:] = -1
        for i in range(strings.shape[1]):
            vertex, hops = strings[row, i], 0
            met[vertex] = i
            while hops < k and met[image[vertex]] != i:
                vertex = image[vertex]
                met[vertex] = i
                hops += 1
            found[row, i] = hops
