"""Linear probes: what of find^j, the j-th power of the task's pointer, a linear map reads off the residual stream.

Asked for after each layer, at every slot i that is asked and whose find^j(i) is defined:

- `symbol`: the symbol at find^j(i), which is hop_j(i);
- `position`: find^j(i) itself, as the bits of a number (all have to be right);
- `rank`: how often that symbol has occurred up to find^j(i), as bits; and `symbol and rank`, both right.

A probe is the affine map to the answer's bits, where one is exact on the fitted slots (compiled models hold words so);
else logistic regression (multinomial for the symbol, one for each bit of a number). Rows are scaled to unit root mean
square, as every later layer reads them. Probes are fitted on some strings and scored on others. `chance` is what the
same probe gets from the embedding (layer 0), or by always saying the most frequent answer, whichever is more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from logdepth.errors import InputError
from logdepth.models.inside import activations
from logdepth.train.subject import Subject

LEAST_SLOTS = 50  # with fewer slots scored, an accuracy says nothing: one lucky slot is 100 %
EXACT = 1e-3  # largest error, of bits as -1 and 1, at which an affine map counts as exact
WHATS = ("symbol", "position", "rank", "symbol and rank")


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

    Rows of layer (0: the embedding), j, what, accuracy, chance, slots (how many were scored). Two thirds of the strings
    are fitted on; slots of the others with a position or rank beyond those fitted on are left out. Raises `InputError`
    for fewer than 3 strings, or a k or length that the model does not take.

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
        features = _features(residual.double().cpu())
        for j in hops:
            at = powers[j]
            valid = (at > 0) & asked
            train, test = valid & fitted[:, None], valid & ~fitted[:, None]
            if not train.any():
                continue
            answers = {"s": np.take_along_axis(symbols, at, 1), "r": np.take_along_axis(ranks, at, 1), "p": at}
            for name in ("r", "p"):  # a number beyond those fitted on may have a bit never seen
                test &= answers[name] <= answers[name][train].max()
            if not test.any():
                continue
            right = _probe_all(features, answers, size, train, test, iterations)
            most = _most_frequent(answers, train, test)
            for what in WHATS:
                where = {"layer": layer, "j": j, "k": k, "what": what, "slots": int(test.sum())}
                rows.append({**where, "accuracy": float(right[what].mean()), "chance": most[what]})
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


def _features(residual: Tensor) -> Float[np.ndarray, "batch slots features"]:
    """Rows at unit root mean square, decorrelated, constant and repeated coordinates dropped, a 1 appended."""
    x = residual / residual.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-12)
    flat = x.flatten(0, 1)
    flat = flat - flat.mean(0)
    values, vectors = torch.linalg.eigh(flat.T @ flat / len(flat))
    kept = values > 1e-9 * values.max()
    white = flat @ (vectors[:, kept] / values[kept].sqrt())
    white = torch.cat([white, torch.ones(len(white), 1, dtype=white.dtype)], 1)
    return white.unflatten(0, residual.shape[:2]).numpy()


def _probe_all(
    features: np.ndarray,
    answers: dict[str, np.ndarray],
    size: int,
    train: Bool[np.ndarray, "batch slots"],
    test: Bool[np.ndarray, "batch slots"],
    iterations: int,
) -> dict[str, np.ndarray]:
    """Whether each probe is right at each test slot. One fit of all outputs together: they share nothing but time."""
    x, unseen = torch.from_numpy(features[train]), torch.from_numpy(features[test])
    classes = torch.from_numpy(answers["s"][train])
    widths = {name: max(int(answers[name].max()).bit_length(), 1) for name in ("p", "r", "s")}
    ones = torch.cat([_bits(answers[name][train], widths[name]) for name in ("p", "r", "s")], 1)
    truth = torch.cat([_bits(answers[name][test], widths[name]) for name in ("p", "r", "s")], 1).numpy() > 0.5
    gram = x.T @ x + 1e-9 * len(x) * torch.eye(x.shape[1], dtype=x.dtype)
    affine = torch.linalg.solve(gram, x.T @ (2 * ones - 1).to(x.dtype)).T
    exact = ((x @ affine.T - 2 * ones + 1).abs().amax(0) < EXACT).numpy()
    said = (unseen @ affine.T).numpy() > 0
    numbers = widths["p"] + widths["r"]
    logits = np.zeros((len(unseen), 0))
    if not exact.all():
        logits = _logistic(x.float(), classes, ones[:, :numbers], size, iterations)(unseen.float())
        said[:, :numbers] = np.where(exact[:numbers], said[:, :numbers], logits[:, size:] > 0)
    right = (said == truth)[:, :numbers]
    symbol = (said == truth)[:, numbers:].all(1)
    if not exact[numbers:].all():
        symbol = logits[:, :size].argmax(1) == answers["s"][test]
    position, rank = right[:, : widths["p"]].all(1), right[:, widths["p"] :].all(1)
    return {"symbol": symbol, "position": position, "rank": rank, "symbol and rank": symbol & rank}


def _logistic(x: Tensor, classes: Tensor, ones: Tensor, size: int, iterations: int) -> Callable[[Tensor], np.ndarray]:
    """Logits: `size` classes, then one for each bit. Begins at least squares."""
    signs = torch.cat([2 * functional.one_hot(classes, size).float() - 1, 2 * ones - 1], 1)
    gram = x.T @ x + 1e-4 * len(x) * torch.eye(x.shape[1])
    weight = (4 * torch.linalg.solve(gram, x.T @ signs).T).requires_grad_()
    optimizer = torch.optim.LBFGS([weight], max_iter=iterations, history_size=20, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        out = x @ weight.T
        several = functional.cross_entropy(out[:, :size], classes)
        single = functional.binary_cross_entropy_with_logits(out[:, size:], ones, reduction="none").mean(0).sum()
        value = several + single + 1e-4 * weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    fitted = weight.detach()
    return lambda rows: (rows @ fitted.T).numpy()


def _bits(numbers: np.ndarray, count: int) -> Tensor:
    return torch.from_numpy((numbers[:, None] >> np.arange(count) & 1).astype(np.float32))


def _most_frequent(answers: dict[str, np.ndarray], train: np.ndarray, test: np.ndarray) -> dict[str, float]:
    """How often the most frequent answer of the training slots is right."""
    both = {"symbol": answers["s"], "position": answers["p"], "rank": answers["r"]}
    both["symbol and rank"] = answers["s"] * (int(answers["r"].max()) + 1) + answers["r"]
    return {what: float((values[test] == np.bincount(values[train]).argmax()).mean()) for what, values in both.items()}
