"""A shallow transformer with a chain of thought: after the string come tokens of its own, the last of which says the
answer.

A thought is a pointer, the slot it is at, and the symbol there. *Spoken* thoughts are trained on the task's own
pointers:
thought j is find^j of the last slot, up to the k that is asked for, and from then on stays (teacher forcing; by itself
the model reads its own). One layer needs two thoughts a hop, since it cannot look where a symbol last stood and what
stands there at once: the first says the slot alone, the second the symbol there. *Silent* thoughts are empty: nothing
is said, and only the answer trains them (pause tokens). Either way the last slot alone is answered.
"""

from __future__ import annotations

from typing import Any, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from logdepth.errors import InputError
from logdepth.models.attention import FullAttention
from logdepth.models.config import ModelConfig
from logdepth.models.family import TrainableModel
from logdepth.models.modern import ModernBlock
from logdepth.models.norm import RmsNorm


@final
class ThinkingTransformer(TrainableModel):
    """Token ids (batch, slots) to logits (batch, slots, vocab_size); those of the last slot come after `thoughts`
    tokens.

    >>> fixed = ThinkingTransformer.defaults
    >>> config = ModelConfig("cot", vocab_size=7, max_length=5, num_layers=2, embed_dim=8, thoughts=3, **fixed)
    >>> ThinkingTransformer(config)(torch.zeros(2, 5, dtype=torch.long)).shape
    torch.Size([2, 5, 7])
    """

    takes_muon = True
    optimizer = "muon"
    last_only = True
    uses = ("thoughts", "spoken")
    defaults = {  # noqa: RUF012
        **{"num_loops": 1, "positions": "learned", "causal": True, "dropout": 0.0, "num_auxiliary": 0}
    }

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        super().check(config)
        if config.thoughts < 1:
            raise InputError(f"{cls.described(config)} thinks: give it 1 thought at least")

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        width, slots = config.embed_dim, config.max_length
        self.tokens = nn.Embedding(config.vocab_size + 1, width)  # the last: a symbol not looked up yet
        self.places = nn.Embedding(slots, width)
        self.pointers = nn.Embedding(slots, width)
        self.numbers = nn.Embedding(config.thoughts, width)
        self.blocks = nn.ModuleList(ModernBlock(config, FullAttention(True)) for _ in range(config.num_layers))
        self.final_norm = RmsNorm(width)
        self.unembed = nn.Linear(width, config.vocab_size, bias=False)
        self.point = nn.Linear(width, slots, bias=False)
        nn.init.zeros_(self.unembed.weight)
        nn.init.zeros_(self.point.weight)

    @property
    def layers(self) -> list[Any]:
        return list(self.blocks)

    @property
    def extra_slots(self) -> int:
        return self.config.thoughts

    @property
    def thoughts_a_hop(self) -> int:
        return thoughts_a_hop(self.config.num_layers)

    def says_symbol(self, number: int) -> bool:
        """Whether thought `number`, from 0, says a symbol besides the slot."""
        return number % self.thoughts_a_hop == self.thoughts_a_hop - 1

    def projection(self, layer: nn.Module) -> nn.Module:
        assert isinstance(layer, ModernBlock)
        return layer.attention_out

    def attention(self, ids: Int[Tensor, "batch slots"]) -> list[Float[Tensor, "batch heads query key"]]:
        keep: list[Tensor] = []
        self._run(ids, self.think(ids), keep)
        return keep

    def embed(self, ids: Int[Tensor, "batch slots"], first: int = 0) -> Tensor:
        """Rows of input tokens that stand from slot `first` on. Raises `InputError` for too many."""
        if first + ids.shape[1] > self.config.max_length:
            raise InputError(f"{first + ids.shape[1]} slots; the model has positions for {self.config.max_length}")
        return self.tokens(ids) + self.places.weight[first : first + ids.shape[1]]

    def embed_thoughts(self, thoughts: Int[Tensor, "batch thoughts 2"], first: int = 0) -> Tensor:
        """Rows of thoughts number `first`, .., each a slot and a symbol (silent: whatever is given)."""
        rows = self.numbers.weight[first : first + thoughts.shape[1]].expand(len(thoughts), -1, -1)
        if not self.config.spoken:
            return rows
        return rows + self.pointers(thoughts[:, :, 0]) + self.tokens(thoughts[:, :, 1])

    def say(self, row: Float[Tensor, "batch m"], number: int) -> Int[Tensor, "batch 2"]:
        """Thought `number` out of the row before it: the likeliest slot, and symbol."""
        x = self.final_norm(row)
        slot = self.point(x).argmax(-1)
        symbol = self.unembed(x).argmax(-1)
        return torch.stack([slot, symbol if self.says_symbol(number) else symbol * 0 + self.config.vocab_size], 1)

    @torch.no_grad()
    def think(self, ids: Int[Tensor, "batch slots"]) -> Int[Tensor, "batch thoughts 2"]:
        """The model's own thoughts, one after another; keys and values are kept. Nothing is watched or edited here."""
        total = self.config.thoughts
        if not self.config.spoken:
            return ids.new_zeros(len(ids), total, 2)
        x, kept = self.embed(ids), []
        for block in self.layers:
            query, key, value = block.project(x, None)
            kept.append((key, value))
            x = block.finish(x, block.attend(query, key, value, None), watched=False)
        row, thoughts = x[:, -1], []
        for number in range(total):
            thoughts.append(self.say(row, number))
            x = self.embed_thoughts(thoughts[-1][:, None], number)
            for place, block in enumerate(self.layers):
                query, key, value = block.project(x, None)
                kept[place] = tuple(torch.cat(pair, 2) for pair in zip(kept[place], (key, value), strict=True))
                read = functional.scaled_dot_product_attention(query, *kept[place])
                x = block.finish(x, read, watched=False)
            row = x[:, 0]
        return torch.stack(thoughts, 1)

    def forward(self, ids: Int[Tensor, "batch slots"]) -> Float[Tensor, "batch slots classes"]:
        slots = ids.shape[1]
        logits = self.unembed(self.final_norm(self._run(ids, self.think(ids))))
        return torch.cat([logits[:, : slots - 1], logits[:, -1:]], 1)

    def loss(
        self,
        ids: Int[Tensor, "batch slots"],
        answers: Int[Tensor, " batch"],
        path: Int[Tensor, "batch hops 2"],
    ) -> Tensor:
        """Cross-entropy of the answer and, spoken, of every thought given those before. path: slot and symbol after
        0, 1, .. hops from the last slot, no further than asked."""
        number = torch.arange(self.config.thoughts, device=ids.device)
        hop = (number // self.thoughts_a_hop + 1).clamp(max=path.shape[1] - 1)
        thoughts = path[:, hop].clone()
        told = torch.tensor([self.says_symbol(n) for n in range(self.config.thoughts)], device=ids.device)
        thoughts[:, ~told, 1] = self.config.vocab_size
        x = self.final_norm(self._run(ids, thoughts))
        loss = functional.cross_entropy(self.unembed(x[:, -1]), answers)
        if not self.config.spoken:
            return loss
        before = x[:, ids.shape[1] - 1 : -1]
        loss = loss + functional.cross_entropy(self.point(before).flatten(0, 1), thoughts[:, :, 0].flatten())
        return loss + functional.cross_entropy(
            self.unembed(before[:, told]).flatten(0, 1), thoughts[:, told, 1].flatten()
        )

    def state_numbers(self, length: int) -> int | None:
        return 2 * self.config.embed_dim * (length + self.config.thoughts) * len(self.layers)

    def _run(self, ids: Tensor, thoughts: Tensor, keep: list[Tensor] | None = None) -> Tensor:
        x = torch.cat([self.embed(ids), self.embed_thoughts(thoughts)], 1)
        for block in self.layers:
            x = block(x, None, keep)
        return x


def thoughts_a_hop(num_layers: int) -> int:
    """How many spoken thoughts a hop takes.

    >>> thoughts_a_hop(1), thoughts_a_hop(2)
    (2, 1)
    """
    return 2 if num_layers == 1 else 1
