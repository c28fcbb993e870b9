"""Activation patching: which slot of which layer carries the answer from one string into another."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from logdepth.errors import InputError
from logdepth.models.inside import Edit, activations, edited
from logdepth.rng import rng_for
from logdepth.train.subject import Subject

SLOTS_SQUARED = 5_000_000  # batch x slots^2 in one forward pass: 20 MB of attention a head


class Pair(NamedTuple):
    """Two strings (n,) that differ at `changed` (slots), and whose last slots have different, defined answers."""

    clean: np.ndarray
    corrupt: np.ndarray
    clean_answer: int
    corrupt_answer: int
    changed: tuple[int, ...]


def find_pair(subject: Subject, k: int, *, length: int | None = None, seed: int = 0) -> Pair:
    """A random string and the same with one symbol changed, which changes the answer at the last slot but no pointer
    that is followed: the symbol that the k-th pointer of the last slot stands on. Both are instances of the task.

    Raises `InputError` if k is 0 or no such pair turns up among 2,000 strings (k too large for the length).

    >>> from logdepth.models.build import build_model
    >>> from logdepth.train.recipes import fast
    >>> from logdepth.train.subject import run_subject
    >>> config = fast(1, embed_dim=8, num_heads=2, max_k=1, length=12)
    >>> subject = run_subject("tiny", build_model(config.model).eval(), config, 0)
    >>> pair = find_pair(subject, 1)
    >>> (np.flatnonzero(pair.clean != pair.corrupt) + 1).tolist() == list(pair.changed)
    True
    """
    n = length or subject.task.length
    subject.check(k, n)
    task = subject.task.with_length(n)
    if k == 0:
        raise InputError("k is 0: the answer is the last symbol itself; patching needs k at least 1")
    rng = rng_for(seed, "patching", k)
    strings = task.strings(2000, seed, "patching")
    powers = task.pointers(strings, k)[k][:, -1]
    for string, slot in zip(strings, powers, strict=True):
        if slot == 0:
            continue
        for symbol in rng.permutation(task.alphabet_size):
            other = string.copy()
            other[slot - 1] = symbol
            if symbol == string[slot - 1] or not task.is_instance(other[None])[0]:
                continue
            if task.pointers(other[None], k)[k][0, -1] == slot:
                return Pair(string, other, int(string[slot - 1]), int(symbol), (int(slot),))
    raise InputError(f"no string of {n} symbols whose answer at k = {k} can be changed alone; give a smaller k")


def patch_residual(subject: Subject, k: int, pair: Pair) -> list[dict[str, Any]]:
    """For each layer and slot: the corrupt run with the clean run's residual there, after that layer.

    restored = (patched - corrupt) / (clean - corrupt), of logit(clean answer) - logit(corrupt answer) at the last slot:
    1 if the patch brings the clean answer back, 0 if it does nothing; None if the model answers both strings alike
    (one that has learned nothing may). The slots of a layer are one batch, or a few where strings are long.

    >>> from logdepth.models.build import build_model
    >>> from logdepth.train.recipes import fast
    >>> from logdepth.train.subject import run_subject
    >>> config = fast(1, embed_dim=8, num_heads=2, max_k=1, length=12)
    >>> subject = run_subject("tiny", build_model(config.model).eval(), config, 0)
    >>> rows = patch_residual(subject, 1, find_pair(subject, 1))
    >>> len(rows), rows[-1]["slot"]
    (13, 12)
    """
    clean, difference, restored = _runs(subject, k, pair)
    slots = clean.residual[0].shape[1]
    ids = subject.encode(pair.corrupt[None], k).expand(slots, -1)
    rows = []
    at_once = max(1, SLOTS_SQUARED // slots**2)
    for layer in range(1, len(clean.residual)):
        for first in range(0, slots, at_once):
            chosen = torch.arange(first, min(first + at_once, slots), device=ids.device)

            def change(x: torch.Tensor, layer: int = layer, chosen: torch.Tensor = chosen) -> torch.Tensor:
                x = x.clone()
                x[torch.arange(len(chosen), device=x.device), chosen] = clean.residual[layer][0, chosen]
                return x

            with edited(subject.model, [Edit(layer, None, change)]), torch.no_grad():
                patched = difference(subject.model(ids[: len(chosen)]))
            rows += [
                {"layer": layer, "slot": first + n, "k": k, "restored": restored(value)}
                for n, value in enumerate(patched.tolist())
            ]
    return rows


def patch_heads(subject: Subject, k: int, pair: Pair) -> list[dict[str, Any]]:
    """The same for each head's output, at all slots at once: rows of layer, head (from 1), restored.

    >>> from logdepth.models.build import build_model
    >>> from logdepth.train.recipes import fast
    >>> from logdepth.train.subject import run_subject
    >>> config = fast(1, embed_dim=8, num_heads=2, max_k=1, length=12)
    >>> subject = run_subject("tiny", build_model(config.model).eval(), config, 0)
    >>> [row["head"] for row in patch_heads(subject, 1, find_pair(subject, 1))]
    [1, 2]
    """
    clean, difference, restored = _runs(subject, k, pair)
    ids = subject.encode(pair.corrupt[None], k)
    rows = []
    for layer, heads in enumerate(clean.heads, 1):
        for head in range(heads.shape[2]):
            value = heads[:, :, head]
            with edited(subject.model, [Edit(layer, head, lambda x, value=value: value)]), torch.no_grad():
                patched = float(difference(subject.model(ids))[0])
            rows.append({"layer": layer, "head": head + 1, "k": k, "restored": restored(patched)})
    return rows


def _runs(subject: Subject, k: int, pair: Pair) -> tuple[Any, Any, Any]:
    clean = activations(subject.model, subject.encode(pair.clean[None], k))
    corrupt = activations(subject.model, subject.encode(pair.corrupt[None], k))
    right, wrong = subject.task.vocabulary.output_ids(np.array([pair.clean_answer, pair.corrupt_answer])).tolist()

    def difference(logits: torch.Tensor) -> torch.Tensor:
        return (logits[:, -1, right] - logits[:, -1, wrong]).double()

    low, high = float(difference(corrupt.logits)[0]), float(difference(clean.logits)[0])

    def restored(patched: float) -> float | None:
        return (patched - low) / (high - low) if high != low else None

    return clean, difference, restored
