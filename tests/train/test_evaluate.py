from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.compiled.model import compile
from logdepth.errors import InputError
from logdepth.programs import khop_rank, khop_rank_any
from logdepth.tasks.khop import Khop, find, find_power, random_strings, solve
from logdepth.train.evaluate import evaluate, interval, least_depth, reach, score, score_planted
from logdepth.train.loop import train
from logdepth.train.recipes import fast, from_compiled
from logdepth.train.subject import load_subject


def khop(length: int) -> Khop:
    return Khop(length, 4, max_k=60)


def noisy(share: float, seed: int = 0):
    rng = np.random.default_rng(seed)

    def predict(strings: np.ndarray, k: int) -> np.ndarray:
        answers = solve(strings, k, 4)
        return np.where(rng.random(answers.shape) < share, (answers + 1) % 5, answers)

    return predict


def test_errors_are_counted_over_defined_positions() -> None:
    strings = random_strings(200, 50, 4, 0)
    for k in (0, 3, 9):
        defined = int((solve(strings, k, 4) < 4).sum())
        found = score(khop(50), noisy(0.1), k, strings)
        assert found.defined == defined and found.error is not None and found.low is not None and found.high is not None
        assert abs(found.error - 0.1) < 0.03 and abs(found.error_all - 0.1) < 0.03
        assert found.low < 0.1 < found.high
        if k:
            assert sum(row[2] for row in found.distances) == defined
            assert sum(row[3] for row in found.distances) == found.wrong
    nothing = score(khop(50), noisy(0.0), 60, strings)
    assert nothing.defined == 0 and nothing.error is None and nothing.error_all == 0


def test_planted_strings_have_long_hops_at_their_end() -> None:
    perfect = score_planted(khop(60), noisy(0.0), 4, strings=300)
    assert (perfect.defined, perfect.wrong, perfect.planted) == (300, 0, True)
    assert sum(row[2] for row in perfect.distances if row[0] >= 32) > 150
    assert abs((score_planted(khop(60), noisy(0.2), 4, strings=500).error or 0) - 0.2) < 0.07

    def short_sighted(strings: np.ndarray, k: int) -> np.ndarray:  # sees the last 20 symbols of every position
        answers = solve(strings, k, 4)
        near = np.arange(strings.shape[1]) - (find_power(find(strings, 4), k)[:, 1:] - 1) < 20
        return np.where(near, answers, 4)

    assert (score_planted(khop(60), short_sighted, 4, strings=300).error or 0) > 0.8
    assert (evaluate(khop(60), short_sighted, [4], strings=300)[0].error or 0) < 0.1


def test_always_saying_nothing_is_all_wrong_but_not_with_nothing_counted() -> None:
    found = score(khop(30), lambda strings, k: np.full(strings.shape, 4), 5, random_strings(50, 30, 4, 0))
    assert found.error == 1.0 and 0 < found.error_all < 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=40))
def test_intervals_hold_their_share(pairs: list[tuple[int, int]]) -> None:
    wrong, defined = np.array([min(p) for p in pairs]), np.array([max(p) for p in pairs])
    if defined.sum() == 0:
        return
    low, high = interval(wrong, defined)
    assert 0 <= low <= wrong.sum() / defined.sum() + 1e-12 and wrong.sum() / defined.sum() <= high + 1e-12 <= 1 + 1e-9


def test_clustered_errors_have_wider_intervals() -> None:
    defined = np.full(200, 40)
    spread = interval(np.full(200, 4), defined)
    lumped = interval(np.where(np.arange(200) < 20, 40, 0), defined)
    assert lumped[1] - lumped[0] > 3 * (spread[1] - spread[0])


def test_reach_and_threshold() -> None:
    assert reach({0: 0.0, 1: 0.01, 2: 0.0099, 3: 0.011}) == 2 and reach({0: 0.5}) == -1
    assert reach({0: 0.0, 1: None, 2: 0.0}) == 0  # no position has an answer: nothing is shown
    for threshold in (float("nan"), float("inf"), -0.1, 1.5):
        with pytest.raises(InputError, match="it is a share of positions, 0 to 1"):
            reach({0: 0.0}, threshold)
    assert least_depth({2: {5: 0.5}, 3: {5: 0.02}, 4: {5: 0.001}}, 5) == 4
    assert least_depth({2: {5: 0.5}}, 5) is None


def test_compiled_models_are_exact_at_every_length(tmp_path: Path) -> None:
    compile(khop_rank_any, length=60, alphabet=4, header_size=10, max_k=9).save(tmp_path / "any")
    compile(khop_rank, length=30, alphabet=4, k=6).save(tmp_path / "one")
    for name, lengths in (("any", (20, 60)), ("one", (30,))):
        subject = load_subject(tmp_path / name)
        for length in lengths:
            rows = evaluate(subject.task.with_length(length), subject.predict, subject.task.questions, strings=30)
            assert all(row.wrong == 0 and row.error_all == 0 for row in rows)
        with pytest.raises(InputError, match="symbols at most"):
            subject.check(subject.task.questions[-1], 61)
        with pytest.raises(InputError, match="takes"):
            subject.check(10, 20)
        with pytest.raises(InputError, match="no dropout"):
            subject.set_dropout(True)


def test_training_goes_on_from_compiled_weights_and_keeps_them_right(tmp_path: Path) -> None:
    compile(khop_rank_any, length=20, alphabet=4, header_size=4, max_k=3).save(tmp_path / "compiled")
    config = from_compiled(tmp_path / "compiled", steps=5, batch_size=4)
    subject = train(config, tmp_path / "run", threads=1)
    rows = evaluate(subject.task, subject.predict, subject.task.questions, strings=50)
    assert all(row.wrong == 0 for row in rows)
    compile(khop_rank, length=20, alphabet=4, k=3).save(tmp_path / "one")
    with pytest.raises(InputError, match="compiled with --max-k"):
        from_compiled(tmp_path / "one")
    with pytest.raises(InputError, match="has length 20"):
        from_compiled(tmp_path / "compiled", length=30)
    with pytest.raises(InputError, match="has task khop"):
        from_compiled(tmp_path / "compiled", task="pointer-chasing")
    with pytest.raises(InputError, match="training from it takes no num_layers, family"):
        from_compiled(tmp_path / "compiled", num_layers=3, family="lstm")


def test_training_goes_on_from_a_run(tmp_path: Path) -> None:
    config = fast(1, embed_dim=16, num_heads=2, max_k=2, length=10, steps=3, batch_size=2)
    first = train(config, tmp_path / "first", threads=1)
    again = fast(1, embed_dim=16, num_heads=2, max_k=2, length=10, steps=1, batch_size=2, init=str(tmp_path / "first"))
    second = train(again, tmp_path / "second", threads=1)
    pairs = zip(first.model.parameters(), second.model.parameters(), strict=True)
    gap = max(float((a - b).detach().abs().max()) for a, b in pairs)
    assert 0 < gap < 0.1
