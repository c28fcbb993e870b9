"""What every trainable model is: token ids in, logits out, layers that can be watched, and heads where it has any."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from jaxtyping import Float, Int
from torch import Tensor, nn

from logdepth.errors import InputError
from logdepth.models.config import ModelConfig


class TrainableModel(nn.Module, ABC):
    """Token ids (batch, slots) to logits (batch, slots, classes).

    has_heads: whether its layers attend. takes_muon: whether the matrices named `blocks.*` are for Muon.
    takes_stock: whether its shape is a Hugging Face config. defaults: entries of a config that the family fixes.
    """

    has_heads: ClassVar[bool] = True
    takes_muon: ClassVar[bool] = False
    takes_stock: ClassVar[bool] = False
    defaults: ClassVar[Mapping[str, Any]] = {}
    config: ModelConfig

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        """Raise `InputError` for a config that this family cannot be."""
        wrong = [name for name, value in cls.defaults.items() if getattr(config, name) != value]
        if wrong:
            fixed = ", ".join(f"{name} = {cls.defaults[name]}" for name in wrong)
            raise InputError(f"{cls.described(config)} has {fixed}")

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

    def no_heads(self) -> InputError:
        """What to say to who asks for heads that are not there."""
        return InputError(f"{self.described(self.config)} has no heads: only its layers can be watched")
