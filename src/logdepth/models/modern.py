"""The modern trainable transformer: RMSNorm, rotary or learned positions, zero-initialised projections, optional loops.

Not here: GPT-2, as the paper has it (`gpt2.py`).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from logdepth.errors import InputError
from logdepth.models.attention import Attend, FullAttention
from logdepth.models.config import ModelConfig
from logdepth.models.embedding import token_embedding
from logdepth.models.family import TrainableModel
from logdepth.models.norm import RmsNorm
from logdepth.models.projection import project
from logdepth.models.rotary import rotate


class ModernBlock(nn.Module):
    """Attention, then one hidden layer of GELU; both add to the residual stream, at first nothing.

    Queries and keys are normalised (with learned gains), which keeps the scores of deep models in bounds.
    """

    def __init__(self, config: ModelConfig, attend: Attend) -> None:
        super().__init__()
        width, hidden, head = config.embed_dim, config.hidden_units, config.embed_dim // config.num_heads
        self.num_heads, self.attend = config.num_heads, attend
        self.attention_norm = RmsNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.query_norm, self.key_norm = RmsNorm(head), RmsNorm(head)
        self.attention_out = nn.Linear(width, width, bias=False)
        self.hidden_norm = RmsNorm(width)
        self.hidden = nn.Linear(width, hidden, bias=False)
        self.hidden_out = nn.Linear(hidden, width, bias=False)
        nn.init.zeros_(self.attention_out.weight)
        nn.init.zeros_(self.hidden_out.weight)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor] | None, keep: list[Tensor] | None) -> Tensor:
        """x: (batch, slots, width). keep: receives the attention, (batch, heads, query, key), if given."""
        query, key, value = self.project(x, rotation)
        return self.finish(x, self.attend(query, key, value, keep))

    def project(self, x: Tensor, rotation: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each (batch, heads, slots, head)."""
        width = x.shape[-1]
        parts = project(self.attention_norm(x), self.query_key_value.weight, [width] * 3)
        query, key, value = (part.unflatten(-1, (self.num_heads, -1)) for part in parts)
        query, key = self.query_norm(query), self.key_norm(key)
        if rotation is not None:
            cosine, sine = (part.unsqueeze(-2) for part in rotation)  # the same for every head
            query, key = rotate(query, (cosine, sine)), rotate(key, (cosine, sine))
        return query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)

    def finish(self, x: Tensor, read: Tensor, *, watched: bool = True) -> Tensor:
        """The output, from what the heads read. watched: whether `models/inside.py` sees it."""
        read = read.transpose(1, 2).reshape(x.shape)
        x = x + (self.attention_out(read) if watched else functional.linear(read, self.attention_out.weight))
        return x + self.hidden_out(functional.gelu(self.hidden(self.hidden_norm(x))))


class AttentionModel(TrainableModel):
    """Token ids (batch, slots) to logits (batch, slots, classes), by blocks that differ in how they attend."""

    takes_muon = True
    optimizer = "muon"

    @classmethod
    @abstractmethod
    def attend(cls, config: ModelConfig, layer: int) -> Attend:
        """How a layer's heads read (the first layer is 1)."""

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        super().check(config)
        if config.positions == "none":
            raise InputError(f"{cls.described(config)} has positions: 'rope' or 'learned'")
        if config.positions == "rope" and config.embed_dim // config.num_heads % 2:
            raise InputError(f"rope needs an even head dimension; it is {config.embed_dim // config.num_heads}")
        if config.dropout:
            raise InputError(f"{cls.described(config)} has no dropout; give family 'paper'")

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        width, head = config.embed_dim, config.embed_dim // config.num_heads
        self.tokens = token_embedding(config)
        self.places = nn.Embedding(config.max_length, width) if config.positions == "learned" else None
        self.blocks = nn.ModuleList(
            ModernBlock(config, self.attend(config, layer)) for layer in range(1, config.num_layers + 1)
        )
        self.final_norm = RmsNorm(width)
        self.unembed = nn.Linear(width, config.classes, bias=False)
        nn.init.zeros_(self.unembed.weight)
        side = config.num_auxiliary * (1 if config.vertices else config.vocab_size)
        self.auxiliary = nn.Linear(width, side, bias=False) if side else None
        if self.auxiliary is not None:
            nn.init.zeros_(self.auxiliary.weight)
        self._head = head
        self._rotation: tuple[Tensor, Tensor] | None = None

    @property
    def layers(self) -> list[ModernBlock]:
        """The blocks in the order they run, loops unrolled."""
        return [block for _ in range(self.config.num_loops) for block in self.blocks]  # type: ignore[misc]

    def hidden_states(self, ids: Tensor, keep: list[Tensor] | None = None) -> list[Tensor]:
        """The residual stream before the first and after every layer, each (batch, slots, width).

        Raises `InputError` for more slots than learned positions.
        """
        slots = ids.shape[1]
        x = self.tokens(ids)
        rotation = None
        if self.places is None:
            rotation = self.rotation(slots, x.device)
        elif slots > self.config.max_length:
            raise InputError(f"{slots} slots; the model has positions for {self.config.max_length}")
        else:
            x = x + self.places.weight[:slots]
        states = [x]
        for block in self.layers:
            states.append(block(states[-1], rotation, keep))
        return states

    def projection(self, layer: nn.Module) -> nn.Module:
        assert isinstance(layer, ModernBlock)
        return layer.attention_out

    def attention(self, ids: Int[Tensor, "batch slots"]) -> list[Float[Tensor, "batch heads query key"]]:
        keep: list[Tensor] = []
        self.hidden_states(ids, keep)
        return keep

    def read(self, x: Tensor) -> Tensor:
        """Logits of a residual stream."""
        return self.unembed(self.final_norm(x))

    def read_hops(self, x: Tensor, count: int) -> Tensor:
        """Logits of hop_0 .. hop_(count-1) out of the second readout, (batch, slots, count, vocab_size)."""
        assert self.auxiliary is not None
        rows = self.auxiliary.weight[: count * self.config.vocab_size]
        return functional.linear(self.final_norm(x), rows).unflatten(-1, (count, self.config.vocab_size))

    def read_vertices(self, x: Tensor) -> Tensor:
        """Of every slot and vertex whether it is near, as a logit, out of the second readout, (batch, slots, V)."""
        assert self.auxiliary is not None
        return self.auxiliary(self.final_norm(x))

    def forward(self, ids: Int[Tensor, "batch slots"]) -> Float[Tensor, "batch slots classes"]:
        return self.read(self.hidden_states(ids)[-1])

    def state_numbers(self, length: int) -> int | None:
        if not self.config.causal:
            return None
        heads, width = self.config.num_heads, self._head
        return sum(block.attend.state_numbers(length, heads, width) for block in self.layers)

    def rotation(self, slots: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Cosines and sines of the angles, (slots, head / 2); any length, so that longer strings can be tried."""
        table = self._rotation
        if table is None or len(table[0]) < slots or table[0].device != device:
            half = self._head // 2
            angle = torch.arange(max(slots, self.config.max_length), device=device)[:, None] * 10000.0 ** (
                -torch.arange(half, device=device) / half
            )
            table = self._rotation = (angle.cos(), angle.sin())
        return table[0][:slots], table[1][:slots]


@final
class ModernTransformer(AttentionModel):
    """Softmax attention to everything (so far).

    >>> model = ModernTransformer(ModelConfig("modern", vocab_size=7, max_length=5, num_layers=1, embed_dim=8))
    >>> model(torch.zeros(2, 5, dtype=torch.long)).shape
    torch.Size([2, 5, 7])
    """

    @classmethod
    def attend(cls, config: ModelConfig, layer: int) -> Attend:
        return FullAttention(config.causal)
