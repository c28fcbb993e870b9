"""What breaks a compiled model: the share of wrong answers after `.half()` or `.bfloat16()`, and padded on the left
without `position_ids`. The certificate covers the dtype that a model was compiled for, and nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch

import logdepth
from logdepth.compiled.answers import expected_ids
from logdepth.compiled.folder import read_folder
from logdepth.compiled.hub import load_model
from logdepth.compiled.running import logits
from logdepth.compiled.samples import random_string
from logdepth.programs import khop_doubling, khop_rank
from logdepth.records import Record
from logdepth.rng import rng_for
from measure import save

STRINGS = 80
CAST = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float64": torch.float64}


def measure(program, **sizes) -> list[Record]:
    with tempfile.TemporaryDirectory() as home:
        folder = read_folder(logdepth.compile(program, **sizes).save(Path(home) / "model"))
        rng = rng_for(0, "bench", "dtypes")
        n, size = sizes["length"], sizes["alphabet"]
        strings = np.stack([random_string(rng, n, size, kind) for kind in range(STRINGS)])
        tokens, want = folder.vocabulary.encode(strings), expected_ids(folder, strings, None)
        lengths = rng.integers(1, n + 1, STRINGS)
        records = []
        for attention in ("eager", "sdpa"):
            wrong = {}
            for name in ("as saved", *CAST):
                model = load_model(folder.path, attention, "cpu")
                model = model if name == "as saved" else model.to(CAST[name])
                wrong[name] = share(logits(model, tokens), want)
            model = load_model(folder.path, attention, "cpu")
            wrong["left padding, position_ids"] = left_padded(folder, model, tokens, want, lengths, True)
            wrong["left padding alone"] = left_padded(folder, model, tokens, want, lengths, False)
            config = {"program": program.name, "attention": attention, "dtype": "float32", **sizes}
            values = {"positions": int(want.size), "share_wrong": wrong}
            records.append(Record("dtypes", config, values))
    return records


def share(scores: torch.Tensor, want: np.ndarray, mask: np.ndarray | None = None) -> float:
    """The share of positions whose argmax is not the right one (a NaN is no answer)."""
    best = torch.where(scores.isnan().any(-1), -1, scores.argmax(-1)).numpy()
    counted = np.ones_like(want, bool) if mask is None else mask == 1
    return round(float((best != want)[counted].mean()), 4)


def left_padded(folder, model, tokens, want, lengths, with_positions: bool) -> float:
    shifted, target, mask = np.full_like(tokens, folder.vocabulary.nothing), np.zeros_like(want), np.zeros_like(want)
    for row, length in enumerate(lengths):
        pad = tokens.shape[1] - (length + 1)
        shifted[row, pad:], target[row, pad:], mask[row, pad:] = tokens[row, : length + 1], want[row, : length + 1], 1
    positions = np.maximum(mask.cumsum(1) - 1, 0) if with_positions else None
    return share(logits(model, shifted, mask, positions), target, mask)


def main() -> None:
    records = []
    for program in (khop_rank, khop_doubling):
        for length, k in ((30, 4), (100, 16)):
            records += measure(program, length=length, alphabet=4, k=k)
    records += measure(khop_rank, length=500, alphabet=26, k=16)
    save("dtypes", records)


if __name__ == "__main__":
    main()
