"""ProgramGraph -> graph a transformer can hold: what is known from token or position alone becomes an embedding,
arithmetic on a count becomes part of decoding it, and the two sides of every match get one encoding.

A word is held as the bits of `value - lo`; `shift` and `not` are other names for the same bits and cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from logdepth.errors import ProgramError
from logdepth.lang.bit_words import BIT_OPERATIONS, BITWISE, LIMB
from logdepth.lang.graph import GraphBuilder, MatchSpec, Node, ProgramGraph, Relation
from logdepth.lang.lines import place
from logdepth.lang.local import evaluate_local
from logdepth.summary import TwoLines

VIEWS = ("shift", "not", "flip", "bit")


@dataclass(frozen=True, repr=False)
class Normal(TwoLines):
    """A normalised graph.

    tables: for each node known from the token alone (kind "token": in the order of `Vocabulary.input_words`) or from
    the position alone (kind "position": 0..length), its values.
    start: every node's value at the start token, one per header. None: not known of the program alone, for in
    a bidirectional program the start token looks things up in the sequence, too.
    """

    graph: ProgramGraph
    tables: dict[int, tuple[str, np.ndarray]]
    start: tuple[np.ndarray | None, ...]

    def summary(self) -> tuple[str, str]:
        return f"normalised graph of {self.graph.name}", f"{len(self.nodes)} words, {len(self.tables)} of them embedded"

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self.graph.nodes


class _Normalizer:
    def __init__(self, graph: ProgramGraph) -> None:
        self.source = graph
        self.builder = GraphBuilder()
        self.tables: dict[int, tuple[str, np.ndarray]] = {}
        self.counts: dict[int, np.ndarray] = {}  # nodes that are functions of one count: values at 0..length
        self.start: list[np.ndarray | None] = []
        self.symbols, self.headers = graph.vocabulary.input_words()
        self.start_ids = np.array(graph.vocabulary.start_ids)
        self.positions = np.arange(graph.setting.length + 1)

    def run(self) -> Normal:
        new: list[int] = []
        for node in self.source.nodes:
            args = tuple(new[arg] for arg in node.args)
            match = None
            if node.match is not None:
                spec = replace(node.match, kind="last") if node.match.kind == "the" else node.match
                keys = tuple(new[key] for key in spec.keys)
                queries = tuple(new[query] for query in spec.queries)
                relations = tuple(self._set_relation(each, new) for each in spec.relations)
                order = self._order(spec, new)
                match = self._aligned(replace(spec, keys=keys, queries=queries, by=order, relations=relations))
            new.append(self._add(replace(node, args=args, match=match)))
        graph = replace(self.source, nodes=tuple(self.builder.nodes), output=new[self.source.output], loops=())
        return _without_dead(Normal(graph, self.tables, tuple(self.start)))

    # -- adding one node -------------------------------------------------------------------------------

    def _add(self, node: Node) -> int:
        match node.op:
            case "symbol":
                return self._embedded(node, "token", self.symbols)
            case "header":
                return self._embedded(node, "token", self.headers)
            case "position":
                return self._embedded(node, "position", self.positions)
            case "real":
                return self._embedded(node, "position", (self.positions > 0).astype(np.int64))
            case "constant":
                return self._append(node, np.full(len(self.start_ids), node.lo))
            case "count":
                return self._decoded(node, self.positions)
            case "read":
                value = self.builder.nodes[node.args[0]]
                if value.op == "constant":
                    return node.args[0]
                start = self.start[node.args[0]] if self._sees_itself(node.match) else None
                return self._append(replace(node, lo=value.lo, hi=value.hi), start)
            case "cast":
                return node.args[0]  # what answers mean is the vocabulary's to say
            case "union":
                return self._united(node)
        return self._local(node)

    def _sees_itself(self, match: MatchSpec | None) -> bool:
        """Whether the start token is known to look at itself: it sees nothing else, or it asks for position 0."""
        asked = None if match is None or match.kind != "at" else self.start[match.queries[0]]
        return self.source.causal or (asked is not None and not asked.any())

    def _append(self, node: Node, start: np.ndarray | None) -> int:
        if node.lo == node.hi and node.op != "constant":
            node = Node("constant", (), node.lo, node.lo, name=str(node.lo), origin=node.origin)
            start = np.full(len(self.start_ids), node.lo)
        index = self.builder.add(node)
        if index == len(self.start):
            self.start.append(start)
        return index

    def _embedded(self, node: Node, kind: str, values: np.ndarray) -> int:
        start = values[0] if kind == "position" else values[self.start_ids]
        # the table is all there is to it: what it was computed from need not live, and equal tables are one
        node = replace(node, op="embedded", args=(), info=(kind, np.asarray(values, np.int64).tobytes()))
        index = self._append(node, np.broadcast_to(start, (len(self.start_ids),)))
        if self.builder.nodes[index].op != "constant":
            self.tables[index] = (kind, values)
        return index

    def _decoded(self, node: Node, values: np.ndarray) -> int:
        """A function of a count, decoded from the head's average in one hidden layer."""
        based = node.op in ("recode", *BIT_OPERATIONS)
        lo, hi = (node.lo if based else int(values.min())), int(values.max())
        decoded = replace(node, op="decode", args=(), lo=lo, hi=hi, info=tuple(values.tolist()))
        assert node.match is not None
        alone = self.source.causal or self._none_at_start(node.match)
        index = self._append(decoded, np.full(len(self.start_ids), values[0]) if alone else None)
        if lo != hi:
            self.counts[index] = values
        return index

    def _none_at_start(self, match: MatchSpec) -> bool:
        """Whether the start token itself finds no match, whatever the sequence: what it asks for no token has."""
        for key, query in zip(match.keys, match.queries, strict=True):
            asked, node = self.start[query], self.builder.nodes[key]
            if asked is None:
                continue
            kind, values = self.tables.get(key, ("", np.zeros(0, np.int64)))
            there = ((asked >= node.lo) & (asked <= node.hi)).any()
            if kind:
                there &= np.isin(asked, values[1:] if kind == "position" else np.delete(values, self.start_ids)).any()
            if not there:
                return True
        for relation in match.relations:  # nothing is in an empty set
            sets = [self.start[each] for each in relation.mine]
            if all(each is not None and not each.any() for each in sets):
                return True
        return False

    def _united(self, node: Node) -> int:
        """What a union reads, as the bits of its values; the start token's are left out, so they must be known. Its own
        union is 0."""
        zero = np.zeros(len(self.start_ids), np.int64)
        value = self._set_known_at_start(node.args[0])
        known = self.builder.nodes[value]
        if known.op == "constant":  # a word that turned out to have one value: it has it wherever anything matches
            values = np.where(self.positions > 0, known.lo, 0)
            value = self._embedded(replace(known, lo=0, hi=known.lo), "position", values)
            known = self.builder.nodes[value]
        hi = (1 << known.num_bits) - 1
        return self._append(replace(node, args=(value,), lo=0, hi=hi), zero)

    def _local(self, node: Node) -> int:
        nodes = self.builder.nodes
        constants = [arg for arg in node.args if nodes[arg].op == "constant"]
        others = [arg for arg in node.args if nodes[arg].op != "constant"]
        if not others:
            values = [np.array([nodes[arg].lo]) for arg in node.args]
            value = int(evaluate_local(node, values)[0])
            return self._append(Node("constant", (), value, value, name=node.name), np.full(len(self.start_ids), value))
        kinds = {self.tables[arg][0] if arg in self.tables else None for arg in others}
        if kinds in ({"token"}, {"position"}):
            kind = kinds.pop()
            assert kind is not None
            size = len(self.tables[others[0]][1])
            values = [np.full(size, nodes[arg].lo) if arg in constants else self.tables[arg][1] for arg in node.args]
            return self._embedded(node, kind, evaluate_local(node, values))
        matches = {nodes[arg].match if arg in self.counts else None for arg in others}
        if len(matches) == 1 and None not in matches:
            size = len(self.positions)
            values = [np.full(size, nodes[arg].lo) if arg in constants else self.counts[arg] for arg in node.args]
            return self._decoded(replace(node, match=matches.pop()), evaluate_local(node, values))
        if node.op == "bit":
            inner = self._recoded(node.args[0], node.info[0])
            _, place, width = node.info
            width = min(width, nodes[inner].num_bits - place)
            if width <= 0:
                return self._constant(0)
            node = replace(node, args=(inner,), hi=(1 << width) - 1)
        if node.op == "quotient" and nodes[node.args[-1]].lo <= 0:  # what is divided by 0 must not reach 1
            some = Node("less", (self._constant(0), node.args[-1]), 0, 1, name=f"{node.name}?", origin=node.origin)
            node = replace(node, args=(*node.args, self._local(some)))
        if node.op in BITWISE:  # their circuits read sets bit by bit
            first = int(node.op == "holds")
            sets = tuple(self._recoded(arg, 0) for arg in node.args[first:])
            node = replace(node, args=(*node.args[:first], *sets))
        lo, hi = _range(node, [nodes[arg] for arg in node.args])
        if node.op in ("minimum", "maximum"):  # their circuits work bit by bit: one base for both sides
            base = min(nodes[arg].lo for arg in node.args)
            args = tuple(self._recoded(arg, base) for arg in node.args)
            node = replace(node, args=args, lo=base, hi=hi)
        else:
            node = replace(node, lo=lo, hi=hi)
        return self._recoded(self._append(node, self._start(node)), lo)

    def _start(self, node: Node) -> np.ndarray | None:
        """A local operation's value at the start token, if it is known; of a choice only the chosen side need be."""
        found = [self.start[arg] for arg in node.args]
        if node.op == "select" and found[0] is not None and (found[0] == found[0][0]).all():
            return found[1] if found[0][0] else found[2]
        if node.op == "bit_where" and found[1] is not None and not found[1].any():
            return found[1]
        if node.op == "choose" and found[0] is not None and (found[0] == found[0][0]).all():
            return found[1 + int(found[0][0]) - node.info]
        if node.op in ("hot", "below") and len(found) == 2:  # of real tokens only
            return np.zeros(len(self.start_ids), np.int64)
        known = [start for start in found if start is not None]
        return evaluate_local(node, known) if len(known) == len(found) else None

    # -- matches ---------------------------------------------------------------------------------------

    def _order(self, spec: MatchSpec, new: list[int]) -> int | None:
        """The node a look-up is ordered by; at the start token it must be one known value."""
        return None if spec.by is None else self._known_at_start(new[spec.by])

    def _aligned(self, match: MatchSpec) -> MatchSpec:
        """One encoding for both sides of every comparison, and keys known at the start token."""
        nodes = self.builder.nodes
        keys, queries = [], []
        for key, query in zip(match.keys, match.queries, strict=True):
            if nodes[key].op == nodes[query].op == "constant" and nodes[key].lo == nodes[query].lo:
                continue  # always true
            if match.kind == "at":
                query = self._address(query)
            elif "constant" not in (nodes[key].op, nodes[query].op) and nodes[key].lo != nodes[query].lo:
                base = min(nodes[key].lo, nodes[query].lo)
                key, query = self._recoded(key, base), self._recoded(query, base)
            keys.append(self._known_at_start(key))
            queries.append(query)
        position = None
        if match.kind not in ("at", "count", "union"):
            position = self._add(Node("position", (), 0, self.source.setting.length, name="position"))
        return replace(match, keys=tuple(keys), queries=tuple(queries), position=position)

    def _set_relation(self, relation: Relation, new: list[int]) -> Relation:
        """A relation as one of sets, theirs known at the start token.

        `a < b` says that a is in the set of what is below b, or b in that of what is above a: whichever word has fewer
        values becomes a set of one member. So does a word that is asked for in a set.
        """
        nodes = self.builder.nodes
        theirs, mine = (tuple(new[i] for i in side) for side in (relation.theirs, relation.mine))
        if relation.kind == "in":
            return self._hot(theirs[0], 0, mine, relation.size)
        if relation.kind == "contains":
            sets = tuple(self._set_known_at_start(each) for each in theirs)
            return Relation("has", sets, self._members("hot", mine[0], 0, relation.size), relation.size)
        a, b = nodes[theirs[0]], nodes[mine[0]]
        if a.size <= b.size:
            kind = {"<": "below", ">": "above", "!=": "not"}[relation.kind]
            return self._hot(theirs[0], a.lo, self._members(kind, mine[0], a.lo, a.size), a.size)
        kind = {"<": "above", ">": "below", "!=": "not"}[relation.kind]
        sets = self._members(kind, theirs[0], b.lo, b.size, known=True)
        return Relation("has", sets, self._members("hot", mine[0], b.lo, b.size), b.size)

    def _hot(self, word: int, first: int, mine: tuple[int, ...], size: int) -> Relation:
        mine = tuple(self._recoded(each, 0) for each in mine)
        return Relation("hot", self._members("hot", word, first, size, known=True), mine, size)

    def _members(self, kind: str, word: int, first: int, size: int, *, known: bool = False) -> tuple[int, ...]:
        """The words of the set {word} ("hot"), of all but it ("not"), of what is below or above it, within
        first..first + size - 1; `known`: at the start token, where it is empty if the word is not known."""
        start = self.start[word]
        args = [word]
        if known and (start is None or (start != start[0]).any()):
            args.append(self._add(Node("real", (), 0, 1, name="real")))
        op, flipped = {"hot": ("hot", 0), "not": ("hot", 1), "below": ("below", 0), "above": ("below", 1)}[kind]
        name, origin = self.builder.nodes[word].name, self.builder.nodes[word].origin
        found = []
        for member in range(0, size, LIMB):
            width = min(LIMB, size - member)
            info = (first + member - (kind == "above"), width)  # above it is all but what is below the next
            limb = Node(op, tuple(args), 0, (1 << width) - 1, info, name=f"{kind}({name})", origin=origin)
            index = self._local(limb)
            if flipped:
                index = self._local(replace(limb, op="flip", args=(index,), info=width))
            found.append(index)
        return tuple(found)

    def _address(self, query: int) -> int:
        """An address in the positions' own encoding; what lies below 0 is nowhere, like 0 itself."""
        node = self.builder.nodes[query]
        if node.op == "constant":
            return query if node.lo >= 0 else self._constant(0)
        if node.lo < 0:
            zero = self._constant(0)
            query = self._local(Node("maximum", (query, zero), 0, max(0, node.hi), name=node.name, origin=node.origin))
        return self._recoded(query, 0)

    def _constant(self, value: int) -> int:
        return self._append(Node("constant", (), value, value, name=str(value)), np.full(len(self.start_ids), value))

    def _recoded(self, index: int, base: int) -> int:
        node = self.builder.nodes[index]
        if node.lo == base or node.op == "constant":
            return index
        recoded = Node("recode", (index,), base, node.hi, name=f"{node.name}'", origin=node.origin)
        return self._local(recoded)

    def _set_known_at_start(self, index: int) -> int:
        """A set's word, or the empty set at the start token if it is not one known value there. (A choice between words
        would weigh their bits.)"""
        index = self._recoded(index, 0)
        start = self.start[index]
        if start is not None and (start == start[0]).all():
            return index
        node = self.builder.nodes[index]
        real = self._add(Node("real", (), 0, 1, name="real"))
        return self._local(
            replace(node, op="bit_where", args=(index, real), info=None, match=None, name=f"{node.name}!")
        )

    def _known_at_start(self, index: int) -> int:
        """The score of the start token cancels its own key, so the key must be one known value there."""
        start = self.start[index]
        if start is not None and (start == start[0]).all():
            return index
        node = self.builder.nodes[index]
        real = self._add(Node("real", (), 0, 1, name="real"))
        if masked := self._masked(index, real):
            return masked
        return self._local(
            Node(
                "select",
                (real, index, self._constant(node.lo)),
                node.lo,
                node.hi,
                name=f"{node.name}!",
                origin=node.origin,
            )
        )

    def _masked(self, index: int, real: int) -> int | None:
        """The same with its gates shut at the start token, where they leave a known value: in the layer that computes
        it, while a choice after it would take one more. None for what no gates compute."""
        node = self.builder.nodes[index]
        if node.op == "not":
            inner = self._masked(node.args[0], real)
            return None if inner is None else self._local(replace(node, args=(inner,)))
        if node.op not in (
            "equal",
            "less",
            "table",
            "minimum",
            "maximum",
            "add",
            "subtract",
            "select",
            "choose",
            "recode",
            "total",
            "quotient",
        ):
            return None
        shut = node.info[1][0] if node.op == "table" else node.lo  # a table's gates are its changes
        masked = replace(node, op="masked", args=(real, *node.args), info=(node.op, node.info), name=f"{node.name}!")
        return self._append(masked, np.full(len(self.start_ids), shut))


def _range(node: Node, args: list[Node]) -> tuple[int, int]:
    """The range of a local operation out of its arguments' (which may be narrower than when it was traced)."""
    match node.op:
        case "shift":
            return args[0].lo + node.info, args[0].hi + node.info
        case "add":
            return args[0].lo + args[1].lo, args[0].hi + args[1].hi
        case "subtract":
            return args[0].lo - args[1].hi, args[0].hi - args[1].lo
        case "minimum":
            return min(a.lo for a in args), min(a.hi for a in args)
        case "maximum":
            return max(a.lo for a in args), max(a.hi for a in args)
        case "select" | "choose":
            return min(a.lo for a in args[1:]), max(a.hi for a in args[1:])
        case "flip":  # as many bits as are flipped; those above them are 1
            return (1 << node.info) - (1 << args[0].num_bits), (1 << node.info) - 1
    return node.lo, node.hi


def normalize(graph: ProgramGraph) -> Normal:
    """Normalise a traced graph. Raises `ProgramError` where one hidden layer cannot hold an operation.

    >>> from logdepth.programs import khop_doubling
    >>> normal = normalize(khop_doubling.trace(length=5, alphabet_size=3, k=2))
    >>> sorted(kind for kind, _ in normal.tables.values())
    ['position', 'position', 'token']
    """
    normal = _Normalizer(graph).run()
    for node in normal.nodes:
        if node.op == "decode" and len(node.info) > 1 << 17:
            raise ProgramError(f"{place(node.origin)}: a count up to {len(node.info) - 1:,} needs too wide a layer")
    return normal


def _without_dead(normal: Normal) -> Normal:
    """Only the nodes that the output needs."""
    graph = normal.graph
    alive = {graph.output}
    for index in range(len(graph.nodes) - 1, -1, -1):
        if index in alive:
            alive.update(graph.nodes[index].uses)
    order = sorted(alive)
    new = {old: i for i, old in enumerate(order)}
    nodes = []
    for old in order:
        node = graph.nodes[old]
        match = node.match
        if match is not None:
            match = match.renumbered(new.__getitem__)
        nodes.append(replace(node, args=tuple(new[arg] for arg in node.args), match=match))
    tables = {new[old]: table for old, table in normal.tables.items() if old in alive}
    start = tuple(normal.start[old] for old in order)
    return Normal(replace(graph, nodes=tuple(nodes), output=new[graph.output]), tables, start)
