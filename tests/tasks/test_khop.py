from __future__ import annotations

import hashlib
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.tasks.khop import (
    KhopSampler,
    find,
    find_by_definition,
    find_power,
    khop_batches,
    show,
    solve,
    solve_by_definition,
)


def test_solver_is_the_definition_on_every_short_string() -> None:
    for n in range(1, 7):
        strings = np.array(list(itertools.product(range(3), repeat=n)))
        pointer = find(strings, 3)
        for k in range(8):
            truth = [solve_by_definition(s.tolist(), k, 3) for s in strings]
            assert (solve(strings, k, 3) == truth).all()
        for row, string in enumerate(strings[:50]):
            assert pointer[row, 1:].tolist() == [find_by_definition(string.tolist(), i) for i in range(1, n + 1)]


@given(st.integers(0, 40), st.integers(0, 40))
def test_powers_of_find_add(a: int, b: int) -> None:
    strings = np.random.default_rng(a * 41 + b).integers(0, 4, (3, 60))
    pointer = find(strings, 4)
    assert (np.take_along_axis(find_power(pointer, a), find_power(pointer, b), 1) == find_power(pointer, a + b)).all()


OPTIONS = [
    {"k": 0},
    {"k": 5},
    {"max_k": 16},
    {"max_k": 3, "labels": "last"},
    {"k": 4, "repeats": True},
    {"max_k": 9, "planted": True},
    {"max_k": 9, "planted": True, "repeats": True, "labels": "last"},
]


@pytest.mark.parametrize("alphabet_size", [2, 3, 4, 11, 300])
@pytest.mark.parametrize("options", OPTIONS)
def test_samples_keep_their_word(options: dict, alphabet_size: int) -> None:
    sampler = KhopSampler(length=23, alphabet_size=alphabet_size, seed=7, **options)
    batch = sampler.batch(0, 150)
    offset = 0 if sampler.k is not None else sampler.largest_k + 1
    strings = batch.inputs[:, 1:].astype(int) - offset
    assert strings.min() >= 0 and strings.max() < alphabet_size
    assert (batch.inputs[:, 0] == (alphabet_size if sampler.k is not None else batch.k)).all()
    if not sampler.repeats:
        assert (strings[:, 1:] != strings[:, :-1]).all()
    for row, string in enumerate(strings):
        answers = np.array(solve_by_definition(string.tolist(), int(batch.k[row]), alphabet_size)) + offset
        if sampler.labels == "last":
            assert batch.targets[row] == answers[-1]
        else:
            assert (batch.targets[row, 1:] == answers).all()
            blank = alphabet_size if sampler.k is not None else sampler.vocabulary.size - 1
            assert batch.targets[row, 0] == blank
        if sampler.planted:
            assert answers[-1] != alphabet_size + offset
    assert batch.inputs.max() < sampler.vocabulary.size and batch.targets.max() < sampler.vocabulary.size


def test_a_stream_does_not_depend_on_its_batches() -> None:
    sampler = KhopSampler(length=15, alphabet_size=4, max_k=5, seed=3)
    whole = sampler.batch(0, 40)
    batches = khop_batches(sampler, 10)
    parts = [next(batches) for _ in range(4)]
    for name in ("inputs", "targets", "k"):
        assert (np.concatenate([getattr(part, name) for part in parts]) == getattr(whole, name)).all()
    other = KhopSampler(length=15, alphabet_size=4, max_k=5, seed=3, split="test").batch(0, 40)
    assert (other.inputs != whole.inputs).any()


def test_the_stream_is_the_same_on_every_platform() -> None:
    """Digests written down once: a change of the stream is a change of everybody's data."""
    digests = []
    for options in ({"max_k": 16}, {"k": 2, "repeats": True}, {"max_k": 16, "planted": True}):
        batch = KhopSampler(length=98, alphabet_size=4, seed=0, **options).batch(0, 100)
        digests.append(hashlib.sha256(batch.inputs.tobytes() + batch.targets.tobytes()).hexdigest()[:12])
    assert digests == DIGESTS


DIGESTS = ["fdc63c53ad57", "bda505b3ac0e", "346d42b239b4"]


def test_samples_are_uniform() -> None:
    batch = KhopSampler(length=3, alphabet_size=3, k=1, seed=1).batch(0, 24_000)
    _, counts = np.unique(batch.inputs[:, 1:], axis=0, return_counts=True)
    assert len(counts) == 12 and abs(counts - 2000).max() < 250  # 12 repeat-free strings; 5.8 sigma


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": 0, "alphabet_size": 4, "k": 1}, "length is 0"),
        ({"length": 5, "alphabet_size": 0, "k": 1}, "alphabet is 0"),
        ({"length": 5, "alphabet_size": 4, "k": -1}, "k is -1"),
        ({"length": 5, "alphabet_size": 4}, "either k or max_k"),
        ({"length": 5, "alphabet_size": 4, "k": 1, "max_k": 2}, "either k or max_k"),
        ({"length": 5, "alphabet_size": 1, "k": 1}, "one symbol without adjacent repeats"),
        ({"length": 5, "alphabet_size": 4, "k": 4, "planted": True}, "need length 6"),
        ({"length": 5, "alphabet_size": 300, "k": 1, "dtype": "uint8"}, "does not hold token id 300"),
        ({"length": 5, "alphabet_size": 4, "k": 1, "labels": "some"}, "labels is 'some'"),
    ],
)
def test_bad_sampler(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        KhopSampler(**options)


def test_bad_solver_input() -> None:
    with pytest.raises(InputError, match="string 2, position 1: symbol 5"):
        find(np.array([[0, 1], [5, 0]]), 4)
    with pytest.raises(InputError, match="k is -1"):
        solve(np.array([[0]]), -1, 4)


def test_show_with_k_1_has_no_second_pointer_line() -> None:
    assert [line.split()[0] for line in show("abab", 1).splitlines()] == ["position", "token", "find", "hop_1"]
    assert show("", 1) == ""


def test_a_trainer_takes_the_dataset(tmp_path) -> None:
    """The torch dataset trains a stock model with a stock Trainer."""
    import torch
    from transformers import BertConfig, BertForTokenClassification, Trainer, TrainingArguments

    sampler = KhopSampler(length=9, alphabet_size=3, max_k=2)
    dataset = sampler.dataset(16)
    assert torch.equal(dataset[3]["input_ids"], torch.tensor(sampler.batch(3, 1).inputs[0].astype(int)))
    rows = dataset.__getitems__([5, 2, 3])
    assert [row["labels"].tolist() for row in rows] == [sampler.batch(i, 1).targets[0].tolist() for i in (5, 2, 3)]
    last = KhopSampler(length=9, alphabet_size=3, max_k=2, labels="last").dataset(4)[1]["labels"]
    assert (last[:-1] == -100).all() and last[-1] == dataset[1]["labels"][-1]
    config = BertConfig(
        **{"vocab_size": sampler.vocabulary.size, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1},
        **{"intermediate_size": 16, "num_labels": sampler.vocabulary.size},
    )
    arguments = TrainingArguments(
        **{"output_dir": str(tmp_path), "max_steps": 2, "per_device_train_batch_size": 4, "report_to": []},
        **{"disable_tqdm": True, "use_cpu": True, "save_strategy": "no", "dataloader_pin_memory": False},
    )
    result = Trainer(model=BertForTokenClassification(config), args=arguments, train_dataset=dataset).train()
    assert result.global_step == 2
