"""Words of p bits: how a machine's numbers are written when they are mailed, to others or to itself.

What a machine computes within a round is its own affair, and done in full precision; what crosses a round is rounded
to a word. *Fixed point* is the paper's: p bits, half of them after the point; *float* and *bfloat* are what hardware
has. A number that does not fit its word is refused, never clipped.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import ml_dtypes
import numpy as np
from jaxtyping import Float, Shaped

from logdepth.errors import InputError

Array = np.ndarray


class WordFormat(ABC):
    """A way to write numbers as words. arithmetic: what machines compute in, within a round."""

    name: str
    bits: int
    arithmetic: np.dtype

    @abstractmethod
    def encode(self, values: Float[Array, "*shape"]) -> Shaped[Array, "*shape"]:
        """Numbers as words, rounded to the nearest. Raises `InputError` for a number that has none."""

    @abstractmethod
    def decode(self, words: Shaped[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Words as numbers of the type `arithmetic`."""


@dataclass(frozen=True)
class FloatWords(WordFormat):
    """IEEE floats of 64, 32 or 16 bits, or bfloat16. Machines compute in float64, float32 for 32 bits and less.

    >>> FloatWords("bfloat16", 16).decode(FloatWords("bfloat16", 16).encode(np.array([0.1], np.float32))).tolist()
    [0.10009765625]
    """

    name: str
    bits: int

    @property
    def arithmetic(self) -> np.dtype:  # type: ignore[override]
        return np.dtype(np.float64 if self.bits == 64 else np.float32)

    def encode(self, values: Array) -> Array:
        if self.bits > 16:
            return np.asarray(values, self.arithmetic)
        with np.errstate(over="ignore"):
            short = values.astype(ml_dtypes.bfloat16 if self.name == "bfloat16" else np.float16)
        if (lost := np.isinf(short) & ~np.isinf(values)).any():
            raise _too_large(values[lost][0], self.name, float(ml_dtypes.finfo(short.dtype).max))
        return short.view(np.uint16)

    def decode(self, words: Array) -> Array:
        if self.bits > 16:
            return words
        return words.view(ml_dtypes.bfloat16 if self.name == "bfloat16" else np.float16).astype(self.arithmetic)


@dataclass(frozen=True)
class FixedWords(WordFormat):
    """The paper's words: signed fixed point, half of the bits after the point. The least word stands for -inf.

    >>> words = FixedWords("fixed32", 32)
    >>> words.decode(words.encode(np.array([0.1, -np.inf]))).tolist()
    [0.100006103515625, -inf]
    """

    name: str
    bits: int
    arithmetic = np.dtype(np.float64)

    def encode(self, values: Array) -> Array:
        scaled = np.rint(np.asarray(values, np.float64) * 2.0 ** (self.bits // 2))
        infinite = scaled == -np.inf
        limit = 2.0 ** (self.bits - 1)
        if (lost := ~(np.abs(scaled) < limit) & ~infinite).any():
            reach = 2.0 ** (self.bits // 2 - 1)
            raise _too_large(np.asarray(values)[lost][0], f"fixed point of {self.bits} bits", reach)
        return np.where(infinite, -limit, scaled).astype(f"i{self.bits // 8}")

    def decode(self, words: Array) -> Array:
        values = words.astype(np.float64) * 2.0 ** -(self.bits // 2)
        values[words == np.iinfo(words.dtype).min] = -np.inf
        return values


def _too_large(value: float, what: str, limit: float) -> InputError:
    return InputError(
        f"a machine has to write {float(value):.6g}, and {what} reaches {limit:.6g}: give more --word-bits, or --words "
        "float"
    )


KINDS = ("float", "fixed", "bfloat")
BITS = (64, 32, 16)


def find_words(bits: int = 64, kind: str = "float") -> WordFormat:
    """Words of so many bits: float (default), fixed, or bfloat (16 bits). Raises `InputError` for others.

    >>> find_words(32).name, find_words(16, "bfloat").name, find_words(64, "fixed").name
    ('float32', 'bfloat16', 'fixed64')
    """
    if kind not in KINDS:
        raise InputError(f"words are {kind!r}; there are: {', '.join(KINDS)}")
    if bits not in BITS or (kind == "bfloat" and bits != 16):
        allowed = "16" if kind == "bfloat" else ", ".join(map(str, BITS))
        raise InputError(f"word bits are {bits}; for {kind} words there are: {allowed}")
    return FixedWords(f"fixed{bits}", bits) if kind == "fixed" else FloatWords(f"{kind}{bits}", bits)


@dataclass(frozen=True)
class PrecisionBound:
    """Theorem C.1's bound on what words of p bits do to a layer's attention, as printed: `(8 b)^D 2^((p' - p) / 2)`.

    The words are fixed point, model_bits is p', the bits of the simulated model's own numbers. From 1 on, which is as
    large as what such a model tells apart, the bound says nothing (`vacuous`).
    """

    branching: int
    depth: int
    word_bits: int
    model_bits: int

    @property
    def log2(self) -> float:
        return self.depth * math.log2(8 * self.branching) + (self.model_bits - self.word_bits) / 2

    @property
    def vacuous(self) -> bool:
        return self.log2 >= 0


def precision_bound(branching: int, depth: int, word_bits: int, num_tokens: int) -> PrecisionBound:
    """C.1's bound for the least p' that Theta(log N) allows, `2 ceil(log2 N)`: N values on either side of the point.

    >>> bound = precision_bound(branching=4, depth=4, word_bits=32, num_tokens=99)
    >>> bound.log2, bound.vacuous, precision_bound(4, 4, 64, 99).vacuous
    (11.0, True, False)
    """
    return PrecisionBound(branching, depth, word_bits, 2 * max(1, (num_tokens - 1).bit_length()))
