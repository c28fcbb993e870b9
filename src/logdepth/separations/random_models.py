"""Random models of every form, small and in NumPy: what the meter plays where there is no trained one.

Weights are drawn from the seed; numbers are float32, 32 bits. Nothing here is trained, and nothing exact but
`hop_tables`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from logdepth.errors import InputError
from logdepth.rng import rng_for
from logdepth.separations.blackboard import Message, Played
from logdepth.separations.hop_tables import hop_tables
from logdepth.separations.kernel import KernelLayer
from logdepth.separations.layers import LayeredModel, Rows
from logdepth.separations.recurrent import RecurrentLayer
from logdepth.separations.sparse import SparseLayer, softmax
from logdepth.separations.thoughts import ThinkingModel

BITS = 32
Draw = Callable[..., np.ndarray]


@dataclass(frozen=True)
class RandomSizes:
    """Of a random model. classes: ids and outputs; length: positions. k: hops of the exact one, and its levels follow.
    Raises `InputError` for sizes that do not fit together."""

    classes: int
    length: int
    layers: int = 2
    width: int = 32
    heads: int = 4
    features: int = 16
    window: int = 4
    stride: int = 16
    thoughts: int = 3
    k: int = 1
    causal: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("classes", "length", "layers", "width", "heads", "features", "stride", "k"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.width % self.heads:
            raise InputError(f"a width of {self.width} is not a multiple of {self.heads} heads")

    @property
    def head_dim(self) -> int:
        return self.width // self.heads

    def draw(self, *labels: str | int) -> Draw:
        """Weights by their shape: normal, the variance one over what they add up."""
        rng = rng_for(self.seed, "separations", "random model", *labels)

        def weights(*shape: int) -> np.ndarray:
            return rng.normal(0, shape[-2] ** -0.5 if len(shape) > 1 else 1, shape).astype(np.float32)

        return weights


def normal(rows: np.ndarray) -> np.ndarray:
    """Rows of mean square 1."""
    return rows / np.sqrt((rows * rows).mean(-1, keepdims=True) + np.float32(1e-6))


def split(rows: Rows, heads: int) -> np.ndarray:
    """(batch, t, m) as (batch, heads, t, m / heads)."""
    batch, t, m = rows.shape
    return rows.reshape(batch, t, heads, m // heads).transpose(0, 2, 1, 3)


def join(read: np.ndarray) -> Rows:
    """Back."""
    batch, heads, t, d = read.shape
    return read.transpose(0, 2, 1, 3).reshape(batch, t, heads * d)


class Elman(RecurrentLayer):
    """h = tanh(A h + B x), added to the residual."""

    def __init__(self, sizes: RandomSizes, layer: int) -> None:
        draw, m = sizes.draw("rnn", layer), sizes.width
        self.width, self.recur, self.enter, self.leave = m, draw(m, m), draw(m, m), draw(m, m)

    @property
    def state_bits(self) -> int:
        return BITS * self.width

    def initial(self, batch: int) -> Message:
        return (np.zeros((batch, self.width), np.float32),)

    def run(self, rows: Rows, state: Message) -> tuple[Rows, Message]:
        entered, (hidden,) = normal(rows) @ self.enter, state
        states = np.empty_like(entered)
        for i in range(rows.shape[1]):
            hidden = np.tanh(hidden @ self.recur + entered[:, i])
            states[:, i] = hidden
        return rows + states @ self.leave, (hidden,)


class Selective(RecurrentLayer):
    """A state-space layer: h = a(x) h + (1 - a(x)) b(x), read through a gate c(x); diagonal, chosen by the input."""

    def __init__(self, sizes: RandomSizes, layer: int) -> None:
        draw, m = sizes.draw("ssm", layer), sizes.width
        self.width, self.keep, self.enter, self.gate, self.leave = m, draw(m, m), draw(m, m), draw(m, m), draw(m, m)

    @property
    def state_bits(self) -> int:
        return BITS * self.width

    def initial(self, batch: int) -> Message:
        return (np.zeros((batch, self.width), np.float32),)

    def run(self, rows: Rows, state: Message) -> tuple[Rows, Message]:
        x, (hidden,) = normal(rows), state
        keep, entered = 1 / (1 + np.exp(-x @ self.keep)), x @ self.enter
        states = np.empty_like(x)
        for i in range(rows.shape[1]):
            hidden = keep[:, i] * hidden + (1 - keep[:, i]) * entered[:, i]
            states[:, i] = hidden
        return rows + (states * (x @ self.gate)) @ self.leave, (hidden,)


class RandomMap:
    """What stands after a layer's heads: their outputs joined, then one hidden layer."""

    def __init__(self, draw: Draw, m: int) -> None:
        self.join, self.up, self.down = draw(m, m), draw(m, 2 * m), draw(2 * m, m)

    def __call__(self, rows: Rows, read: np.ndarray) -> Rows:
        rows = rows + join(read) @ self.join
        return rows + np.maximum(normal(rows) @ self.up, 0) @ self.down


class RandomKernel(KernelLayer):
    """Positive features exp(W x - |x|^2 / 2), as Performer's."""

    precision = BITS

    def __init__(self, sizes: RandomSizes, layer: int) -> None:
        draw, m = sizes.draw("kernel", layer), sizes.width
        self.causal, self.heads = sizes.causal, sizes.heads
        self.features, self.head_dim = sizes.features, sizes.head_dim
        self.query, self.key, self.value = draw(m, m), draw(m, m), draw(m, m)
        self.random, self.after = draw(sizes.head_dim, sizes.features), RandomMap(draw, m)

    @property
    def sizes(self) -> tuple[int, int, int]:
        return self.heads, self.features, self.head_dim

    def project(self, rows: Rows, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = normal(rows)
        query, key, value = (split(x @ weights, self.heads) for weights in (self.query, self.key, self.value))
        return self._features(query), self._features(key), value

    def _features(self, x: np.ndarray) -> np.ndarray:
        x = normal(x)
        return np.exp(x @ self.random - (x * x).mean(-1, keepdims=True) / 2)

    def finish(self, rows: Rows, read: np.ndarray) -> Rows:
        return self.after(rows, read)


class RandomWindow(SparseLayer):
    """Softmax attention in a window and at every g-th token."""

    precision = BITS

    def __init__(self, sizes: RandomSizes, layer: int) -> None:
        draw, m = sizes.draw("window", layer), sizes.width
        self.window, self.stride, self.causal, self.width = sizes.window, sizes.stride, sizes.causal, m
        self.heads, self.scale = sizes.heads, np.float32(sizes.head_dim**-0.5)
        self.query, self.key, self.value, self.after = draw(m, m), draw(m, m), draw(m, m), RandomMap(draw, m)

    def attend(self, rows: Rows, keys: Rows, mask: np.ndarray, places: tuple[np.ndarray, np.ndarray]) -> Rows:
        x = normal(keys)
        query, key, value = (
            split(part @ weights, self.heads)
            for part, weights in ((normal(rows), self.query), (x, self.key), (x, self.value))
        )
        return self.after(rows, softmax(query @ key.swapaxes(-1, -2) * self.scale, mask) @ value)


class RandomThinker(ThinkingModel):
    """One layer; a thought is the likeliest token."""

    precision = BITS

    def __init__(self, sizes: RandomSizes) -> None:
        draw, m = sizes.draw("cot"), sizes.width
        self.thoughts, self.sizes = sizes.thoughts, (sizes.heads, sizes.head_dim)
        self.scale = np.float32(sizes.head_dim**-0.5)
        self.embed = random_embedding(sizes, extra=sizes.thoughts)
        self.query, self.key, self.value, self.after = draw(m, m), draw(m, m), draw(m, m), RandomMap(draw, m)
        self.unembed = draw(m, sizes.classes)

    def _heads(self, ids: np.ndarray, first: int, weights: np.ndarray) -> np.ndarray:
        return split(normal(self.embed(ids, first)) @ weights, self.sizes[0])

    def queries(self, ids: np.ndarray, position: int) -> np.ndarray:
        return self._heads(ids[:, None], position, self.query)[:, :, 0] * self.scale

    def keys_and_values(self, ids: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray]:
        return self._heads(ids, first, self.key), self._heads(ids, first, self.value)

    def finish(self, ids: np.ndarray, position: int, read: np.ndarray) -> np.ndarray:
        rows = self.after(self.embed(ids[:, None], position), read[:, :, None])
        return normal(rows[:, 0]) @ self.unembed

    def thought(self, outputs: np.ndarray) -> np.ndarray:
        return outputs.argmax(-1)


def random_embedding(sizes: RandomSizes, extra: int = 0) -> Callable[[np.ndarray, int], Rows]:
    """Rows of tokens: a vector a token and one a position."""
    draw = sizes.draw("embedding")
    tokens, positions = draw(1, sizes.classes, sizes.width)[0], draw(1, sizes.length + extra, sizes.width)[0]
    return lambda ids, first: tokens[ids] + positions[first : first + ids.shape[1]]


def _layered(arch: str, layer: Callable[[RandomSizes, int], object]) -> Callable[[RandomSizes], Played]:
    def build(sizes: RandomSizes) -> Played:
        unembed = sizes.draw("unembedding")(sizes.width, sizes.classes)
        layers = tuple(layer(sizes, number) for number in range(sizes.layers))
        return LayeredModel(arch, random_embedding(sizes), layers, lambda rows: normal(rows) @ unembed)  # pyright: ignore

    return build


def _tables(sizes: RandomSizes) -> Played:
    return hop_tables(sizes.classes, sizes.k, min(sizes.layers, sizes.k))


FORMS: dict[str, Callable[[RandomSizes], Played]] = {
    "rnn": _layered("rnn", Elman),
    "ssm": _layered("ssm", Selective),
    "performer": _layered("performer", RandomKernel),
    "longformer": _layered("longformer", RandomWindow),
    "cot": RandomThinker,
    "hop-tables": _tables,
}
"""By name: a random model of each form, and the exact recurrent one."""
