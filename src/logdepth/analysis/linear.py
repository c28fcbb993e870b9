"""How a linear map reads a residual stream: affine maps to bits where they are exact, else classes.

Rows are scaled to unit root mean square, as every later layer reads them.

- Exact: the least-squares map to the bits of an answer, if it is exact on the fitted slots. Compiled models hold words
  as bits, so there it is.
- A symbol, of few: multinomial logistic regression.
- A number (position, rank, distance), of many: the linear discriminant, one class a value. Its scores are affine in the
  features, w = C^-1 mean and b = log share - mean C^-1 mean / 2, with C the covariance within classes: the best for
  classes that are Gaussian and alike, and in closed form. Bits one by one would read less: a number held as a smooth
  code has no bit that an affine map tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

EXACT = 1e-3  # largest error, of bits as -1 and 1, at which an affine map counts as exact
RIDGE = 1e-4  # of features of variance 1


def features_of(residual: Float[Tensor, "batch slots m"]) -> Float[np.ndarray, "batch slots features"]:
    """Rows at unit root mean square, decorrelated, constant and repeated coordinates dropped, a 1 appended.

    >>> features_of(torch.randn(2, 9, 3, dtype=torch.float64)).shape
    (2, 9, 4)
    """
    x = residual / residual.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-12)
    flat = x.flatten(0, 1)
    flat = flat - flat.mean(0)
    values, vectors = torch.linalg.eigh(flat.T @ flat / len(flat))
    kept = values > 1e-9 * values.max()
    white = flat @ (vectors[:, kept] / values[kept].sqrt())
    white = torch.cat([white, torch.ones(len(white), 1, dtype=white.dtype)], 1)
    return white.unflatten(0, residual.shape[:2]).numpy()


def read(
    features: Float[np.ndarray, "batch slots features"],
    answers: Mapping[str, Int[np.ndarray, "batch slots"]],
    size: int,
    train: Bool[np.ndarray, "batch slots"],
    test: Bool[np.ndarray, "batch slots"],
    iterations: int = 60,
) -> dict[str, Bool[np.ndarray, " tested"]]:
    """Whether each answer, fitted on the slots of `train`, is read right at each slot of `test`. Answers are numbers
    from 0 on; `symbol` is below `size`.

    >>> features = features_of(torch.randn(4, 50, 3, dtype=torch.float64, generator=torch.manual_seed(0)))
    >>> first = np.arange(4)[:, None] < np.full((4, 50), 2)
    >>> low = (features[..., 0] > 0).astype(np.int64)
    >>> bool(read(features, {"rank": low}, 2, first, ~first)["rank"].mean() > 0.9)
    True
    """
    x, unseen = features[train], features[test]
    right, rest = _exact(x, unseen, answers, train, test)
    for name in rest:
        if name == "symbol":
            scores = _logistic(torch.from_numpy(x).float(), torch.from_numpy(answers[name][train]), size, iterations)
            said = scores(torch.from_numpy(unseen).float()).argmax(1)
        else:
            said = discriminant(x, answers[name][train])(unseen).argmax(1)
        right[name] = said == answers[name][test]
    return right


def discriminant(
    x: Float[np.ndarray, "slots features"], classes: Int[np.ndarray, " slots"]
) -> Callable[[Float[np.ndarray, "rows features"]], Float[np.ndarray, "rows classes"]]:
    """The scores of Fisher's linear discriminant, as a function of rows; a class never seen is never said.

    >>> x = np.array([[0.0, 0.1], [0.1, 0.0], [1.0, 0.9], [0.9, 1.0]])
    >>> discriminant(x, np.array([0, 0, 2, 2]))(x).argmax(1)
    array([0, 0, 2, 2])
    """
    count = np.bincount(classes)
    one_hot = np.zeros((len(classes), len(count)))
    one_hot[np.arange(len(classes)), classes] = 1
    means = one_hot.T @ x / np.maximum(count, 1)[:, None]
    within = x.T @ x / len(x) - (means.T * count) @ means / len(x) + RIDGE * np.eye(x.shape[1])
    weight = np.linalg.solve(within, means.T)
    share = np.log(np.maximum(count, 1) / len(x)) - (means.T * weight).sum(0) / 2
    offset = np.where(count > 0, share, -np.inf)
    return lambda rows: rows @ weight + offset


def _exact(
    x: np.ndarray, unseen: np.ndarray, answers: Mapping[str, np.ndarray], train: np.ndarray, test: np.ndarray
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Whether each answer is right whose bits are all affine in the fitted features; the names of the others."""
    gram = x.T @ x + 1e-9 * len(x) * np.eye(x.shape[1])
    right, rest = {}, []
    for name, values in answers.items():
        places = np.arange(max(int(values.max()).bit_length(), 1))
        bits = 2.0 * (values[train][:, None] >> places & 1) - 1
        affine = np.linalg.solve(gram, x.T @ bits)
        if np.abs(x @ affine - bits).max() < EXACT:
            right[name] = ((unseen @ affine > 0) == (values[test][:, None] >> places & 1)).all(1)
        else:
            rest.append(name)
    return right, rest


def _logistic(x: Tensor, classes: Tensor, size: int, iterations: int) -> Callable[[Tensor], np.ndarray]:
    """Logits of `size` classes. Begins at least squares."""
    signs = 2 * functional.one_hot(classes, size).float() - 1
    gram = x.T @ x + RIDGE * len(x) * torch.eye(x.shape[1])
    weight = (4 * torch.linalg.solve(gram, x.T @ signs).T).requires_grad_()
    optimizer = torch.optim.LBFGS([weight], max_iter=iterations, history_size=20, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = functional.cross_entropy(x @ weight.T, classes) + RIDGE * weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    fitted = weight.detach()
    return lambda rows: (rows @ fitted.T).numpy()
