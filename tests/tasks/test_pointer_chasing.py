from __future__ import annotations

import numpy as np
import pytest

from logdepth.errors import InputError
from logdepth.tasks.pointer_chasing import ChasingSampler, PointerChasing, hops_to_new, image_slots


def test_every_map_and_every_order_is_as_likely() -> None:
    inputs = ChasingSampler(length=5, alphabet_size=2, k=1, seed=1).batch(0, 16_000).inputs[:, 1:]
    _, counts = np.unique(inputs, axis=0, return_counts=True)
    assert len(counts) == 16 and abs(counts - 1000).max() < 180  # 2 orders, 4 maps, 2 queries; 5.8 sigma


def test_planted_maps_are_one_cycle_each_as_likely() -> None:
    task = PointerChasing(9, 4, k=4)
    strings = task.planted_strings(4, 6000)
    queries = strings[:, 8:]
    assert (task.solve(strings, 4)[:, 8:] == queries).all() and (task.solve(strings, 2)[:, 8:] != queries).all()
    images = np.take_along_axis(strings[:, 1:8:2], np.argsort(strings[:, 0:8:2], 1), 1)
    _, counts = np.unique(images, axis=0, return_counts=True)
    assert len(counts) == 6 and abs(counts - 1000).max() < 180


def test_hops_to_new_vertices_by_hand() -> None:
    string = np.array([[0, 1, 1, 2, 2, 1, 3, 3, 0, 3]])  # 0 -> 1 <-> 2, 3 -> 3
    assert [hops_to_new(string, 4, k)[0, 8:].tolist() for k in (0, 1, 2, 3, 9)] == [
        *([0, 0], [1, 0], [2, 0], [2, 0], [2, 0]),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": 8, "alphabet_size": 4, "k": 1}, "length is 8; 4 pairs and a query need 9"),
        ({"length": 9, "alphabet_size": 0, "k": 1}, "alphabet is 0"),
        ({"length": 200_000, "alphabet_size": 65_536, "k": 1}, "alphabet is 65,536"),
        ({"length": 9, "alphabet_size": 4, "k": 65_536}, "k is 65,536"),
        ({"length": 9, "alphabet_size": 4}, "either k or max_k"),
        ({"length": 9, "alphabet_size": 4, "k": 1, "labels": "some"}, "labels is 'some'"),
    ],
)
def test_bad_sampler(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ChasingSampler(**options)


def test_strings_that_are_no_instance_are_refused() -> None:
    for string, message in (
        ([0, 1, 0, 1, 0], "string 1: its first 4 symbols must be pairs"),
        ([0, 1, 1, 2, 0], "string 1: its first 4"),
        ([0, 1, 1, 0], "2 pairs and a query need 5"),
    ):
        with pytest.raises(InputError, match=message):
            image_slots(np.array([string]), 2)
    with pytest.raises(InputError, match="length is 8; it must be at least 9"):
        PointerChasing(10, 4, k=1).with_length(8)


def test_the_last_label_alone() -> None:
    whole = ChasingSampler(9, 3, max_k=4).batch(0, 5)
    assert (ChasingSampler(9, 3, max_k=4, labels="last").batch(0, 5).targets == whole.targets[:, -1]).all()
