"""The graph of a traced program: nodes in order, equal expressions merged, dead code gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from logdepth.errors import ProgramError
from logdepth.lang.lines import assigned_name, place
from logdepth.lang.words import Setting, Word
from logdepth.vocabulary import Vocabulary


@dataclass(frozen=True)
class Relation:
    """A condition of a look-up that is no equality, on nodes of theirs and of mine.

    kind: "in" (their word is in my set), "contains" (their set has my word), "<" or ">" (their word is less or
    greater than mine), "!=". The compiler makes "hot" (their set is of one member at most, and mine has it) or "has"
    (mine is of one at most, and theirs has it) of all of them. A set is its words (`bits.py`), of `size` members.
    """

    kind: str
    theirs: tuple[int, ...]
    mine: tuple[int, ...]
    size: int = 0


@dataclass(frozen=True)
class MatchSpec:
    """A look-up's pattern: its kind, key and query nodes pairwise, the node it is ordered by, and conditions that are
    no equalities.

    All are indices of nodes. `position` is filled in by the compiler: ties go by position, so it is needed too.
    """

    kind: str
    keys: tuple[int, ...]
    queries: tuple[int, ...]
    by: int | None = None
    position: int | None = None
    relations: tuple[Relation, ...] = ()

    @property
    def uses(self) -> tuple[int, ...]:
        related = (i for each in self.relations for i in (*each.theirs, *each.mine))
        return (*self.keys, *self.queries, *(i for i in (self.by, self.position) if i is not None), *related)

    def renumbered(self, new: Callable[[int], int]) -> MatchSpec:
        """The same pattern on nodes with other indices."""
        return MatchSpec(
            self.kind,
            tuple(map(new, self.keys)),
            tuple(map(new, self.queries)),
            None if self.by is None else new(self.by),
            None if self.position is None else new(self.position),
            tuple(replace(r, theirs=tuple(map(new, r.theirs)), mine=tuple(map(new, r.mine))) for r in self.relations),
        )


@dataclass(frozen=True)
class Node:
    """One word of the program: an operation on earlier nodes, with its exact range lo..hi."""

    op: str
    args: tuple[int, ...]
    lo: int
    hi: int
    info: Any = None
    match: MatchSpec | None = None
    name: str = ""
    origin: tuple[str, int] = ("", 0)

    @property
    def size(self) -> int:
        return self.hi - self.lo + 1

    @property
    def num_bits(self) -> int:
        return (self.hi - self.lo).bit_length()

    @property
    def uses(self) -> tuple[int, ...]:
        """Every node this one needs."""
        return self.args if self.match is None else (*self.args, *self.match.uses)

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two nodes the same word."""
        return self.op, self.args, self.lo, self.hi, self.info, self.match


@dataclass(frozen=True)
class ProgramGraph:
    """Nodes in an order in which every node comes after those it uses; `output` is an index."""

    nodes: tuple[Node, ...]
    output: int
    setting: Setting
    causal: bool
    name: str
    grid: int | None = None  # answers count multiples of 1/grid, off by `error` at most
    error: Fraction = Fraction(0)
    loops: tuple[tuple[tuple[int | None, ...], ...], ...] = ()  # of each loop the state's nodes, after every round

    @property
    def depth_of_output(self) -> int:
        """Look-ups on the longest chain to the output: a lower bound on the depth."""
        depth: list[int] = []
        for node in self.nodes:
            most = max((depth[use] for use in node.uses), default=0)
            depth.append(most + (node.match is not None))
        return depth[self.output]

    @property
    def output_is_symbol(self) -> bool:
        """Whether the output is one of the symbols (or "nothing"), rather than a number. A thinking program's is."""
        if self.setting.num_letters is not None:
            return True
        symbol: list[bool] = []
        for node in self.nodes:
            sides = node.args[1:] if node.op in ("select", "choose") else node.args if node.op == "read" else ()
            symbol.append(node.op in ("symbol", "cast") or (bool(sides) and all(symbol[side] for side in sides)))
        return symbol[self.output] and self.grid is None

    @property
    def vocabulary(self) -> Vocabulary:
        """The token ids of a model that computes this."""
        output, setting = self.nodes[self.output], self.setting
        classes = setting.num_edges is not None
        numbers = None if self.output_is_symbol and not classes else range(output.lo, output.hi + 1)
        return Vocabulary(setting.alphabet_size, setting.header_size, numbers, classes, self.grid or 1)


class GraphBuilder:
    """Appends nodes, merging equal ones. Used by tracing and by passes that rewrite graphs."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[tuple[Any, ...], int] = {}

    def add(self, node: Node) -> int:
        """The index of the node, or of an equal one that is there already."""
        index = self._known.get(node.key)
        if index is None:
            index = self._known[node.key] = len(self.nodes)
            self.nodes.append(node)
        return index


def build_graph(
    output: Word, setting: Setting, *, causal: bool, title: str, loops: Sequence[Sequence[tuple[Word, ...]]] = ()
) -> ProgramGraph:
    """Order the words that the output needs, merge equal ones, and give them names.

    Raises `ProgramError` for a word that belongs to another trace: its range is that of other sizes.
    """
    builder = GraphBuilder()
    index: dict[int, int] = {}
    taken: dict[str, int] = {}
    inner: set[int] = set()  # words that are only part of a statement: the name it assigns is not theirs
    stack = [output]
    while stack:  # depth first without recursion: programs may be long chains
        word = stack[-1]
        if id(word) in index:
            stack.pop()
            continue
        match = word.match
        needs = [*word.args]
        if match is not None:
            needs += [each for pair in match.pairs for each in pair]
            needs += [match.by] if match.by is not None else []
            needs += [each for relation in match.relations for each in (*relation.theirs, *relation.mine)]
        inner.update(id(need) for need in needs if need.statement == word.statement)
        if word.setting is not setting:
            raise ProgramError(
                f"{place(word.origin)}: {word!r} was made in another trace (kept in a global or a default, perhaps); "
                "make every word inside the program"
            )
        missing = [need for need in needs if id(need) not in index]
        if missing:
            stack.extend(missing)
            continue
        spec = None
        if match is not None:
            keys = tuple(index[id(key)] for key, _ in match.pairs)
            queries = tuple(index[id(query)] for _, query in match.pairs)
            relations = tuple(
                Relation(r.relation, tuple(index[id(w)] for w in r.theirs), tuple(index[id(w)] for w in r.mine), r.size)
                for r in match.relations
            )
            by = None if match.by is None else index[id(match.by)]
            spec = MatchSpec(match.kind, keys, queries, by, relations=relations)
        args = tuple(index[id(arg)] for arg in word.args)
        before = len(builder.nodes)
        node = Node(word.op, args, word.lo, word.hi, word.info, spec, "", word.origin)
        index[id(word)] = at = builder.add(node)
        if at == before:
            name = _name(word, taken, id(word) in inner, [builder.nodes[arg].name for arg in args])
            builder.nodes[at] = replace(node, name=name)
        stack.pop()
    rounds = tuple(tuple(tuple(index.get(id(word)) for word in state) for state in states) for states in loops)
    return ProgramGraph(tuple(builder.nodes), index[id(output)], setting, causal, title, loops=rounds)


def _name(word: Word, taken: dict[str, int], is_inner: bool, args: list[str]) -> str:
    names = {
        "symbol": "x" if word.setting is None or word.setting.num_letters is None else "token",
        "position": "position",
        "header": "header",
        "real": "real",
        "constant": str(word.lo),
    }
    stem = (
        names.get(word.op) or word.label or (None if is_inner else assigned_name(word.origin, word.ordinal)) or word.op
    )
    if stem == "shift":
        stem = f"{args[0]}{word.info:+d}"
    if stem == "bit":
        _, place, width = word.info
        stem = f"{args[0]}[{place}]" if width == 1 else f"{args[0]}[{place}:{place + width}]"
    taken[stem] = taken.get(stem, 0) + 1
    return stem if taken[stem] == 1 else f"{stem}.{taken[stem]}"
