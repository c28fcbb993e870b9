"""What every trainable model is: token ids in, logits out, layers that can be watched, and heads where it has any."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from jaxtyping import Float, Int
from torch import Tensor, nn

from logdepth.errors import InputError
from logdepth.models.config import ModelConfig

OWN = {"window": 8, "stride": 16, "features": 0, "state_dim": 0, "thoughts": 0, "spoken": True}
"""Entries of a config that few families have a use for, and what they are where there is none."""


class TrainableModel(nn.Module, ABC):
    """Token ids (batch, slots) to logits (batch, slots, classes).

    has_heads: whether its layers attend. takes_muon: whether the matrices named `blocks.*` are for Muon.
    takes_stock: whether its shape is a Hugging Face config. defaults: entries of a config that the family fixes.
    optimizer: what the recipes train it with. graph: the kind of graph it needs to be told, "" for none. last_only:
    whether it answers at the last slot alone.
    uses: entries of a config that few families have a use for, and this one has.
    """

    has_heads: ClassVar[bool] = True
    takes_muon: ClassVar[bool] = False
    takes_stock: ClassVar[bool] = False
    optimizer: ClassVar[str] = "adamw"
    graph: ClassVar[str] = ""
    last_only: ClassVar[bool] = False
    uses: ClassVar[tuple[str, ...]] = ()
    defaults: ClassVar[Mapping[str, Any]] = {}
    config: ModelConfig

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        """Raise `InputError` for a config that this family cannot be."""
        wrong = [name for name, value in cls.defaults.items() if getattr(config, name) != value]
        if wrong:
            fixed = ", ".join(f"{name} = {cls.defaults[name]}" for name in wrong)
            heads = "" if cls.has_heads or "num_heads" not in wrong else ": its layers can be watched, it has no heads"
            raise InputError(f"{cls.described(config)} has {fixed}{heads}")
        useless = [name for name in OWN if name not in cls.uses and getattr(config, name) != OWN[name]]
        if useless:
            raise InputError(f"{cls.described(config)} has no use for {', '.join(useless)}")

    @classmethod
    def described(cls, config: ModelConfig) -> str:
        """The family in a message."""
        return f"the {config.family} model"

    @property
    @abstractmethod
    def layers(self) -> list[Any]:
        """The blocks in the order they run, loops unrolled: each maps the residual stream (batch, slots, m)."""

    def projection(self, layer: nn.Module) -> nn.Module:
        """The module of a layer whose input is the heads' outputs side by side. Raises `InputError` without heads."""
        raise self.no_heads()

    def attention(self, ids: Int[Tensor, "batch slots"]) -> list[Float[Tensor, "batch heads query key"]]:
        """The attention of every layer, (batch, heads, query, key). Raises `InputError` without heads."""
        raise self.no_heads()

    @property
    def extra_slots(self) -> int:
        """How many slots it appends to those given."""
        return 0

    @property
    def num_parameters(self) -> int:
        """Numbers that are trained."""
        return sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)

    def state_numbers(self, length: int) -> int | None:
        """How many numbers all layers together hand on after `length` slots to those that come later; None where
        nothing is read from left to right."""
        return None

    def no_heads(self) -> InputError:
        """What to say to who asks for heads that are not there."""
        return InputError(f"{self.described(self.config)} has no heads: its layers can be watched, probed and patched")
