"""Out of torch modules into arrays, and the check that nothing in a model is of an unknown kind."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.simulation.activations import ACTIVATIONS, check_activation
from logdepth.simulation.layers import Array, Linear, Norm, RowMap, SimulatedReadout

PLAIN = {"Linear", "Embedding", "LayerNorm", "Dropout", "ModuleList", "Identity"}
# transformers' activation modules; which one a model has is read from its config
ACTIVATION_MODULES = {
    "NewGELUActivation", "GELUActivation", "GELU", "GELUTanh", "PytorchGELUTanh", "ReLU", "ReLU6", "SiLU",
    "SiLUActivation", "Tanh",
}  # fmt: skip


def check_modules(model: Any, known: Collection[str]) -> None:
    """Raise `InputError` for the first module of a kind that is neither plain nor `known`, or that is changed.

    Kinds are torch's and transformers' own, by name; a hook, or another `forward`, changes what a module does.
    """
    for name, module in model.named_modules():
        kind, home = type(module).__name__, type(module).__module__.split(".")[0]
        there = kind in known or kind in PLAIN or kind in ACTIVATION_MODULES
        if not there or home not in ("torch", "transformers"):
            raise InputError(f"module {name} is a {kind}, which is not known; nothing was simulated")
        if module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module):
            raise InputError(f"module {name or kind} has hooks, which change what it does; remove them first")


class Reader:
    """Tensors as arrays of one type. A tensor that is read twice (tied weights) is one array."""

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = dtype
        self._read: dict[int, tuple[Any, Array]] = {}

    def array(self, tensor: Any) -> Array:
        """A tensor's values."""
        key = tensor.data_ptr(), tuple(tensor.shape), tensor.stride()
        if key not in self._read:
            import torch

            wide = torch.float64 if self.dtype == np.float64 else torch.float32
            self._read[key] = tensor, tensor.detach().to("cpu", wide, copy=True).numpy()  # type: ignore[index]
        return self._read[key][1]  # type: ignore[index]

    def linear(self, module: Any) -> Linear:
        """A torch `Linear`."""
        return Linear(self.array(module.weight), None if module.bias is None else self.array(module.bias))

    def layer_norm(self, module: Any) -> Norm:
        """A torch `LayerNorm`."""
        return Norm(self.array(module.weight), self.array(module.bias), module.eps, centred=True)

    def rms_norm(self, module: Any) -> Norm:
        """An RMSNorm of the Llama kind: gain times the normalised row."""
        return Norm(self.array(module.weight), None, module.variance_epsilon, centred=False)


def activation(module: Any, name: object, where: str) -> str:
    """The name of an activation, which must be the module's too. Raises `InputError`."""
    import torch

    found = check_activation(name, where)
    sample = torch.linspace(-4.0, 8.0, 97, dtype=torch.float64)
    if np.abs(ACTIVATIONS[found](sample.numpy()) - module(sample).detach().numpy()).max() > 1e-6:
        raise InputError(f"{where}: its activation is not {found}, which its config names")
    return found


def readout(*maps: RowMap) -> SimulatedReadout:
    """Maps, one after another."""
    return SimulatedReadout(maps)
