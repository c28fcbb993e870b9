"""When everything happens: which look-up is in which layer and head, which word lives where and when.

A layer (one GPT-2 block) is look-ups, then one hidden layer of arithmetic. A look-up is one head in each layer
at which a word it reads becomes ready. A head writes into *scratch* coordinates; the arithmetic of the same
layer may use them at once, and moves what is needed later to a *home*, where every bit is exact again.
Depth is the longest chain. The compiler, the certificate and `explain` all read this object.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate

from logdepth.compiler.limits import check_depth
from logdepth.compiler.normalize import VIEWS, Normal
from logdepth.compiler.placing import When, behind_views, earliest, query_dim
from logdepth.lang.graph import MatchSpec, Node
from logdepth.summary import TwoLines

Bit = tuple[int, int]  # (coordinate, +1 or -1): the bit is that coordinate, or its opposite


@dataclass(frozen=True)
class ScheduledHead:
    """One head: the match it realises and the nodes it reads, or, of a union, unites. A count reads nothing but the
    start token."""

    layer: int
    match: MatchSpec
    reads: tuple[int, ...]
    query_dim: int
    value_dim: int
    unions: tuple[int, ...] = ()


@dataclass(frozen=True)
class Field:
    """A node's bits in the residual stream: coordinates (least significant first), from layer to layer.

    `born` and `dies` count layers: a field born in layer 0 is embedded; `dies` is the last layer that reads it
    (depth + 1: it is the output). kind is "home", "scratch", "count" or "union" (averages, one a bit, drained like
    scratch).
    """

    node: int
    kind: str
    coordinates: tuple[int, ...]
    born: int
    dies: int


@dataclass
class ScheduledLayer:
    """What one layer does: heads, then `moves` (scratch to home), `computes` (nodes), `clears` (homes given up).

    Scratch is drained at the end of every layer."""

    heads: list[ScheduledHead] = field(default_factory=list)
    moves: list[int] = field(default_factory=list)
    computes: list[int] = field(default_factory=list)
    clears: list[int] = field(default_factory=list)


@dataclass(frozen=True, repr=False)
class Schedule(TwoLines):
    """What a compiled program does, layer by layer. Coordinates START and REST are 1 at the start token / elsewhere."""

    normal: Normal
    depth: int
    layers: tuple[ScheduledLayer, ...]
    homes: dict[int, Field]
    scratch: dict[int, Field]
    counts: dict[MatchSpec, Field]
    embed_dim: int
    digits_live: tuple[int, ...]  # homes alive after layer 0, 1, .. depth: what LayerNorm sees
    unions: dict[int, Field]

    START = 0
    REST = 1

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self.normal.nodes

    def bits(self, node: int, layer: int | None = None) -> list[Bit]:
        """The bits of a node, least significant first; in scratch if `layer` is the one that reads it."""
        spec = self.nodes[node]
        if spec.lo == spec.hi:
            return []
        if spec.op == "shift":
            return self.bits(spec.args[0], layer)
        if spec.op == "bit":
            return self.bits(spec.args[0], layer)[spec.info[1] :][: spec.num_bits]
        if spec.op in ("not", "flip"):
            inner = self.nodes[spec.args[0]]
            assert inner.num_bits == 1 or spec.op == "flip", inner
            return [(c, -sign) for c, sign in self.bits(spec.args[0], layer)]
        if layer is not None and node in self.scratch and self.scratch[node].born == layer:
            return [(c, 1) for c in self.scratch[node].coordinates]
        return [(c, 1) for c in self.homes[node].coordinates]

    def summary(self) -> tuple[str, str]:
        heads = " + ".join(str(len(layer.heads)) for layer in self.layers)
        return (
            f"Schedule of {self.normal.graph.name}: {self.depth} layers, {heads} heads",
            f"{self.embed_dim} coordinates, {len(self.homes)} homes, {len(self.scratch)} fields of scratch",
        )

    def fields(self) -> list[Field]:
        """Every field, in order of birth."""
        return sorted(
            [*self.homes.values(), *self.scratch.values(), *self.counts.values(), *self.unions.values()],
            key=lambda f: (f.born, f.kind, f.coordinates),
        )

    def averages(self) -> list[int]:
        """The coordinates that hold averages: of counts, of unions' bits."""
        return [c for f in (*self.counts.values(), *self.unions.values()) for c in f.coordinates]

    @property
    def max_heads(self) -> int:
        return max((len(layer.heads) for layer in self.layers), default=0)


def schedule_program(normal: Normal, when: list[When] | None = None) -> Schedule:
    """Place every look-up and operation as early as possible (or where `when` says, see `placing.py`), and every word
    in as few coordinates.

    Raises `ProgramError` for a chain of over 1,000 layers.

    >>> from logdepth.compiler.normalize import normalize
    >>> from logdepth.programs import khop_rank
    >>> schedule_program(normalize(khop_rank.trace(length=100, alphabet_size=4, k=16))).depth
    6
    """
    nodes, output = normal.nodes, normal.graph.output
    when = earliest(normal) if when is None else when
    depth = max(1, when[output][0])
    check_depth(depth, nodes[output], normal.graph.name)
    uses = _uses(nodes, when)
    uses[behind_views(nodes, output)].append((depth + 1, "attention"))

    layers = [ScheduledLayer() for _ in range(depth + 1)]  # layers[0] is the embedding
    by_match: dict[tuple[int, MatchSpec], list[int]] = {}
    for index, node in enumerate(nodes):
        layer, _ = when[index]
        if node.op in ("read", "decode", "union"):
            assert node.match is not None
            by_match.setdefault((layer, node.match), []).append(index)
        if node.op in ("decode", "union") or _is_local(normal, index):
            layers[layer].computes.append(index)
    for (layer, match), found in by_match.items():
        reads = [index for index in found if nodes[index].op != "decode" and nodes[index].num_bits]
        if nodes[found[0]].op == "decode" or reads:
            layers[layer].heads.append(_head(nodes, layer, match, tuple(reads)))

    homes, scratch, counts, unions, embed_dim = _allocate(normal, layers, when, uses, depth)
    live = _live(layers, homes, depth)
    return Schedule(normal, depth, tuple(layers[1:]), homes, scratch, counts, embed_dim, live, unions)


def _live(layers: list[ScheduledLayer], homes: dict[int, Field], depth: int) -> tuple[int, ...]:
    """How many bits of homes stand after every layer; the dead are cleared only for a successor."""
    cleared = [set(layer.clears) for layer in layers]
    change = [0] * (depth + 1)
    for f in homes.values():
        change[f.born] += len(f.coordinates)
        if f.dies <= depth:
            change[max(f.born, f.dies)] -= len(cleared[f.dies].intersection(f.coordinates))
    return tuple(accumulate(change))


def _is_local(normal: Normal, index: int) -> bool:
    node = normal.nodes[index]
    return index not in normal.tables and node.op not in (*VIEWS, "constant", "read", "decode", "union")


def _uses(nodes: tuple[Node, ...], when: list[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    """For each node (views resolved) the layers that read it, and whether attention or arithmetic does."""
    uses: list[list[tuple[int, str]]] = [[] for _ in nodes]
    for index, node in enumerate(nodes):
        if node.op in VIEWS:
            continue
        layer = when[index][0]
        how = "attention" if node.match is not None else "arithmetic"
        for use in node.uses:
            uses[behind_views(nodes, use)].append((layer, how))
    return uses


def _head(nodes: tuple[Node, ...], layer: int, match: MatchSpec, reads: tuple[int, ...]) -> ScheduledHead:
    value_dim = sum(nodes[read].num_bits for read in reads) if reads else 1
    if match.kind == "union":
        return ScheduledHead(layer, match, (), query_dim(nodes, match), value_dim, reads)
    return ScheduledHead(layer, match, reads, query_dim(nodes, match), value_dim)


def _allocate(
    normal: Normal,
    layers: list[ScheduledLayer],
    when: list[tuple[int, str]],
    uses: list[list[tuple[int, str]]],
    depth: int,
) -> tuple[dict[int, Field], dict[int, Field], dict[MatchSpec, Field], dict[int, Field], int]:
    """Coordinates for homes (interval colouring in order of birth, which is optimal), scratch, counts and unions."""
    nodes = normal.nodes
    wanted: list[tuple[int, int, int]] = []  # (born, dies, node)
    for index, node in enumerate(nodes):
        if node.op in VIEWS or not uses[index] or not node.num_bits:
            continue
        layer, how = when[index]
        dies = max(at for at, _ in uses[index])
        if how == "attention" and dies == layer:
            continue  # used by this layer's arithmetic only, out of scratch
        wanted.append((layer, dies, index))
        if how == "attention":
            layers[layer].moves.append(index)
    wanted.sort()

    next_coordinate = 2  # after START and REST
    free: list[tuple[int, int]] = []  # (layer whose arithmetic frees it, coordinate)
    homes: dict[int, Field] = {}
    for born, dies, index in wanted:
        usable = sorted((since, c) for since, c in free if since <= born)
        taken = []
        for _ in range(nodes[index].num_bits):
            if usable:
                since, coordinate = usable.pop()  # the most recently freed: old ones stay free for more
                free.remove((since, coordinate))
                if coordinate not in layers[since].clears:
                    layers[since].clears.append(coordinate)
            else:
                coordinate, next_coordinate = next_coordinate, next_coordinate + 1
            taken.append(coordinate)
        homes[index] = Field(index, "home", tuple(taken), born, dies)
        free.extend((max(dies, 1), c) for c in taken if dies <= depth)

    scratch: dict[int, Field] = {}
    width = 0
    for layer in range(1, depth + 1):
        used = 0
        for head in layers[layer].heads:
            for read in head.reads:
                bits = nodes[read].num_bits
                first = next_coordinate + used
                coordinates = tuple(range(first, first + bits))
                scratch[read] = Field(read, "scratch", coordinates, layer, layer)
                used += bits
        width = max(width, used)
    next_coordinate += width

    counts: dict[MatchSpec, Field] = {}
    for layer in range(1, depth + 1):
        for head in layers[layer].heads:
            if head.match.kind == "count" and head.match not in counts:
                decoded = next(i for i, node in enumerate(nodes) if node.op == "decode" and node.match == head.match)
                counts[head.match] = Field(decoded, "count", (next_coordinate,), layer, layer)
                next_coordinate += 1

    unions: dict[int, Field] = {}
    width = 0
    for layer in range(1, depth + 1):
        used = 0
        for index in (index for head in layers[layer].heads for index in head.unions):
            first, used = next_coordinate + used, used + nodes[index].num_bits
            unions[index] = Field(index, "union", tuple(range(first, next_coordinate + used)), layer, layer)
        width = max(width, used)
    return homes, scratch, counts, unions, next_coordinate + width
