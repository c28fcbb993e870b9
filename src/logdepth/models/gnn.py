"""Message passing: a rival that hears its neighbours in a graph alone (PyTorch Geometric's relational convolution).

The graph is read off the tokens. A graph that is told (`graphs/lessons.py`): vertex tokens are the vertices and hear
along its edges, both ways; the source's token is heard by its vertex, and all vertices by the token of the whole.
Strings
(`symbols`): slots are the vertices and hear the slot before, the slot after, and the last and the next slot with their
symbol, each by weights of its own; so a hop of k-hop is two edges, the last equal symbol and the slot after it. What
the header asks is added to every slot.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, final
from warnings import catch_warnings, simplefilter

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from logdepth.errors import InputError
from logdepth.graphs.lessons import EDGE, LessonIds
from logdepth.models.config import ModelConfig
from logdepth.models.embedding import token_embedding
from logdepth.models.family import TrainableModel
from logdepth.models.norm import RmsNorm

RELATIONS = {"symbols": 4, "pairs": 3, "edges": 3}
Edges = tuple[Tensor, Tensor]
"""Sources and targets, (2, edges), as places in the batch of slots laid end to end; the relation of each."""


def symbol_graph(ids: Int[Tensor, "batch slots"]) -> Edges:
    """Slots 1.. with edges from the slot before (0), the slot after (1), the last (2) and the next (3) equal symbol.

    >>> edges, relation = symbol_graph(torch.tensor([[9, 1, 2, 1]]))
    >>> edges[:, relation == 2].tolist(), edges[:, relation == 0].tolist()
    ([[1], [3]], [[1, 2], [2, 3]])
    """
    batch, slots = ids.shape
    place = torch.arange(batch * slots, device=ids.device).view(batch, slots)
    before, after = place[:, 1:-1].flatten(), place[:, 2:].flatten()
    row = torch.arange(batch, device=ids.device)[:, None] * (int(ids.max()) + 1)
    key, order = (ids + row)[:, 1:].flatten().sort(stable=True)
    same = key[1:] == key[:-1]
    places = place[:, 1:].flatten()[order]
    last, later = places[:-1][same], places[1:][same]
    return _joined([(before, after), (after, before), (last, later), (later, last)])


def told_graph(ids: Int[Tensor, "batch slots"], form: LessonIds) -> Edges:
    """Vertex tokens with the edges told (0), from the source's token to its vertex (1), to the whole's token (2)."""
    batch, slots = ids.shape
    vertices = form.vertices
    first = form.vertex_slots(slots - 1).start
    kind, one, other = form.parts(ids)
    row = (torch.arange(batch, device=ids.device) * slots)[:, None]
    if form.form == "edges":
        listed = slice(2, 2 + 2 * form.room(slots - 1))
        one, other = one[:, listed].view(batch, -1, 2).unbind(2)
        told = kind[:, listed].view(batch, -1, 2)[:, :, 0] == EDGE
    else:
        told = kind == EDGE
    tail, head = ((row + first + end)[told] for end in (one, other))
    of = form.parts(ids[:, 1:2])[1]
    asked = of < vertices
    source, its = (row + 1)[asked], (row + first + of)[asked]
    every = (row + first + torch.arange(vertices, device=ids.device)).flatten()
    whole = (row + slots - 1).expand(-1, vertices).flatten()
    return _joined([(torch.cat([tail, head]), torch.cat([head, tail])), (source, its), (every, whole)])


def _joined(parts: list[tuple[Tensor, Tensor]]) -> Edges:
    relation = torch.cat([torch.full_like(source, number) for number, (source, _) in enumerate(parts)])
    return torch.cat([torch.stack(part) for part in parts], 1), relation


class MessageLayer(nn.Module):
    """The means over each relation's neighbours, then one hidden layer; both add to the residual stream."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        with catch_warnings():
            simplefilter("ignore", DeprecationWarning)  # its own, about torch.jit
            from torch_geometric.nn import RGCNConv

        width = config.embed_dim
        hidden = config.hidden_dim or 2 * width
        self.norm = RmsNorm(width)
        self.messages = RGCNConv(width, width, RELATIONS[config.graph], aggr="mean")
        self.hidden_norm = RmsNorm(width)
        self.hidden = nn.Linear(width, hidden, bias=False)
        self.hidden_out = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Float[Tensor, "batch slots m"], edges: Edges) -> Float[Tensor, "batch slots m"]:
        x = x + self.messages(self.norm(x).flatten(0, 1), *edges).view_as(x)
        return x + self.hidden_out(functional.gelu(self.hidden(self.hidden_norm(x))))


@final
class MessagePassing(TrainableModel):
    """Token ids (batch, slots) to logits (batch, slots, classes). Raises `InputError` without PyTorch Geometric."""

    has_heads = False
    takes_muon = True
    graph = "symbols"
    defaults = {  # noqa: RUF012
        **{"num_heads": 0, "num_loops": 1, "positions": "none", "causal": False, "dropout": 0.0, "num_auxiliary": 0}
    }

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        super().check(config)
        if find_spec("torch_geometric") is None:
            raise InputError("PyTorch Geometric is not installed: pip install 'logdepth[gnn]'")
        if not config.graph:
            raise InputError(f"{cls.described(config)} needs a graph: {', '.join(RELATIONS)}")

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = token_embedding(config)
        self.blocks = nn.ModuleList(MessageLayer(config) for _ in range(config.num_layers))
        self.final_norm = RmsNorm(config.embed_dim)
        self.unembed = nn.Linear(config.embed_dim, config.classes, bias=False)
        nn.init.zeros_(self.unembed.weight)

    @property
    def layers(self) -> list[Any]:
        return list(self.blocks)

    def edges(self, ids: Int[Tensor, "batch slots"]) -> Edges:
        """Who hears whom."""
        if self.config.graph == "symbols":
            return symbol_graph(ids)
        return told_graph(ids, LessonIds(self.config.vertices, self.config.graph))

    def forward(self, ids: Int[Tensor, "batch slots"]) -> Float[Tensor, "batch slots classes"]:
        edges = self.edges(ids)
        x = self.tokens(ids)
        x = x + x[:, :1]
        for layer in self.layers:
            x = layer(x, edges)
        return self.unembed(self.final_norm(x))
