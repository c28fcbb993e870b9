"""Program -> exact transformer: look-ups become heads, arithmetic becomes circuits of threshold gates.

Every coordinate is a bit as -1 or +1 (0 while nothing is there). A look-up compares bits: their dot product is
p where all p agree and at most p - 2 elsewhere. Scores, in units in which every gap that matters is >= 1:

- a token j >= 1:       S <query, key> - S (p - 1) + order(j),  |order| <= h,  S = h + 1
                        so a match scores >= S - h = 1 and a mismatch <= -S + h = -1;
- the start token:      0, whatever its key: the query's last coordinate cancels S <query, its key>;
- two matches:          at least 1 apart, since orders are different integers.

So the softmax's maximum is the best match, or the start token where there is none. A count leaves out the order,
takes S = 1 and shifts by p rather than p - 1: matches tie with the start token at 0 and mismatches are <= -2. A union
does, too: it averages the bits of the matches as 0 and 1, the start token's as 0, so of N matches (N <= n) a bit that
one of them has comes out as 1/(1+N) or more, and one that none has as 0.

A relation on sets is one more bit of agreement: one side has one member j at most, as 0 and 1, the other -1 and +1, so
their dot product is +1 if j is in the other set and -1 if it is not. Where there is no such j it is 0, and one
coordinate more, 1 less the members of the first side against -1, makes that -1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from logdepth.compiler.bit_circuits import compute_set
from logdepth.compiler.circuits import COUNT_SCALE, UNION_SCALE, CircuitBuilder, code, compute
from logdepth.compiler.normalize import Normal
from logdepth.compiler.placing import comparison_bits
from logdepth.compiler.schedule import Bit, Schedule, ScheduledHead, ScheduledLayer
from logdepth.lang.bit_words import BIT_OPERATIONS, LIMB
from logdepth.lang.graph import MatchSpec, ProgramGraph, Relation
from logdepth.lang.interpreter import describe_match
from logdepth.transformer import Affine, Circuit, Embedding, Head, Layer, Readout, SetRows, Transformer


def program_to_transformer(
    graph: ProgramGraph, schedule: Schedule, *, compact: bool = False, plain_tables: bool = False
) -> Transformer:
    """The exact transformer of a scheduled program. Its input and output ids are those of `graph.vocabulary`.
    compact: the tables that grow with length and vocabulary in int8, column by column, for a million of either.

    plain_tables: tables by their index, with more gates of smaller weights (`tables.py`).

    >>> from logdepth.compiler.normalize import normalize
    >>> from logdepth.compiler.schedule import schedule_program
    >>> from logdepth.programs import khop_rank
    >>> graph = khop_rank.trace(length=12, alphabet_size=5, k=2)
    >>> model = program_to_transformer(graph, schedule_program(normalize(graph)))
    >>> model.depth, int(model.run(np.array([[5, 1, 0, 4, 1, 2, 0, 1, 4, 1, 3, 4, 0]]), "hard")[0, -1])
    (3, 2)
    """
    given_up = {  # (layer, coordinate): the node and the bit that lived there up to that layer
        (f.dies, coordinate): (f.node, bit)
        for f in schedule.homes.values()
        for bit, coordinate in enumerate(f.coordinates)
    }
    layers = tuple(
        _layer(schedule, layer, number, given_up, plain_tables) for number, layer in enumerate(schedule.layers, 1)
    )
    return Transformer(
        coordinates=coordinate_names(schedule),
        embedding=_embedding(graph, schedule, compact),
        layers=layers,
        readout=Readout(_readout(graph, schedule, compact)),
        causal=graph.causal,
    )


def coordinate_names(schedule: Schedule) -> tuple[str, ...]:
    """For every coordinate, the bits that live in it one after another: `position.3|pointer.2`."""
    names: list[list[str]] = [[] for _ in range(schedule.embed_dim)]
    names[schedule.START], names[schedule.REST] = ["start"], ["rest"]
    for f in schedule.fields():
        for place, coordinate in enumerate(f.coordinates):
            suffix = {"home": "", "scratch": "?", "count": "#", "union": "~"}[f.kind]
            names[coordinate].append(f"{schedule.nodes[f.node].name}{suffix}.{place}")
    return tuple("|".join(name) or "unused" for name in names)


def _signs(values: np.ndarray, num_bits: int) -> np.ndarray:
    """Integers as bits -1/+1, least significant first: shape (len(values), num_bits)."""
    return 2.0 * ((values[:, None] >> np.arange(num_bits)) & 1) - 1.0


def _sign(values: np.ndarray, place: int) -> np.ndarray:
    """One bit of integers as -1/+1: (len(values),)."""
    return 2 * (values >> place & 1) - 1


def _table(rows: int, columns: int, compact: bool) -> np.ndarray:
    """Zeros; compact ones take memory only where something is written."""
    return np.zeros((rows, columns), np.int8, order="F") if compact else np.zeros((rows, columns))


def _embedding(graph: ProgramGraph, schedule: Schedule, compact: bool) -> Embedding:
    normal: Normal = schedule.normal
    setting = normal.graph.setting
    num_tokens = graph.vocabulary.size
    tokens = _table(num_tokens, schedule.embed_dim, compact)
    positions = _table(setting.length + 1, schedule.embed_dim, compact)
    positions[0, schedule.START] = 1.0
    positions[1:, schedule.REST] = 1.0
    for index, (kind, values) in normal.tables.items():
        home = schedule.homes.get(index)
        if home is None:
            continue
        node = schedule.nodes[index]
        target = tokens if kind == "token" else positions
        for place, coordinate in enumerate(home.coordinates):
            bits = _sign(values - node.lo, place)
            target[: len(values), coordinate] = bits
            if (
                kind == "token" and len(values) < num_tokens
            ):  # "nothing" and blank are outputs only; as the first symbol
                target[len(values) :, coordinate] = bits[-1]
    return Embedding(tokens, positions)


def _layer(
    schedule: Schedule,
    layer: ScheduledLayer,
    number: int,
    given_up: dict[tuple[int, int], tuple[int, int]],
    plain_tables: bool,
) -> Layer:
    heads = tuple(_head(schedule, head) for head in layer.heads)
    builder = CircuitBuilder(schedule.embed_dim, plain_tables=plain_tables)
    for coordinate in layer.clears:
        builder.clear(coordinate, *given_up[number, coordinate])
    for read in (read for head in layer.heads for read in head.reads):
        for place, coordinate in enumerate(schedule.scratch[read].coordinates):
            builder.drain(coordinate, read, place)
    for index in (index for head in layer.heads for index in head.unions):
        for place, coordinate in enumerate(schedule.unions[index].coordinates):
            builder.drain(coordinate, index, place)
    for index in layer.moves:
        scratch, home = schedule.scratch[index].coordinates, schedule.homes[index].coordinates
        for place, (source, target) in enumerate(zip(scratch, home, strict=True)):
            builder.write_bit(target, [(builder.gate(code([(source, 1)]), 1), 1)], 0, ("move", index, place))
    for index in layer.computes:
        on_sets = schedule.nodes[index].op in BIT_OPERATIONS
        (compute_set if on_sets else compute)(builder, schedule, index, number)
    circuit: Circuit | None = builder.build()
    return Layer(heads, circuit if circuit.num_hidden or circuit.constant.any() else None)


def _head(schedule: Schedule, head: ScheduledHead) -> Head:
    query, key, sets = _scores(schedule, head.match)
    m = schedule.embed_dim
    value = Affine(np.zeros((m, m)), np.zeros(m))
    if head.match.kind == "union":
        for index in head.unions:
            arg = schedule.nodes[index].args[0]
            start = schedule.normal.start[arg]
            assert start is not None, "normalize() makes what is united known at the start token"
            bits = zip(schedule.bits(arg), _signs(start[:1], schedule.nodes[arg].num_bits)[0], strict=True)
            for ((source, sign), at_start), target in zip(bits, schedule.unions[index].coordinates, strict=True):
                value.weight[target, source] = sign * UNION_SCALE / 2
                value.weight[target, [schedule.START, schedule.REST]] = [-at_start * UNION_SCALE / 2, UNION_SCALE / 2]
    elif head.match.kind == "count":
        value.weight[schedule.counts[head.match].coordinates[0], schedule.START] = COUNT_SCALE
    else:
        for read in head.reads:
            sources = schedule.bits(schedule.nodes[read].args[0])
            for (source, sign), target in zip(sources, schedule.scratch[read].coordinates, strict=True):
                value.weight[target, source] = sign
    averages = head.match.kind in ("count", "union")
    return Head(describe_match(schedule.nodes, head.match), query, key, value, averages, sets)


def order_span(schedule: Schedule, match: MatchSpec) -> int:
    """Orders are the integers 0..span (before they are centred): position, or (by, position) as one number."""
    if match.position is None:
        return 0
    length = schedule.normal.graph.setting.length
    return length if match.by is None else (schedule.nodes[match.by].size - 1) * (length + 1) + length


def score_unit(schedule: Schedule, match: MatchSpec) -> float:
    """S: what one bit of agreement is worth, in units of one step of the order."""
    return 1.0 if match.kind in ("at", "count", "union") else order_span(schedule, match) / 2 + 1.0


Known = Bit | float  # a bit, or what it is known to be: -1.0 or 1.0


@dataclass
class Row:
    """One coordinate of a query or key: an affine form of the residual."""

    terms: dict[int, float] = field(default_factory=dict)
    bias: float = 0.0

    def add(self, bit: Known, factor: float) -> Row:
        """Add `factor` times a bit (or a known value)."""
        if isinstance(bit, tuple):
            self.terms[bit[0]] = self.terms.get(bit[0], 0.0) + factor * bit[1]
        else:
            self.bias += factor * bit
        return self

    def plus(self, other: Row, factor: float) -> Row:
        """Add `factor` times another form."""
        for coordinate, coefficient in other.terms.items():
            self.terms[coordinate] = self.terms.get(coordinate, 0.0) + factor * coefficient
        self.bias += factor * other.bias
        return self


def _scores(schedule: Schedule, match: MatchSpec) -> tuple[Affine, Affine, tuple[SetRows, ...]]:
    unit = score_unit(schedule, match)
    queries: list[Row] = []
    keys: list[Row] = []
    cancel = Row()  # minus the score of the start token's own key
    for key, query in zip(match.keys, match.queries, strict=True):
        key_bits, query_bits, start_code = _compared(schedule, key, query)
        for key_bit, query_bit, at_start in zip(key_bits, query_bits, start_code, strict=True):
            queries.append(Row().add(query_bit, unit))
            keys.append(Row().add(key_bit, 1.0))
            cancel.add(query_bit, -unit * at_start)
    p = len(queries) + len(match.relations)
    sets = []
    for relation in match.relations:
        rows = len(queries), len(queries) + relation.size + 1
        sets.append(SetRows(*rows, "key" if relation.kind == "hot" else "query"))
        for query_row, key_row, at_start in _related(schedule, relation):
            queries.append(Row().plus(query_row, unit))
            keys.append(key_row)
            cancel.plus(query_row, -unit * at_start)
    if match.position is not None:
        order, at_start = _order(schedule, match)
        queries.append(Row(bias=1.0))
        keys.append(order)
        cancel.bias -= at_start
    queries += [cancel, Row(bias=-unit * (p if match.kind in ("count", "union") else p - 1))]
    keys += [Row({schedule.START: 1.0}), Row({schedule.REST: 1.0})]
    return _affine(queries, schedule.embed_dim), _affine(keys, schedule.embed_dim), tuple(sets)


def _compared(schedule: Schedule, key: int, query: int) -> tuple[list[Known], list[Known], list[float]]:
    """Both sides of a comparison as bits of one encoding, and the key's bits at the start token."""
    nodes = schedule.nodes
    num_bits = comparison_bits(nodes, key, query)
    words = [i for i in (key, query) if nodes[i].op != "constant"]
    base = nodes[words[0]].lo if words else 0
    assert all(nodes[word].lo == base for word in words), "normalize() gives both sides one encoding"

    def encode(index: int) -> list[Known]:
        node = nodes[index]
        if node.op != "constant":
            bits = schedule.bits(index)
            return [*bits, *[-1.0] * (num_bits - len(bits))]
        if not words:  # two different constants
            return [1.0 if index == key else -1.0]
        word = nodes[words[0]]
        if word.lo <= node.lo <= word.hi:
            return [float(b) for b in _signs(np.array([node.lo - base]), num_bits)[0]]
        return [*[-1.0] * (num_bits - 1), 1.0]  # outside the word's range: equal to none of its values

    key_bits = encode(key)
    if nodes[key].op == "constant":
        start_code = [float(bit) for bit in key_bits if isinstance(bit, float)]
    else:
        start = schedule.normal.start[key]
        assert start is not None and (start == start[0]).all(), "normalize() makes keys known at the start token"
        start_code = [float(b) for b in _signs(np.array([start[0] - base]), num_bits)[0]]
    return key_bits, encode(query), start_code


def _related(schedule: Schedule, relation: Relation) -> list[tuple[Row, Row, float]]:
    """A relation as coordinates of query and key, and the key's value at the start token.

    Their dot product is 1 where it holds, else -1: see above."""
    theirs, mine = (_members(schedule, side, relation.size) for side in (relation.theirs, relation.mine))
    start = np.concatenate([_start_bits(schedule, limb) for limb in relation.theirs])
    start = np.concatenate([start, -np.ones(relation.size)])[: relation.size]
    rows = []
    if relation.kind == "hot":
        for their, my, at_start in zip(theirs, mine, start.tolist(), strict=True):
            rows.append((Row().add(my, 1.0), Row(bias=0.5).add(their, 0.5), (1 + at_start) / 2))
        none = Row(bias=1.0)
        for _, key, _ in rows:
            none.plus(key, -1.0)
        return [*rows, (Row(bias=-1.0), none, 1.0 - sum(at_start for *_, at_start in rows))]
    for their, my, at_start in zip(theirs, mine, start.tolist(), strict=True):
        rows.append((Row(bias=0.5).add(my, 0.5), Row().add(their, 1.0), at_start))
    none = Row(bias=1.0)
    for query, *_ in rows:
        none.plus(query, -1.0)
    return [*rows, (none, Row(bias=-1.0), -1.0)]


def _members(schedule: Schedule, limbs: tuple[int, ...], size: int) -> list[Known]:
    """A set's members as bits, or what they are known to be."""
    found: list[Known] = []
    for number, limb in enumerate(limbs):
        node, width = schedule.nodes[limb], min(LIMB, size - LIMB * number)
        if node.op == "constant":
            found += [float(bit) for bit in _signs(np.array([node.lo]), width)[0]]
        else:
            assert node.lo == 0, "normalize() gives sets the base 0"
            bits = schedule.bits(limb)
            found += [*bits, *[-1.0] * (width - len(bits))]
    return found


def _start_bits(schedule: Schedule, limb: int) -> np.ndarray:
    start = schedule.normal.start[limb]
    assert start is not None and (start == start[0]).all(), "normalize() makes sets known at the start token"
    return _signs(start[:1], LIMB)[0]


def _order(schedule: Schedule, match: MatchSpec) -> tuple[Row, float]:
    """The centred order as a form of the residual, and its value at the start token."""
    assert match.position is not None
    span = order_span(schedule, match)
    length = schedule.normal.graph.setting.length
    row = Row(bias=-span / 2)
    at_start = -span / 2
    # value of a word = lo + sum 2^b (1 + x_b) / 2, so the order is affine in the coordinates
    parts = [(match.position, 1.0)]
    if match.by is not None:
        parts.append((match.by, float(length + 1)))
    for index, factor in parts:
        node = schedule.nodes[index]
        known = schedule.normal.start[index]
        assert known is not None, "normalize() makes orders known at the start token"
        start = int(known[0]) - node.lo
        sign = -1.0 if match.kind == "first" or (match.kind == "lowest" and index == match.by) else 1.0
        if sign < 0:  # hi - value instead of value - lo
            row.bias += factor * (node.size - 1)
            at_start += factor * (node.size - 1)
        at_start += sign * factor * start
        for place, bit in enumerate(schedule.bits(index)):
            half = sign * factor * (1 << place) / 2
            row.bias += half
            row.add(bit, half)
    return row, at_start


def _affine(rows: list[Row], m: int) -> Affine:
    weight = np.zeros((len(rows), m))
    for i, row in enumerate(rows):
        for coordinate, value in row.terms.items():
            weight[i, coordinate] = value
    return Affine(weight, np.array([row.bias for row in rows]))


def _readout(graph: ProgramGraph, schedule: Schedule, compact: bool) -> Affine:
    """Logits: p for the token whose bits all agree, at most p - 2 for other outputs, -(p + 2) for ids that are
    never outputs; with headers, "blank" has p + 2 at the start token and -(p + 2) elsewhere. No bias."""
    ids = graph.vocabulary
    node, output = schedule.nodes[schedule.normal.graph.output], schedule.normal.graph.output
    bits = schedule.bits(output)
    p = len(bits)
    marks = [schedule.START, schedule.REST]
    weight = _table(ids.num_answers, schedule.embed_dim, compact)
    weight[:, marks] = -(p + 2.0)
    values = np.arange(node.lo, node.hi + 1)
    rows = ids.output_ids(values)
    for mark in marks:
        weight[rows, mark] = 0.0
    for place, (coordinate, sign) in enumerate(bits):
        weight[rows, coordinate] += (sign * _sign(values - node.lo, place)).astype(weight.dtype)
    if ids.header_size:
        weight[ids.blank, schedule.START] = p + 2.0
    return Affine(weight, np.zeros(ids.num_answers))
