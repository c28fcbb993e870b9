"""What a trainable model is: one frozen config for every family."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from logdepth.errors import InputError
from logdepth.models.families import find_family

POSITIONS = ("rope", "learned", "none")
GRAPHS = ("", "pairs", "edges", "symbols")
LEAST = {
    **dict.fromkeys(("vocab_size", "max_length", "num_layers", "embed_dim", "num_loops", "window", "stride"), 1),
    **dict.fromkeys(("hidden_dim", "num_auxiliary", "features", "state_dim", "thoughts", "vertices", "num_classes"), 0),
}


@dataclass(frozen=True)
class ModelConfig:
    """A trainable model on token ids. Raises `InputError` for sizes that do not fit together.

    family: `modern` (RMSNorm, normalised queries and keys, zero-initialised output projections, no biases); `paper`,
        GPT-2 as released with the paper (LayerNorm, GELU, learned positions, dropout, no LM head: class c is coordinate
        c of the last hidden state); `compiled`, a stock GPT-2 of any shape, `stock` being its Hugging Face config;
        and others (`families.py`). What a family has no use for, it fixes (`defaults`).
    vocab_size: token ids; max_length: slots at most, the start token included. embed_dim: m.
    num_layers: blocks with weights of their own; num_loops: how often they are run through. Depth is the product.
    hidden_dim: hidden units of a block's row-wise map; 0 for 4 embed_dim. causal: a slot sees only what is before it.
    num_auxiliary: hops 0..num_auxiliary-1 that a second readout predicts at every slot, for training (families that
        attend); of a graph, the vertices about which it is asked at every vertex.
    window, stride: how far a slot sees, and every how many slots one is seen by all (window: no stride; longformer).
    features: of a head's kernel (performer; 0 for the head dimension). state_dim: of a head's state (mamba2; 0: 32).
    thoughts: tokens of thought (cot); spoken: whether it says pointers there, or is silent.
    num_classes: answers to choose from (0: vocab_size). graph: what graph the tokens tell (`graphs/lessons.py`:
    `pairs`,
        `edges`; `symbols`: the slots, with edges to neighbours and equal symbols); vertices: of it.

    >>> ModelConfig("modern", vocab_size=23, max_length=99, num_layers=1, num_loops=6).depth
    6
    """

    family: str
    vocab_size: int
    max_length: int
    num_layers: int = 4
    num_heads: int = 4
    embed_dim: int = 128
    hidden_dim: int = 0
    num_loops: int = 1
    positions: str = "rope"
    causal: bool = True
    dropout: float = 0.0
    num_auxiliary: int = 0
    stock: dict[str, Any] | None = field(default=None, hash=False)
    window: int = 8
    stride: int = 16
    features: int = 0
    state_dim: int = 0
    thoughts: int = 0
    spoken: bool = True
    num_classes: int = 0
    graph: str = ""
    vertices: int = 0

    def __post_init__(self) -> None:
        family = find_family(self.family)
        if self.positions not in POSITIONS:
            raise InputError(f"positions are {self.positions!r}; there are: {', '.join(POSITIONS)}")
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                raise InputError(f"{name} is {getattr(self, name)}; it must be at least {least}")
        if self.num_heads < (least := int(family.has_heads)):
            raise InputError(f"num_heads is {self.num_heads}; it must be at least {least}")
        if self.num_heads > 0 and self.embed_dim % self.num_heads:
            raise InputError(f"embed_dim {self.embed_dim} is not a multiple of num_heads {self.num_heads}")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is {self.dropout}; it must be at least 0 and below 1")
        if self.graph not in GRAPHS:
            raise InputError(f"graph is {self.graph!r}; there are: {', '.join(filter(None, GRAPHS))}")
        if (self.graph in ("pairs", "edges")) != bool(self.vertices):
            raise InputError("a graph told as pairs or edges has vertices, others have none")
        family.check(self)
        if family.takes_stock != (self.stock is not None):
            raise InputError("stock, the Hugging Face config, is for family 'compiled', and only for it")

    @property
    def depth(self) -> int:
        """How many layers a token passes through."""
        return self.num_layers * self.num_loops

    @property
    def classes(self) -> int:
        """How many logits there are at a slot."""
        return self.num_classes or self.vocab_size

    @property
    def hidden_units(self) -> int:
        """Hidden units of a block's row-wise map."""
        return self.hidden_dim or 4 * self.embed_dim
