"""Looking inside a trainable model, and reaching in: activations, traces, edits. One way for every family.

A model here is one that `build_model` makes: it has `config` and `layers`, its blocks in the order they run (a looped
block comes up once a loop). Where a family has heads, each block has one module, the attention's output projection,
whose input is the heads' outputs side by side: that is where heads are watched and edited. Without heads there are none
to watch, and edits of them are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from logdepth.models.family import TrainableModel
from logdepth.transformer.trace import Trace


class Activations(NamedTuple):
    """logits (batch, slots, classes); residual[l] (batch, slots, m) after layer l (0: the embedding); heads[l-1]
    (batch, slots, heads, head_dim): what the heads of layer l found, before the output projection (or no heads)."""

    logits: Tensor
    residual: list[Tensor]
    heads: list[Tensor]


@dataclass(frozen=True, eq=False)
class Edit:
    """A change on the way through: `change` maps the activation to its replacement.

    layer: 1 up to the depth. head: which head's output, (batch, slots, head_dim), or None for the residual stream after
    the layer, (batch, slots, m).
    """

    layer: int
    head: int | None
    change: Callable[[Tensor], Tensor]


def activations(model: nn.Module, ids: Int[Tensor, "batch slots"]) -> Activations:
    """Run and keep everything (no gradients). ids: (batch, slots)."""
    layers, num_heads = _layers(model), _num_heads(model)
    residual: list[Tensor] = []
    heads: list[Tensor] = []

    def before(module: nn.Module, args: Any, kwargs: Any) -> None:
        if not residual:
            residual.append(args[0] if args else kwargs["hidden_states"])

    def after(module: nn.Module, args: Any, output: Any) -> None:
        residual.append(output[0] if isinstance(output, tuple) else output)

    def mixed(module: nn.Module, args: Any) -> None:
        heads.append(args[0].unflatten(-1, (num_heads, -1)))

    hooks = [layers[0].register_forward_pre_hook(before, with_kwargs=True)]
    for layer in _distinct(layers):
        hooks.append(layer.register_forward_hook(after))
        if num_heads:
            hooks.append(_model(model).projection(layer).register_forward_pre_hook(mixed))
    try:
        with torch.no_grad():
            return Activations(model(ids), residual, heads)
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def edited(model: nn.Module, edits: Iterable[Edit]) -> Iterator[None]:
    """Within the block, every forward pass of the model is changed as told. Raises `InputError` for a head of a model
    without heads."""
    layers, num_heads = _layers(model), _num_heads(model)
    changes = list(edits)
    if not num_heads and any(edit.head is not None for edit in changes):
        raise _model(model).no_heads()
    hooks = []
    for layer in _distinct(layers):
        numbers = [number for number, other in enumerate(layers, 1) if other is layer]
        hooks.append(layer.register_forward_hook(_residual_hook(changes, numbers)))
        if num_heads:
            hook = _head_hook(changes, numbers, num_heads)
            hooks.append(_model(model).projection(layer).register_forward_pre_hook(hook))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _residual_hook(changes: list[Edit], numbers: list[int]) -> Callable[..., Any]:
    calls = 0

    def hook(module: nn.Module, args: Any, output: Any) -> Any:
        nonlocal calls
        number = numbers[calls % len(numbers)]
        calls += 1
        x = output[0] if isinstance(output, tuple) else output
        for edit in changes:
            if edit.layer == number and edit.head is None:
                x = edit.change(x)
        return (x, *output[1:]) if isinstance(output, tuple) else x

    return hook


def _head_hook(changes: list[Edit], numbers: list[int], num_heads: int) -> Callable[..., Any]:
    calls = 0

    def hook(module: nn.Module, args: Any) -> Any:
        nonlocal calls
        number = numbers[calls % len(numbers)]
        calls += 1
        chosen = [edit for edit in changes if edit.layer == number and edit.head is not None]
        if not chosen:
            return None
        heads = list(args[0].unflatten(-1, (num_heads, -1)).unbind(-2))
        for edit in chosen:
            assert edit.head is not None
            heads[edit.head] = edit.change(heads[edit.head])
        return (torch.cat(heads, -1), *args[1:])

    return hook


def trace(model: nn.Module, ids: Int[Tensor, "batch slots"]) -> Trace:
    """Attention, residual stream and logits, as the exact transformer gives them. Memory O(layers heads slots^2).

    >>> from logdepth.models.build import build_model
    >>> from logdepth.models.config import ModelConfig
    >>> model = build_model(ModelConfig("modern", vocab_size=7, max_length=5, num_layers=3, embed_dim=8))
    >>> found = trace(model, torch.zeros(2, 5, dtype=torch.long))
    >>> len(found.attention), found.attention[0].shape, len(found.residual), found.logits.shape
    (3, (2, 4, 5, 5), 4, (2, 5, 7))
    """
    found = activations(model, ids)
    attention = [_numpy(weights) for weights in attention_of(model, ids)]
    residual = tuple(_numpy(x) for x in found.residual)
    names = tuple(tuple(f"head {h + 1}" for h in range(_num_heads(model))) for _ in attention)
    return Trace(tuple(attention), residual, _numpy(found.logits), names)


def attention_of(model: nn.Module, ids: Int[Tensor, "batch slots"]) -> list[Float[Tensor, "batch heads query key"]]:
    """The attention of every layer, each (batch, heads, query, key); no gradients. Raises `InputError` for a model
    without heads."""
    with torch.no_grad():
        return _model(model).attention(ids)


def _model(model: nn.Module) -> TrainableModel:
    assert isinstance(model, TrainableModel)
    return model


def _layers(model: nn.Module) -> list[nn.Module]:
    return _model(model).layers


def _num_heads(model: nn.Module) -> int:
    return _model(model).config.num_heads


def _distinct(layers: list[nn.Module]) -> list[nn.Module]:
    return list(dict.fromkeys(layers))


def _numpy(x: Tensor) -> Any:
    return x.detach().float().cpu().numpy()
