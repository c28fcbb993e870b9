"""What a stock architecture has to say for itself to be compiled to. The architectures are in `targets/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from logdepth.compiler.certificate import Certificate
from logdepth.errors import InputError
from logdepth.lang.graph import ProgramGraph
from logdepth.summary import TwoLines
from logdepth.transformer import Affine, Circuit, Layer, Transformer

if TYPE_CHECKING:
    from logdepth.compiler.floats import FloatModel
    from logdepth.compiler.schedule import Schedule


@dataclass(frozen=True)
class Shape:
    """Sizes of every block: `width = num_heads * head_dim >= 2 * coordinates`, and `inner` hidden units.

    >>> Shape(2, 31, 10).width
    62
    """

    num_heads: int
    head_dim: int
    inner: int

    @property
    def width(self) -> int:
        return self.num_heads * self.head_dim


@dataclass(frozen=True)
class Stock:
    """How Hugging Face code knows an architecture: the name for readers, the class that loads it, the task on its model
    card, and what `config.json` calls the layers, heads, width, hidden units and longest sequence. `cached`: whether
    rows can be run piece by piece, through a key-value cache."""

    title: str
    auto_class: str
    pipeline: str
    cached: bool
    layers: str
    heads: str
    width: str
    inner: str
    slots: str


@dataclass(frozen=True, eq=False, repr=False)
class Checkpoint(TwoLines):
    """Stock weights: what goes into `config.json`, and the state dict by Hugging Face's names (float64 arrays)."""

    config: dict[str, Any]
    tensors: dict[str, np.ndarray]
    dtype: str

    @property
    def num_parameters(self) -> int:
        return sum(tensor.size for tensor in self.tensors.values())

    def summary(self) -> tuple[str, str]:
        sizes = {name: size for name, size in self.config.items() if type(size) is int and "token" not in name}
        return (
            f"{self.config['architectures'][0]}: {self.num_parameters:,} parameters in {len(self.tensors)} tensors, "
            f"{self.dtype}",
            ", ".join(f"{name} {size:,}" for name, size in sizes.items()),
        )


class Target(Protocol):
    """A stock architecture: which programs it can hold, how large it is then, what is proved of it, its weights."""

    @property
    def name(self) -> str: ...

    @property
    def stock(self) -> Stock: ...

    def check(self, graph: ProgramGraph) -> None:
        """Raises `ProgramError` for a program that no such model can compute (a bidirectional one, say)."""
        ...

    def shape(self, schedule: Schedule, model: Transformer, dtype: str) -> Shape: ...

    def certify(self, schedule: Schedule, model: Transformer, shape: Shape, dtype: str | FloatModel) -> Certificate:
        """Prove, or say what fails."""
        ...

    def export(
        self, model: Transformer, schedule: Schedule, shape: Shape, certificate: Certificate, start_id: int
    ) -> Checkpoint: ...


def arithmetic(layer: Layer, number: int) -> Circuit | None:
    """A layer's circuit, if it has one. Raises `InputError` for an arbitrary function: it has no weights."""
    if layer.map is None or isinstance(layer.map, Circuit):
        return layer.map
    raise InputError(
        f"layer {number}: its row-wise map is an arbitrary function, which has no weights; "
        "only circuits can be exported"
    )


def affine(form: Any, number: int, name: str) -> Affine:
    """A head's map as the affine one that it is. Raises `InputError` for an arbitrary function."""
    if isinstance(form, Affine):
        return form
    raise InputError(
        f"layer {number}, head {name!r}: an arbitrary row function has no weights; only affine maps can be exported"
    )
