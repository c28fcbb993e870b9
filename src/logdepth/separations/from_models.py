"""Trained models as players play them. A family joins with a function here and a line in `FORMS`.

What a family has to say is what its layers pass on: a `RecurrentLayer`, `KernelLayer` or `SparseLayer` over its own
modules, or a `ThinkingModel`. Everything else, the protocol and the count of bits, is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn import functional

from logdepth.errors import InputError
from logdepth.models.family import TrainableModel
from logdepth.models.modern import AttentionModel, ModernBlock
from logdepth.models.recurrent import RecurrentBlock, RecurrentModel
from logdepth.models.thinking import ThinkingTransformer
from logdepth.models.windows import NO_STRIDE
from logdepth.separations.blackboard import Message, Played
from logdepth.separations.kernel import KernelLayer
from logdepth.separations.layers import LayeredModel, PlayedLayer, Rows
from logdepth.separations.recurrent import RecurrentLayer
from logdepth.separations.sparse import NEVER, SparseLayer
from logdepth.separations.thoughts import ThinkingModel

BITS = 32


class PlayedRecurrence(RecurrentLayer):
    """A recurrent layer: what is passed on is its state, all parts of it."""

    def __init__(self, layer: RecurrentBlock) -> None:
        self.layer = layer

    @property
    def state_bits(self) -> int:
        return BITS * sum(part[0].numel() for part in self.layer.initial(1))

    def initial(self, batch: int) -> Message:
        return tuple(part.numpy() for part in self.layer.initial(batch))

    @torch.no_grad()
    def run(self, rows: Rows, state: Message) -> tuple[Rows, Message]:
        out, after = self.layer.advance(_tensor(rows), tuple(_tensor(part) for part in state))
        return out.numpy(), tuple(part.numpy() for part in after)


class PlayedKernel(KernelLayer):
    """A layer of kernel attention: what is passed on are sums over its tokens."""

    precision = BITS

    def __init__(self, model: AttentionModel, block: ModernBlock) -> None:
        self.model, self.block, self.causal = model, block, model.config.causal
        self.heads, self.head_dim = model.config.num_heads, model.config.embed_dim // model.config.num_heads
        self.attend: Any = block.attend

    @property
    def sizes(self) -> tuple[int, int, int]:
        return self.heads, self.attend.num_features(self.head_dim), self.head_dim

    @torch.no_grad()
    def project(self, rows: Rows, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        places = np.arange(first, first + rows.shape[1])
        query, key, value = self.block.project(_tensor(rows), _rotation(self.model, places))
        return self.attend.features(query).numpy(), self.attend.features(key).numpy(), value.numpy()

    @torch.no_grad()
    def finish(self, rows: Rows, read: np.ndarray) -> Rows:
        return self.block.finish(_tensor(rows), _tensor(read)).numpy()


class PlayedWindow(SparseLayer):
    """A layer of windowed attention: what is passed on are rows near the borders, and those that all see."""

    precision = BITS

    def __init__(self, model: AttentionModel, block: ModernBlock, stride: int) -> None:
        self.model, self.block, self.causal = model, block, model.config.causal
        self.window, self.stride, self.width = model.config.window, stride, model.config.embed_dim

    @torch.no_grad()
    def attend(self, rows: Rows, keys: Rows, mask: np.ndarray, places: tuple[np.ndarray, np.ndarray]) -> Rows:
        x = _tensor(rows)
        query, _, _ = self.block.project(x, _rotation(self.model, places[0]))
        _, key, value = self.block.project(_tensor(keys), _rotation(self.model, places[1]))
        read = functional.scaled_dot_product_attention(query, key, value, attn_mask=torch.from_numpy(mask.copy()))
        return self.block.finish(x, read).numpy()


class PlayedThinker(ThinkingModel):
    """One layer with a chain of thought. A token after the input is a thought: its symbol, then its slot, in one
    number.

    An output is the logits of symbols, one for "not looked up", and those of slots.
    """

    precision = BITS

    def __init__(self, model: ThinkingTransformer) -> None:
        config = model.config
        self.model, self.thoughts = model, config.thoughts
        self.block = cast(ModernBlock, model.layers[0])
        self.classes = config.vocab_size
        self.sizes = (config.num_heads, config.embed_dim // config.num_heads)
        self.scale = self.sizes[1] ** -0.5
        self.total = 0  # input tokens

    def begin(self, ids: np.ndarray, place: Any, last: np.ndarray) -> Any:
        self.total = place.total
        return super().begin(ids, place, last)

    def _project(self, ids: np.ndarray, first: int) -> tuple[Tensor, Tensor, Tensor]:
        return self.block.project(self._rows(ids, first), None)

    def _rows(self, ids: np.ndarray, first: int) -> Tensor:
        given = torch.from_numpy(np.ascontiguousarray(ids).astype(np.int64))
        if first < self.total:
            return self.model.embed(given, first)
        slots = given // (self.classes + 1)
        return self.model.embed_thoughts(torch.stack([slots, given % (self.classes + 1)], 2), first - self.total)

    @torch.no_grad()
    def queries(self, ids: np.ndarray, position: int) -> np.ndarray:
        return (self._project(ids[:, None], position)[0][:, :, 0] * self.scale).numpy()

    @torch.no_grad()
    def keys_and_values(self, ids: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray]:
        if not ids.shape[1]:
            none = np.zeros((len(ids), self.sizes[0], 0, self.sizes[1]), np.float32)
            return none, none
        _, key, value = self._project(ids, first)
        return key.numpy(), value.numpy()

    @torch.no_grad()
    def finish(self, ids: np.ndarray, position: int, read: np.ndarray) -> np.ndarray:
        x = self.model.final_norm(self.block.finish(self._rows(ids[:, None], position), _tensor(read)[:, :, None]))[
            :, 0
        ]
        number = position - self.total + 1  # of the thought that this says
        symbols = self.model.unembed(x)
        unread = symbols.new_full((len(symbols), 1), float(NEVER))
        if number < self.thoughts and not self.model.says_symbol(number):
            unread = -unread
        return torch.cat([symbols, unread, self.model.point(x)], 1).numpy()

    def thought(self, outputs: np.ndarray) -> np.ndarray:
        symbol = outputs[:, : self.classes + 1].argmax(-1)
        return outputs[:, self.classes + 1 :].argmax(-1) * (self.classes + 1) + symbol

    def answer(self, own: Any) -> np.ndarray:
        return super().answer(own)[:, : self.classes]


def played_layers(model: RecurrentModel | AttentionModel, arch: str, layers: tuple[PlayedLayer, ...]) -> Played:
    """Layers between a model's own embedding and readout."""

    @torch.no_grad()
    def embed(ids: np.ndarray, first: int) -> Rows:
        rows = model.tokens(torch.from_numpy(ids.astype(np.int64)))
        places = getattr(model, "places", None)
        return (rows if places is None else rows + places.weight[first : first + ids.shape[1]]).numpy()

    @torch.no_grad()
    def read_out(rows: Rows) -> np.ndarray:
        return model.unembed(model.final_norm(_tensor(rows))).numpy()

    return LayeredModel(arch, embed, layers, read_out)


def _recurrent(arch: str) -> Callable[[Any], Played]:
    return lambda model: played_layers(model, arch, tuple(PlayedRecurrence(layer) for layer in model.layers))


def _kernel(model: AttentionModel) -> Played:
    return played_layers(model, "performer", tuple(PlayedKernel(model, block) for block in model.layers))


def _windows(strided: bool) -> Callable[[Any], Played]:
    def played(model: AttentionModel) -> Played:
        stride = model.config.stride if strided else NO_STRIDE
        return played_layers(model, "longformer", tuple(PlayedWindow(model, block, stride) for block in model.layers))

    return played


def _thinker(model: ThinkingTransformer) -> Played:
    if len(model.layers) != 1:
        raise InputError(f"the corollary is about one layer with a chain of thought; this has {len(model.layers)}")
    return PlayedThinker(model)


FORMS: dict[str, Callable[[Any], Played]] = {
    "lstm": _recurrent("rnn"),
    "gru": _recurrent("rnn"),
    "mamba2": _recurrent("ssm"),
    "deltanet": _recurrent("rnn"),
    "linear": _kernel,
    "performer": _kernel,
    "window": _windows(False),
    "longformer": _windows(True),
    "cot": _thinker,
}
"""By family."""


def played_model(model: TrainableModel) -> Played:
    """A trainable model as players play it, on the processor and in float32.

    Raises `InputError` for families whose layers pass on more than players can write: attention to everything does.
    """
    family = model.config.family
    if family not in FORMS:
        raise InputError(
            f"{model.described(model.config)} cannot be played at a blackboard: its layers look at everything at once; "
            f"families that can: {', '.join(FORMS)}"
        )
    if model.config.num_loops > 1:
        raise InputError(f"{model.described(model.config)} loops; the players play each layer once")
    return FORMS[family](model.eval().float().cpu())


@torch.no_grad()
def own_outputs(model: TrainableModel, ids: Int[np.ndarray, "batch slots"]) -> np.ndarray:
    """The model's own outputs at the last slot, by its own forward pass."""
    return model(torch.from_numpy(ids.astype(np.int64)))[:, -1].numpy()


def _tensor(rows: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(rows))


def _rotation(model: AttentionModel, places: np.ndarray) -> tuple[Tensor, Tensor] | None:
    if model.places is not None:
        return None
    cosines, sines = model.rotation(int(places.max()) + 1, torch.device("cpu"))
    return cosines[places], sines[places]
