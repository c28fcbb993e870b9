"""`verify`: reload a folder with stock Hugging Face code and compare it with what the program says."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.compiled.folder import Folder, read_folder
from logdepth.compiled.hub import cache_of, load_model, logits, rows_at_once
from logdepth.compiled.model import encode
from logdepth.errors import InputError
from logdepth.lang.interpreter import interpret
from logdepth.programs import BUILT_IN
from logdepth.rng import rng_for
from logdepth.tasks.khop import solve

ATTENTION = ("eager", "sdpa")
_VARIANT_ROWS = 8


@dataclass(frozen=True)
class Verification:
    """What `verify` saw. `checks`: wrong positions by way of running (attention, padding, cache).

    `certified_margin` is the certificate's; the least margin seen may not be below it.
    """

    folder: str
    weights_intact: bool
    sequences: int
    positions: int
    wrong: int
    least_margin: float
    certified_margin: float
    checks: dict[str, int]
    first_wrong: str
    seconds: float
    dtype: str
    device: str = "cpu"
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything is as certified."""
        return (
            self.weights_intact
            and self.wrong == 0
            and not any(self.checks.values())
            and self.least_margin >= self.certified_margin
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"ok": self.ok, **asdict(self)}

    def __str__(self) -> str:
        lines = [
            f"{self.folder}: {'verified' if self.ok else 'NOT VERIFIED'}",
            "  weights        "
            + ("SHA-256 as written" if self.weights_intact else "SHA-256 DIFFERS: they were changed"),
            f"  positions      {self.wrong:,} wrong of {self.positions:,}, {self.sequences:,} sequences, {self.dtype}",
            f"  least margin   {self.least_margin:.6f} (certified {self.certified_margin:.6f})",
            "  same answers   " + "; ".join(f"{n}: {w} wrong" if w else n for n, w in self.checks.items()),
            f"  time           {self.seconds:.1f} s on {self.device}",
        ]
        if self.first_wrong:
            lines.append(f"  first wrong    {self.first_wrong}")
        lines += [f"  note           {note}" for note in self.notes]
        return "\n".join(lines)


def verify(
    folder: str | Path,
    *,
    samples: int | None = None,
    seed: int = 0,
    device: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Reload from disk and compare with the program (and, for k-hop, with the task's own solver).

    Sequences: uniform, without adjacent repeats, all equal, two symbols, periodic; lengths 1..n; every hop
    token in turn. `samples` defaults to 1,000, fewer for long sequences (2,000,000 positions). `progress` is
    called with (done, total). Raises `InputError` and `FolderError` for what is not a whole compiled model; a
    wrong answer or a changed weight file is reported, not raised.
    """
    began = time.perf_counter()
    found = read_folder(folder)
    if samples is not None and samples < 1:
        raise InputError(f"samples is {samples}; it must be at least 1")
    length = found.graph.setting.length
    samples = samples or int(min(1000, max(20, 2_000_000 // length)))
    models = {name: load_model(found.path, name, device) for name in ATTENTION}
    some_model = models["eager"]
    expected_dtype = found.dtype
    actual = str(some_model.dtype).removeprefix("torch.")
    notes = [] if actual == expected_dtype else [f"loaded as {actual}, saved as {expected_dtype}"]
    tally = _Tally(found)
    rows = rows_at_once(length + 1, some_model.config.n_head)
    done = 0
    for number, (strings, lengths, header) in enumerate(_batches(found, samples, min(rows, 64), seed)):
        model = models[ATTENTION[number % 2]]
        width = int(lengths.max())
        tokens = encode(found.graph.setting.header_size, found.alphabet.size, strings[:, :width], header)
        mask = (np.arange(width + 1) <= lengths[:, None]).astype(np.int64)
        want = expected_ids(found, strings[:, :width], lengths, header)
        tally.add(logits(model, _padded(found, tokens, mask), mask), want, mask, tokens)
        done += len(strings)
        if progress:
            progress(done, samples)
    checks = _variants(found, models, seed)
    return Verification(
        folder=str(folder),
        weights_intact=found.weights_intact,
        sequences=done,
        positions=tally.positions,
        wrong=tally.wrong,
        least_margin=tally.margin,
        certified_margin=float(found.description["certificate"]["margin"]),
        checks=checks,
        first_wrong=tally.first_wrong,
        seconds=time.perf_counter() - began,
        dtype=actual,
        device=str(next(some_model.parameters()).device),
        notes=notes,
    )


def expected_ids(found: Folder, strings: np.ndarray, lengths: np.ndarray, header: np.ndarray | None) -> np.ndarray:
    """The right token at every slot: the interpreter's answer, checked against the task's solver for k-hop."""
    graph, ids = found.graph, found.description["ids"]
    words = interpret(graph, strings, lengths=lengths, header=header)
    assert isinstance(words, np.ndarray)
    _check_with_solver(found, words, strings, lengths, header)
    want = (
        words - ids["least_output"] + ids["first_output"] if ids["output"] == "number" else words + ids["first_output"]
    )
    if graph.setting.header_size:
        want[:, 0] = ids["blank"]
    return want


def _check_with_solver(
    found: Folder, words: np.ndarray, strings: np.ndarray, lengths: np.ndarray, header: np.ndarray | None
) -> None:
    program = found.description["program"]
    if not program["built_in"] or program["name"] not in BUILT_IN or not program["name"].startswith("khop_"):
        return
    hops = np.full(len(strings), program["parameters"].get("k", 0)) if header is None else header
    for k in np.unique(hops):
        rows = hops == k
        answers = solve(strings[rows], int(k), found.alphabet.size)
        valid = np.arange(1, strings.shape[1] + 1) <= lengths[rows, None]
        if (answers != words[rows, 1:])[valid].any():
            raise AssertionError(f"the program and the reference solver differ at k = {k}")


class _Tally:
    """Counts what is wrong and keeps the least margin."""

    def __init__(self, found: Folder) -> None:
        self.found = found
        self.positions = self.wrong = 0
        self.margin = float("inf")
        self.first_wrong = ""

    def add(self, scores: Any, want: np.ndarray, mask: np.ndarray, tokens: np.ndarray) -> None:
        import torch

        wanted = torch.as_tensor(want, device=scores.device)
        valid = torch.as_tensor(mask, device=scores.device).bool()
        scores = scores.double() if scores.dtype == torch.float64 else scores.float()
        right = scores.gather(-1, wanted[..., None])[..., 0]
        rest = scores.scatter(-1, wanted[..., None], float("-inf")).max(-1).values
        margin = torch.where(valid, right - rest, torch.inf)
        wrong = valid & ~(margin > 0)  # a NaN is wrong, too
        self.positions += int(valid.sum())
        self.wrong += int(wrong.sum())
        least = float(margin.min())
        self.margin = least if least != least else min(self.margin, least)
        if wrong.any() and not self.first_wrong:
            row, slot = (int(i) for i in wrong.nonzero()[0])
            shown = " ".join(map(str, tokens[row, : min(slot + 1, 40)]))
            got = int(scores[row, slot].argmax())
            self.first_wrong = f"position {slot}: id {got}, should be {want[row, slot]}; input ids {shown}"


def _padded(found: Folder, tokens: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.where(mask == 1, tokens, found.description["ids"]["nothing"])


def _batches(
    found: Folder, samples: int, rows: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray | None]]:
    """Strings `(rows, n)`, their lengths, their headers: every kind of string in turn."""
    setting = found.graph.setting
    n, size, headers = setting.length, setting.alphabet_size, setting.header_size
    rng = rng_for(seed, "verify")
    for first in range(0, samples, rows):
        count = min(rows, samples - first)
        strings = np.empty((count, n), np.int64)
        for row in range(count):
            strings[row] = random_string(rng, n, size, first + row)
        index = np.arange(first, first + count)
        lengths = np.where(index % 2 == 0, n, rng.integers(1, n + 1, count))
        header = index % headers if headers else None
        yield strings, lengths, header


def random_string(rng: np.random.Generator, length: int, size: int, kind: int) -> np.ndarray:
    """A string of one of five kinds in turn (`kind` modulo 8; four of the eight are uniform or repeat-free)."""
    match kind % 8:
        case 1 | 5 if size > 1:  # no adjacent repeats
            steps = rng.integers(1, size, length)
            return (rng.integers(size) + np.cumsum(steps)) % size
        case 3:  # all equal
            return np.full(length, rng.integers(size))
        case 4:  # two symbols
            return rng.integers(0, size, 2)[rng.integers(0, 2, length)]
        case 7:  # periodic
            return np.resize(rng.integers(0, size, int(rng.integers(1, 12))), length)
    return rng.integers(0, size, length)


def _variants(found: Folder, models: dict[str, Any], seed: int) -> dict[str, int]:
    """Wrong positions on a few sequences, run in every way a user may run them."""
    strings, _, header = next(_batches(found, _VARIANT_ROWS, _VARIANT_ROWS, seed + 1))
    setting = found.graph.setting
    n = setting.length
    if n > 2048:  # each way costs a pass of n^2; the answers of a prefix are those of the whole
        n = 2048
        strings = strings[:2, :n]
        header = None if header is None else header[:2]
    rng = rng_for(seed, "verify", "variants")
    full = np.full(len(strings), n)
    lengths = np.maximum(1, np.minimum(n, rng.integers(1, n + 1, len(strings))))
    lengths[0] = n
    tokens = encode(setting.header_size, found.alphabet.size, strings, header)
    want = expected_ids(found, strings, full, header)
    every = np.ones_like(tokens)
    right = (np.arange(n + 1) <= lengths[:, None]).astype(np.int64)
    wrong: dict[str, int] = {}
    for name, model in models.items():
        wrong[name] = _wrong(logits(model, tokens), want, every)
        wrong[f"{name}, padded right"] = _wrong(logits(model, _padded(found, tokens, right), right), want, right)
        wrong[f"{name}, padded left"] = _left_padded(found, model, tokens, want, lengths)
        wrong[f"{name}, cache"] = _cached(model, tokens, want)
    return wrong


def _wrong(scores: Any, want: np.ndarray, mask: np.ndarray) -> int:
    return int(((scores.argmax(-1).cpu().numpy() != want) & (mask == 1)).sum())


def _left_padded(found: Folder, model: Any, tokens: np.ndarray, want: np.ndarray, lengths: np.ndarray) -> int:
    """Padding on the left, with the position ids that go with it (as `generate` makes them)."""
    slots = tokens.shape[1]
    shifted = np.full_like(tokens, found.description["ids"]["nothing"])
    mask, target = np.zeros_like(tokens), np.zeros_like(tokens)
    for row, length in enumerate(lengths):
        pad = slots - (length + 1)
        shifted[row, pad:], mask[row, pad:], target[row, pad:] = (
            tokens[row, : length + 1],
            1,
            want[row, : length + 1],
        )
    positions = np.maximum(np.cumsum(mask, 1) - 1, 0)
    return _wrong(logits(model, shifted, mask, positions), target, mask)


def _cached(model: Any, tokens: np.ndarray, want: np.ndarray) -> int:
    """The first half at once, then a few tokens one by one, then the rest, through the key-value cache."""
    slots = tokens.shape[1]
    half = max(1, slots // 2)
    cuts = sorted({0, half, *range(half, min(slots, half + 8)), slots})
    cache, wrong = None, 0
    for first, last in itertools.pairwise(cuts):
        mask = np.ones((len(tokens), last), np.int64)
        out = logits(model, tokens[:, first:last], mask, cache=cache, use_cache=True)
        cache = cache_of(out)
        wrong += _wrong(out.logits, want[:, first:last], np.ones((len(tokens), last - first)))
    return wrong
