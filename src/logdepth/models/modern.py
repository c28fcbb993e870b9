"""The modern trainable transformer: RMSNorm, rotary or learned positions, zero-initialised projections, optional loops.

Not here: GPT-2, as the paper has it (`gpt2.py`).
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from logdepth.errors import InputError
from logdepth.models.config import ModelConfig
from logdepth.models.family import TrainableModel


class ModernBlock(nn.Module):
    """Attention, then one hidden layer of GELU; both add to the residual stream, at first nothing.

    Queries and keys are normalised (with learned gains), which keeps the scores of deep models in bounds.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, hidden, head = config.embed_dim, config.hidden_units, config.embed_dim // config.num_heads
        self.num_heads, self.causal = config.num_heads, config.causal
        self.attention_norm = nn.RMSNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.query_norm, self.key_norm = nn.RMSNorm(head), nn.RMSNorm(head)
        self.attention_out = nn.Linear(width, width, bias=False)
        self.hidden_norm = nn.RMSNorm(width)
        self.hidden = nn.Linear(width, hidden, bias=False)
        self.hidden_out = nn.Linear(hidden, width, bias=False)
        nn.init.zeros_(self.attention_out.weight)
        nn.init.zeros_(self.hidden_out.weight)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor] | None, keep: list[Tensor] | None) -> Tensor:
        """x: (batch, slots, width). keep: receives the attention, (batch, heads, query, key), if given."""
        batch, slots, width = x.shape
        mixed = self.query_key_value(self.attention_norm(x)).view(batch, slots, 3, self.num_heads, -1)
        query, key, value = mixed.permute(2, 0, 3, 1, 4)
        query, key = self.query_norm(query), self.key_norm(key)
        if rotation is not None:
            query, key = rotate(query, rotation), rotate(key, rotation)
        if keep is None:
            out = functional.scaled_dot_product_attention(query, key, value, is_causal=self.causal)
        else:
            scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
            if self.causal:
                later = torch.ones(slots, slots, dtype=torch.bool, device=x.device).triu(1)
                scores = scores.masked_fill(later, -torch.inf)
            weights = scores.softmax(-1)
            keep.append(weights)
            out = weights @ value
        x = x + self.attention_out(out.transpose(1, 2).reshape(batch, slots, width))
        return x + self.hidden_out(functional.gelu(self.hidden(self.hidden_norm(x))))


def rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Rotary position embedding: x is (batch, heads, slots, head), cosines and sines (slots, head / 2)."""
    cosine, sine = rotation
    first, second = x.chunk(2, -1)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], -1)


class ModernTransformer(TrainableModel):
    """Token ids (batch, slots) to logits (batch, slots, vocab_size).

    >>> model = ModernTransformer(ModelConfig("modern", vocab_size=7, max_length=5, num_layers=1, embed_dim=8))
    >>> model(torch.zeros(2, 5, dtype=torch.long)).shape
    torch.Size([2, 5, 7])
    """

    takes_muon = True

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        if config.positions == "none":
            raise InputError("the modern model has positions: 'rope' or 'learned'")
        if config.positions == "rope" and config.embed_dim // config.num_heads % 2:
            raise InputError(f"rope needs an even head dimension; it is {config.embed_dim // config.num_heads}")
        if config.dropout:
            raise InputError("the modern model has no dropout; give family 'paper'")

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        width, head = config.embed_dim, config.embed_dim // config.num_heads
        self.tokens = nn.Embedding(config.vocab_size, width)
        self.places = nn.Embedding(config.max_length, width) if config.positions == "learned" else None
        self.blocks = nn.ModuleList(ModernBlock(config) for _ in range(config.num_layers))
        self.final_norm = nn.RMSNorm(width)
        self.unembed = nn.Linear(width, config.vocab_size, bias=False)
        nn.init.zeros_(self.unembed.weight)
        side = config.num_auxiliary * config.vocab_size
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
            rotation = self._rotation_for(slots, x.device)
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

    def forward(self, ids: Int[Tensor, "batch slots"]) -> Float[Tensor, "batch slots classes"]:
        return self.read(self.hidden_states(ids)[-1])

    def _rotation_for(self, slots: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Cosines and sines of the angles, (slots, head / 2); any length, so that longer strings can be tried."""
        table = self._rotation
        if table is None or len(table[0]) < slots or table[0].device != device:
            half = self._head // 2
            angle = torch.arange(max(slots, self.config.max_length), device=device)[:, None] * 10000.0 ** (
                -torch.arange(half, device=device) / half
            )
            table = self._rotation = (angle.cos(), angle.sin())
        return table[0][:slots], table[1][:slots]
