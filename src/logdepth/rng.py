"""The one door for randomness: a seed and labels give a generator, the same on every run and platform."""

from __future__ import annotations

import hashlib

import numpy as np


def key_for(seed: int, *labels: str | int) -> int:
    """A 64-bit key from a seed and labels, for counter-based streams.

    >>> key_for(0, "khop", "test") == key_for(0, "khop", "test") != key_for(1, "khop", "test")
    True
    """
    text = "\x1f".join([str(int(seed)), *(str(label) for label in labels)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def rng_for(seed: int, *labels: str | int) -> np.random.Generator:
    """A NumPy generator for one labelled purpose.

    >>> int(rng_for(0, "khop", "test").integers(1000)) == int(rng_for(0, "khop", "test").integers(1000))
    True
    """
    return np.random.Generator(np.random.PCG64(key_for(seed, *labels)))
