"""Rows of the first residual stream: a vector a token, or (an edge a token) the sum of its parts' vectors."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor, nn

from logdepth.graphs.lessons import LessonIds
from logdepth.models.config import ModelConfig


class PairEmbedding(nn.Module):
    """A vertex token is its vertex and its kind, an edge token its two ends and its kind, others are themselves.

    Sources: arXiv 2405.18512, section 4 (vertex, edge and task tokens). The order of an edge's ends says nothing.
    """

    def __init__(self, vertices: int, width: int) -> None:
        super().__init__()
        self.ids = LessonIds(vertices, "pairs")
        self.vertices = nn.Embedding(vertices + 1, width)  # the last: no vertex
        self.kinds = nn.Embedding(self.ids.num_kinds, width)

    def forward(self, ids: Int[Tensor, "batch slots"]) -> Float[Tensor, "batch slots m"]:
        kind, one, other = self.ids.parts(ids)
        return self.vertices(one) + self.vertices(other) + self.kinds(kind)


def token_embedding(config: ModelConfig) -> nn.Module:
    """Rows of token ids, as the config's graphs are told.

    >>> token_embedding(ModelConfig("modern", vocab_size=7, max_length=5)).weight.shape
    torch.Size([7, 128])
    """
    if config.graph == "pairs":
        return PairEmbedding(config.vertices, config.embed_dim)
    return nn.Embedding(config.vocab_size, config.embed_dim)
