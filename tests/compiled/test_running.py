"""Running within a working memory: pieces give the stock model's logits, and what is chosen fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import logdepth
from logdepth.compiled import hub, running, verify
from logdepth.compiled.hub import load_model
from logdepth.compiled.running import Room, Sizes, logits, logits_by_pieces, room
from logdepth.compiled.samples import affordable, seconds_of
from logdepth.errors import InputError
from logdepth.programs import khop_rank, khop_rank_any
from logdepth.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    model = logdepth.compile(khop_rank, length=40, alphabet=3, k=5)
    return model.save(tmp_path_factory.mktemp("models") / "khop")


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("slots", [11, 40, 41])
def test_pieces_are_the_stock_models_logits(saved: Path, attention: str, slots: int) -> None:
    model = load_model(saved, attention, "cpu")
    strings = np.random.default_rng(0).integers(0, 3, (3, 40))
    tokens = Vocabulary(3).encode(strings)
    right = (np.arange(41) <= np.array([[40], [11], [0]])).astype(np.int64)
    left = right[:, ::-1].copy()
    positions = np.maximum(left.cumsum(1) - 1, 0)
    for mask, at in ((None, None), (right, None), (left, positions)):
        whole = logits(model, tokens, mask, at)
        pieces = list(logits_by_pieces(model, tokens, slots, mask, at))
        assert [first for first, _ in pieces] == list(range(0, 41, slots))
        for first, scores in pieces:
            part = slice(first, first + scores.shape[1])
            seen = np.ones_like(tokens, bool) if mask is None else mask == 1
            difference = (scores - whole[:, part]).abs().numpy()[seen[:, part]]
            assert difference.max(initial=0) < 1e-4  # sums in another order
            assert (scores.argmax(-1) == whole[:, part].argmax(-1)).numpy()[seen[:, part]].all()


def test_a_small_memory_gives_the_same_answers(saved: Path, monkeypatch) -> None:
    monkeypatch.setattr(verify, "_WAYS_ROWS", 2)
    texts = ["abcabcbacbab", "a", "cabba" * 8]
    assert logdepth.predict(saved, texts, memory=100_000) == logdepth.predict(saved, texts)
    report = logdepth.verify(saved, samples=5, memory=100_000)
    assert report.ok and report.positions == 5 * 41
    with pytest.raises(InputError, match="memory is 0"):
        logdepth.verify(saved, memory=0)


@pytest.mark.parametrize("vocabulary", [5, 50_001, 10**6])
@pytest.mark.parametrize("length", [10, 1025, 30_000])
def test_what_runs_at_once_does_not_grow_with_vocabulary_or_length(vocabulary: int, length: int) -> None:
    sizes = Sizes(layers=8, heads=3, width=150, inner=500, vocabulary=vocabulary)
    fit = room(sizes, length, 4)
    assert 1 <= fit.rows <= 64 and 1 <= fit.slots <= length and (fit.rows == 1 or fit.slots == length)
    assert fit.rows * fit.slots * 4 * (vocabulary + 3 * length) < 2 << 30
    assert room(sizes, length, 4, memory=1) == Room(1, 1)


def test_the_logits_of_a_large_vocabulary_are_never_held_as_a_whole(saved: Path, monkeypatch) -> None:
    shapes: list[int] = []

    def watched(*arguments: Any) -> Any:
        out = original(*arguments)
        shapes.append(out.logits.numel())
        return out

    original = running._call
    monkeypatch.setattr(running, "_call", watched)
    monkeypatch.setattr(verify, "_WAYS_ROWS", 2)
    memory = 100_000
    assert logdepth.verify(saved, samples=6, memory=memory).ok
    assert max(shapes) * 4 < memory and len(shapes) > 20


def test_samples_are_chosen_by_cost_and_said() -> None:
    sizes = Sizes(layers=6, heads=2, width=160, inner=4099, vocabulary=5)
    costs = [seconds_of(sizes, n, 8) for n in (100, 1000, 4097)]
    assert costs == sorted(costs) and affordable(sizes, 4097, 8) == 4 and affordable(sizes, 101, 8) > 200


def test_few_samples_of_long_sequences(saved: Path, monkeypatch) -> None:
    monkeypatch.setattr("logdepth.compiled.samples.SECONDS", 1e-9)
    monkeypatch.setattr(verify, "affordable", lambda *_: 4)
    monkeypatch.setattr(verify, "_WAYS_SECONDS", 1e-9)
    seen: list[tuple[int, int]] = []
    report = logdepth.verify(saved, progress=lambda done, total: seen.append((done, total)))
    assert report.ok and report.sequences == 4 and report.positions == 4 * 41
    assert any("4 sequences of 40 symbols (each checks all of its prefixes)" in note for note in report.notes)
    assert seen[-1] == (8, 8) and seen == sorted(seen)


def test_a_run_that_leaves_out_headers_says_so(tmp_path: Path) -> None:
    model = logdepth.compile(khop_rank_any, length=12, alphabet=2, max_k=7, header_size=8)
    report = logdepth.verify(model.save(tmp_path / "m"), samples=3)
    assert report.ok and "headers 0..2 were tried, of 0..7" in report.notes


@pytest.mark.parametrize(
    ("saved_as", "run_in"), [("float32", "float64"), ("float64", "float32"), ("float32", "bfloat16")]
)
def test_a_dtype_outside_the_certificate_is_never_verified(saved_as: str, run_in: str, tmp_path: Path) -> None:
    folder = logdepth.compile(khop_rank, length=30, alphabet=4, k=4, dtype=saved_as).save(tmp_path / "m")
    assert logdepth.verify(folder, samples=8).ok
    report = logdepth.verify(folder, samples=8, dtype=run_in)
    assert not report.ok and report.dtype == run_in and report.certified_dtype == saved_as
    assert f"NOT COVERED: the certificate is about {saved_as}, not {run_in}" in str(report)
    assert "verified" not in str(report).lower()
    assert report.wrong == 0 or run_in == "bfloat16"
    assert json.dumps(report.as_dict())


def test_devices_and_dtypes_that_are_not_there(saved: Path) -> None:
    import torch

    for device in ("nonsense", "cuda:99", "meta") + (() if torch.cuda.is_available() else ("cuda",)):
        for command in (logdepth.verify, lambda folder, device: logdepth.predict(folder, ["abc"], device=device)):
            with pytest.raises(InputError, match=r"device .*cpu"):
                command(saved, device=device)
    with pytest.raises(InputError, match="dtype is 'int8'; it must be one of float32"):
        hub.load_model(saved, dtype="int8")


def test_the_card_says_what_breaks(saved: Path) -> None:
    card = (saved / "README.md").read_text()
    for words in (".half()", ".bfloat16()", "position_ids", "autocast", "The certificate covers float32 alone"):
        assert words in card
    assert any("position_ids" in note for note in logdepth.verify(saved, samples=4).notes)
