"""What a compiled program is held against: strings to try it on, and a solver of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Int, Integer

from logdepth.vocabulary import Vocabulary


class Checked(ABC):
    """Instances as strings, and the right answers to them.

    name: of the command line. programs: the built-in programs that compute it, each with the name of its construction.
    own_share: how many of eight sampled strings are instances. one_length: whether instances have one length.
    """

    name: ClassVar[str]
    programs: ClassVar[Mapping[str, str]] = {}
    own_share: ClassVar[int] = 2
    one_length: ClassVar[bool] = False

    @property
    @abstractmethod
    def vocabulary(self) -> Vocabulary:
        """Which token id means what."""

    @abstractmethod
    def instances(self, length: int, count: int, seed: int, purpose: str) -> Int[np.ndarray, "batch n"] | None:
        """Random instances of that length; None where there are none of it."""

    @abstractmethod
    def mistake(
        self,
        strings: Integer[np.ndarray, "batch n"],
        words: Integer[np.ndarray, "batch slots"],
        header: Integer[np.ndarray, " batch"] | None,
    ) -> str:
        """What the solver says otherwise than words at slots 0..n do, on the strings that it takes; "" if nothing."""
