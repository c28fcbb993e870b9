"""Linear probes: what of find^j, the j-th power of the task's pointer, a linear map reads off the residual stream.

Asked for after each layer, at every slot i that is asked and whose find^j(i) is defined:

- `symbol`: the symbol at find^j(i), which is hop_j(i);
- `position`: find^j(i) itself;
- `rank`: how often that symbol has occurred up to find^j(i); and `symbol and rank`, both right;
- `distance`: how far back find^j(i) is, i - find^j(i).

How a linear map reads them: `linear.py`. Probes are fitted on some strings and scored on others. `chance` is what the
same probe gets from the embedding (layer 0), or by always saying the most frequent answer, whichever is more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from logdepth.analysis.linear import features_of, read
from logdepth.errors import InputError
from logdepth.models.inside import activations
from logdepth.train.evaluate import interval
from logdepth.train.subject import Subject

LEAST_SLOTS = 50  # with fewer slots scored, an accuracy says nothing: one lucky slot is 100 %
WHATS = ("symbol", "position", "rank", "distance", "symbol and rank")


def probe_pointers(
    subject: Subject,
    k: int,
    hops: Sequence[int],
    *,
    strings: int = 300,
    length: int | None = None,
    seed: int = 0,
    iterations: int = 60,
) -> list[dict[str, Any]]:
    """Accuracy of every probe after every layer for every j in `hops`, the model being asked for k hops.

    Rows of layer (0: the embedding), j, what, accuracy with its 95 % interval low, high (a string is a trial), chance,
    slots (how many were scored). Two thirds of the strings are fitted on; slots of the others with a position or rank
    beyond those fitted on are left out. Raises `InputError` for fewer than 3 strings, or a k or length that the model
    does not take.

    >>> from logdepth.models.build import build_model
    >>> from logdepth.train.recipes import fast
    >>> from logdepth.train.subject import run_subject
    >>> config = fast(1, embed_dim=8, num_heads=2, max_k=1, length=12)
    >>> subject = run_subject("tiny", build_model(config.model).eval(), config, 0)
    >>> rows = probe_pointers(subject, 1, [1], strings=9, iterations=5)
    >>> [(row["layer"], row["what"]) for row in rows[:3]]
    [(0, 'symbol'), (0, 'position'), (0, 'rank')]
    """
    if strings < 3:
        raise InputError(f"strings is {strings}; probes need at least 3")
    task = subject.task.with_length(length or subject.task.length)
    size = task.alphabet_size
    drawn = task.strings(strings, seed, "probes")
    found = activations(subject.model, subject.encode(drawn, k)).residual
    powers = task.pointers(drawn, max(hops, default=0))
    asked = np.zeros(powers[0].shape, bool)
    asked[:, 1:][:, task.asked] = True
    ranks = occurrence_ranks(drawn, size)
    symbols = np.concatenate([np.full((strings, 1), size), drawn], 1)
    fitted = np.arange(strings) < 2 * strings // 3
    rows: list[dict[str, Any]] = []
    for layer, residual in enumerate(found):
        features = features_of(residual[:, : powers[0].shape[1]].double().cpu())
        for j in hops:
            at = powers[j]
            valid = (at > 0) & asked
            train, test = valid & fitted[:, None], valid & ~fitted[:, None]
            if not train.any():
                continue
            answers = {
                "symbol": np.take_along_axis(symbols, at, 1),
                "position": at,
                "rank": np.take_along_axis(ranks, at, 1),
                "distance": np.arange(at.shape[1]) - at + at.shape[1],  # a model that looks ahead has negative ones
            }
            for name in ("rank", "position"):  # a number beyond those fitted on may have a bit never seen
                test &= answers[name] <= answers[name][train].max()
            if not test.any():
                continue
            right = read(features, answers, size, train, test, iterations)
            right["symbol and rank"] = right["symbol"] & right["rank"]
            most = _most_frequent(answers, train, test)
            of, slots = np.nonzero(test)[0], test.sum(1)
            for what in WHATS:
                low, high = interval(np.bincount(of, right[what], len(slots)), slots)
                where = {"layer": layer, "j": j, "k": k, "what": what, "slots": int(test.sum())}
                seen = {"accuracy": float(right[what].mean()), "low": low, "high": high, "chance": most[what]}
                rows.append({**where, **seen})
    embedding = {(row["j"], row["what"]): row["accuracy"] for row in rows if row["layer"] == 0}
    return [{**row, "chance": max(row["chance"], embedding[row["j"], row["what"]])} for row in rows]


def occurrence_ranks(strings: Int[np.ndarray, "batch n"], size: int) -> Int[np.ndarray, "batch slots"]:
    """How often each slot's symbol has occurred up to it, at slots 0..n (slot 0: none).

    >>> occurrence_ranks(np.array([[0, 1, 0, 0]]), 2).tolist()
    [[0, 1, 1, 2, 3]]
    """
    counts = np.cumsum(strings[:, :, None] == np.arange(size), 1)
    ranks = np.take_along_axis(counts, np.asarray(strings)[:, :, None], 2)[:, :, 0]
    return np.concatenate([np.zeros((len(strings), 1), ranks.dtype), ranks], 1)


def decodable(
    rows: Sequence[dict[str, Any]], what: str = "symbol", accuracy: float = 0.99, least_slots: int = LEAST_SLOTS
) -> dict[int, list[int]]:
    """For each layer the j whose probe is right in at least that share of slots, of enough slots to tell.

    >>> some = ((1, 1.0, 900), (2, 0.5, 700), (9, 1.0, 3))
    >>> decodable([{"layer": 2, "j": j, "what": "symbol", "accuracy": a, "slots": n} for j, a, n in some])
    {2: [1]}
    """
    found: dict[int, list[int]] = {row["layer"]: [] for row in rows}
    for row in rows:
        if row["what"] == what and row["accuracy"] >= accuracy and row["slots"] >= least_slots:
            found[row["layer"]].append(row["j"])
    return found


def hop_prefix(js: Sequence[int]) -> int:
    """The largest J such that 1..J are all there.

    >>> hop_prefix([1, 2, 3, 7]), hop_prefix([2])
    (3, 0)
    """
    prefix = 0
    while prefix + 1 in js:
        prefix += 1
    return prefix


def _most_frequent(answers: dict[str, np.ndarray], train: np.ndarray, test: np.ndarray) -> dict[str, float]:
    """How often the most frequent answer of the training slots is right."""
    both = answers["symbol"] * (int(answers["rank"].max()) + 1) + answers["rank"]
    asked = {**answers, "symbol and rank": both}
    return {what: float((values[test] == np.bincount(values[train]).argmax()).mean()) for what, values in asked.items()}
