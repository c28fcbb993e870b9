"""What each line of a program costs in the compiled model: layers, heads, width, hidden units, parameters.

Everything is counted once, so that the lines add up to the model:

- *layers*: those of the longest chain (`compiler/chain.py`), each for the line of its last step in that layer;
- *heads*: each for the line that reads, counts or unites with it;
- *width*: two dimensions a coordinate, each for the line of the word that stands in it where most words stand;
- *hidden units*: each for the line of the word that it computes, moves or clears;
- *parameters*: a head's and a hidden unit's own, and what every dimension has in embeddings, norms and answers.

Every layer of a stock model is as wide as the widest. Heads, units and dimensions that lie idle for that are rows of
their own, and `warnings` names the lines without which the model would be much smaller.
"""

from __future__ import annotations

import linecache
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.compiler.chain import ChainStep, longest_chain
from logdepth.compiler.compile import Compilation
from logdepth.compiler.schedule import Field, Schedule
from logdepth.lang.graph import Node
from logdepth.transformer import Circuit

GIVEN = "what tokens are given: symbols, positions"
MODEL = "the model itself: two constants, padding of heads"
IDLE = "idle, as all layers are as large as the largest (in a BERT also: echoing the row)"
_SHARE = 0.25  # of all parameters, from which on a line is worth a warning
_WORTH = 100_000  # parameters below which none is

Place = tuple[str, int]  # file and line; ("", 0) and one of the texts above for what is no line's


@dataclass(frozen=True)
class LineCost:
    """What one line costs; `line` 0 and a `text` for what is no line of the program."""

    file: str
    line: int
    text: str
    layers: int
    heads: int
    width: int
    hidden: int
    parameters: int

    def as_dict(self) -> dict[str, Any]:
        return {**self.__dict__, "file": Path(self.file).name}


@dataclass(frozen=True)
class Costs:
    """Rows in the order of the lines, what they add up to, the longest chain, and warnings."""

    rows: tuple[LineCost, ...]
    total: LineCost
    chain: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        rows, total = [row.as_dict() for row in self.rows], self.total.as_dict()
        return {"lines": rows, "total": total, "chain": list(self.chain), "warnings": list(self.warnings)}

    def __str__(self) -> str:
        lines = [f"{'line':<6} {'layers':>6} {'heads':>6} {'width':>6} {'hidden':>8} {'parameters':>12}"]
        for row in (*self.rows, self.total):
            number = str(row.line) if row.line else ""
            text = row.text if len(row.text) <= 60 else f"{row.text[:57]}..."
            numbers = f"{row.layers:>6,} {row.heads:>6,} {row.width:>6,} {row.hidden:>8,} {row.parameters:>12,}"
            lines.append(f"{number:<6} {numbers}   {text}")
        files = sorted({row.file for row in self.rows if row.file})
        found = [f"costs by line of {', '.join(Path(file).name for file in files)}" if files else "costs", *lines]
        if self.chain:
            steps = ", ".join(f"{step['word']} (layer {step['layer']}, line {step['line']})" for step in self.chain)
            found.append(f"no fewer layers: each of these waits for the one before it: {steps}")
        return "\n".join([*found, *(f"warning    {text}" for text in self.warnings)])


def costs(found: Compilation, num_parameters: int | None = None) -> Costs:
    """What every line costs. num_parameters: the checkpoint's, where it is there already.

    >>> from logdepth import compile
    >>> from logdepth.programs import khop_rank
    >>> model = compile(khop_rank, length=20, alphabet=4, k=3)
    >>> told = costs(model.compilation)
    >>> sum(row.parameters for row in told.rows) == told.total.parameters == model.checkpoint.num_parameters
    True
    >>> sum(row.layers for row in told.rows) == model.depth
    True
    """
    schedule, shape, depth = found.schedule, found.shape, found.schedule.depth
    nodes, model, width = schedule.nodes, found.transformer, shape.width
    given = _given(found)

    def place(node: int) -> Place:
        return (GIVEN, 0) if node in given or not nodes[node].origin[1] else nodes[node].origin

    chain = longest_chain(schedule)
    last = {step.layer: step for step in chain}
    layers = Counter(place(step.node) for step in last.values())
    layers[MODEL, 0] += depth - len(last)
    heads = Counter(
        place(_of_head(nodes, head.match, head.reads, head.unions)) for layer in schedule.layers for head in layer.heads
    )
    heads[IDLE, 0] += depth * shape.num_heads - heads.total()
    dimensions = Counter[Place]()
    for node, coordinates in _widest(schedule).items():
        dimensions[place(node)] += 2 * coordinates
    dimensions[MODEL, 0] += width - dimensions.total()
    by_layer = [Counter[Place]() for _ in range(depth)]
    for units, layer in zip(by_layer, model.layers, strict=True):
        if isinstance(layer.map, Circuit):
            units.update(place(node) for node in _owners(layer.map).values())
    hidden = sum(by_layer, Counter[Place]())
    hidden[IDLE, 0] += depth * shape.inner - hidden.total()

    per_head, per_unit = shape.head_dim * (4 * width + 3), 2 * width + 1
    total = num_parameters or found.export().num_parameters
    rest = total - depth * (shape.num_heads * per_head + shape.inner * per_unit)
    per_dimension, extra = divmod(rest, width)  # extra: one number an answer, where answers have biases
    counts = (layers, heads, dimensions, hidden)
    rows = []
    for where in sorted({place for count in counts for place in count if count[place]}, key=_order):
        deep, attending, wide, units = (count[where] for count in counts)
        parameters = attending * per_head + wide * per_dimension + units * per_unit
        parameters += extra if where == (MODEL, 0) else 0
        rows.append(_row(where, deep, attending, wide, units, parameters))
    return Costs(
        tuple(rows),
        _row(("the model", 0), layers.total(), heads.total(), dimensions.total(), hidden.total(), total),
        tuple(_step(nodes, step, place(step.node)) for step in chain),
        tuple(_warnings(found, by_layer, rows, total, per_unit)),
    )


def _given(found: Compilation) -> set[int]:
    """The words that a token is given: its symbol, header, position, and whether it is none of the text's."""
    positions = np.arange(found.graph.setting.length + 1)
    words = [*found.graph.vocabulary.input_words(), positions, positions > 0]
    tables = found.schedule.normal.tables.items()
    return {node for node, (_, values) in tables if any(np.array_equal(values, word) for word in words)}


def _row(where: Place, layers: int, heads: int, width: int, hidden: int, parameters: int) -> LineCost:
    file, line = where
    text = linecache.getline(file, line).strip() if line else file
    return LineCost(file if line else "", line, text, layers, heads, width, hidden, parameters)


def _order(where: Place) -> tuple[int, str, int]:
    """Lines first, then what is given, the model itself, what lies idle."""
    ends = [GIVEN, MODEL, IDLE]
    return (1 + ends.index(where[0]), "", 0) if not where[1] else (0, *where)


def _of_head(nodes: tuple[Node, ...], match: Any, reads: tuple[int, ...], unions: tuple[int, ...]) -> int:
    """The word that a head is for: the first that it reads or unites, or the count."""
    if reads or unions:
        return (*reads, *unions)[0]
    return next(i for i, node in enumerate(nodes) if node.op == "decode" and node.match == match)


def _widest(schedule: Schedule) -> Counter[int]:
    """How many coordinates each word has where most of them stand: of homes after some layer, of scratch and unions in
    some layer; counts have their own."""
    found = Counter[int]()
    for kind, fields in (("home", schedule.homes), ("scratch", schedule.scratch), ("union", schedule.unions)):
        moments: dict[int, list[Field]] = {}
        for field in fields.values():
            ends = field.dies if kind == "home" else field.born + 1
            for layer in range(field.born, max(ends, field.born + 1)):
                moments.setdefault(layer, []).append(field)
        widest = max(moments.values(), key=lambda each: sum(len(f.coordinates) for f in each), default=[])
        for field in widest:
            found[field.node] += len(field.coordinates)
    for field in schedule.counts.values():
        found[field.node] += 1
    return found


def _owners(circuit: Circuit) -> dict[int, int]:
    """Each hidden unit's word: the first that it serves."""
    found: dict[int, int] = {}
    for purpose in circuit.purposes:
        for unit in purpose.units:
            found.setdefault(unit, purpose.node)
    return found


def _step(nodes: tuple[Node, ...], step: ChainStep, where: Place) -> dict[str, Any]:
    return {"layer": step.layer, "word": nodes[step.node].name, "how": step.how, "line": where[1]}


def _warnings(
    found: Compilation, by_layer: list[Counter[Place]], rows: list[LineCost], total: int, per_unit: int
) -> list[str]:
    """Lines without whose hidden units every layer would be so much smaller, the largest first."""
    told = []
    for where in {place for units in by_layer for place in units if place[1]}:
        without = found.shape.inner - max(units.total() for units in by_layer)  # what the target adds
        without += max(units.total() - units[where] for units in by_layer)
        saved = (found.shape.inner - without) * len(by_layer) * per_unit
        if saved >= max(_WORTH, _SHARE * total):
            most = max(units[where] for units in by_layer)
            what, smaller = _advice(found.schedule.nodes, where)
            told.append(
                (
                    saved,
                    f"{Path(where[0]).name}:{where[1]}: {what} takes {most:,} hidden units in a layer, and with it "
                    f"{saved:,} of {total:,} parameters; {smaller}",
                )
            )
    return [text for _, text in sorted(told, reverse=True)]


def _advice(nodes: tuple[Node, ...], where: Place) -> tuple[str, str]:
    """What a line is, and what would be smaller."""
    here = [node for node in nodes if node.origin == where]
    tables = [_table(node) for node in here if node.op in ("table", "masked") and _table(node)]
    if tables:
        return (
            f"a table over {max(tables):,} combinations",
            "smaller: several small words in place of a large one, with a table each or none, and choose(word, words) "
            "where one of them picks among the others",
        )
    counts = [len(node.info) for node in here if node.op == "decode"]
    if counts:
        return (
            f"a count up to {max(counts) - 1:,}",
            "smaller: minimum(count(..), m), if m is all that is asked; exists(..) for m = 1",
        )
    return "this line", "smaller: words of fewer values"


def _table(node: Node) -> int:
    op, info = node.info if node.op == "masked" else (node.op, node.info)
    return len(info[1]) if op == "table" else 0
