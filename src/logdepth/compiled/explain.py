"""What a compiled program does, layer by layer: its schedule as data and as text."""

from __future__ import annotations

from typing import Any

import numpy as np

from logdepth.compiled.circuit import fields_read, fields_standing, hidden_groups
from logdepth.compiler.schedule import Field, Schedule
from logdepth.lang.interpreter import describe_match
from logdepth.transformer import Affine, Circuit, Head, Transformer


def layout(schedule: Schedule, model: Transformer) -> dict[str, Any]:
    """The circuit as data: layers (heads, hidden units) and fields (which word is in which coordinates, from layer to
    layer). `circuit.edges` makes a graph of it.

    Coordinate c is the pair of dimensions (2c, 2c + 1) of the GPT-2: 3 and -3 times its bit. What a head's query, key
    and value read, and what it copies into which (a count copies nothing), are fields, by their ids, as are what hidden
    units read and write: all of it is read off the weights. Hidden units are grouped by the word they `compute`, `move`
    from scratch to its home, `drain` from scratch or `clear` from its home: for each of its bits the units (counted
    from 0) and, where they compute, the thresholds t of their gates [sum of bits, each with its weight, >= t], both as
    spans (`0..98`, `1..97:2`; `circuit.numbers_of`).
    """
    nodes, ids = schedule.nodes, field_ids(schedule)
    layers = []
    for number, (layer, exact) in enumerate(zip(schedule.layers, model.layers, strict=True), 1):
        heads = [
            {
                "id": f"layer{number}.head{index}",
                "index": index,
                "match": describe_match(nodes, head.match),
                **_reads_of(schedule, ids, weights, number),
                "reads": [_value_name(schedule, read) for read in (*head.reads, *head.unions)] or ["the count"],
                "into": [_target_name(schedule, read) for read in (*head.reads, *head.unions)],
            }
            for index, (head, weights) in enumerate(zip(layer.heads, exact.heads, strict=True), 1)
        ]
        arithmetic = [f"{nodes[i].name} = {_formula(schedule, i)}" for i in layer.computes]
        circuit = exact.map
        hidden = hidden_groups(schedule, circuit, number, ids) if isinstance(circuit, Circuit) else []
        layers.append({"layer": number, "heads": heads, "arithmetic": arithmetic, "hidden": hidden})
    fields = [
        {
            "id": ids[f.kind, f.node],
            "name": nodes[f.node].name,
            "kind": f.kind,
            "range": [nodes[f.node].lo, nodes[f.node].hi],
            "coordinates": list(f.coordinates),
            "from_layer": f.born,
            "to_layer": min(f.dies, schedule.depth),
        }
        for f in schedule.fields()
    ]
    first = {c: f for f in schedule.homes.values() if f.born == 0 for c in f.coordinates}
    last = fields_standing(schedule, schedule.depth + 1, "attention")
    return {
        "constant_coordinates": {"start": schedule.START, "rest": schedule.REST},
        "embedding": {
            "tokens": fields_read(np.flatnonzero(model.embedding.tokens.any(0)), first, ids),
            "positions": fields_read(np.flatnonzero(model.embedding.positions.any(0)), first, ids),
        },
        "layers": layers,
        "readout": fields_read(np.flatnonzero(model.readout.map.weight.any(0)), last, ids),
        "fields": fields,
    }


def field_ids(schedule: Schedule) -> dict[tuple[str, int], str]:
    """A field's id by its kind and node: `pointer` for a home, `pointer/scratch`; no two are the same."""
    found: dict[tuple[str, int], str] = {}
    taken: set[str] = set()
    for f in schedule.fields():
        plain = schedule.nodes[f.node].name + ("" if f.kind == "home" else f"/{f.kind}")
        found[f.kind, f.node] = name = f"{plain}#{f.node}" if plain in taken else plain
        taken.add(name)
    assert len(taken) == len(found), "two fields of one id"
    return found


def _reads_of(schedule: Schedule, ids: dict[tuple[str, int], str], head: Head, layer: int) -> dict[str, Any]:
    """The ids of the fields that a head's query, key and value read, and for each field it writes those it copies."""
    before, after = (fields_standing(schedule, layer, when) for when in ("attention", "arithmetic"))
    found: dict[str, Any] = {}
    for part, form in (("query", head.query), ("key", head.key), ("value", head.value)):
        assert isinstance(form, Affine)
        found[part] = fields_read(np.flatnonzero(form.weight.any(0)), before, ids)
    assert isinstance(head.value, Affine)
    weight = head.value.weight
    written = {ids[f.kind, f.node]: f for f in (after[int(row)] for row in np.flatnonzero(weight.any(1)))}
    found["copies"] = {
        name: fields_read(np.flatnonzero(weight[list(f.coordinates)].any(0)), before, ids)
        for name, f in written.items()
    }
    return found


def explain(schedule: Schedule, model: Transformer | None = None) -> str:
    """The schedule as text: each layer's heads, what they read, and the arithmetic after them; with its transformer
    also what the hidden units are for.

    >>> from logdepth import compile
    >>> from logdepth.programs import khop_doubling
    >>> print(explain(compile(khop_doubling, length=9, alphabet=3, k=1).schedule))
    embedding  position-1 (4 bits), x (2 bits), position (4 bits)
    layer 1    head 1  at position-1: x -> before
    layer 2    head 1  last where before == x: x -> found
    output     found
    """
    nodes = schedule.nodes
    embedded = [f for f in schedule.fields() if f.kind == "home" and f.born == 0]
    lines = [("embedding", ", ".join(_field_name(schedule, f) for f in embedded) or "nothing")]
    for number, layer in enumerate(schedule.layers, 1):
        label = f"layer {number}"
        for h, head in enumerate(layer.heads, 1):
            reads = [f"{_value_name(schedule, r)} -> {_target_name(schedule, r)}" for r in (*head.reads, *head.unions)]
            what = ", ".join(reads) or "the start token's share"
            lines.append((label, f"head {h}  {describe_match(nodes, head.match)}: {what}"))
            label = ""
        for index in layer.computes:
            lines.append((label, f"then    {nodes[index].name} = {_formula(schedule, index)}"))
            label = ""
        if label:
            lines.append((label, "nothing (the identity)"))
        circuit = model.layers[number - 1].map if model else None
        if isinstance(circuit, Circuit):
            lines.append(("", f"units   {_hidden_units(schedule, circuit)}"))
    lines.append(("output", nodes[schedule.normal.graph.output].name))
    return "\n".join(f"{label:<10} {text}" for label, text in lines)


def _hidden_units(schedule: Schedule, circuit: Circuit) -> str:
    """How many hidden units there are, and how many of them (some serve two words) do what to which word."""
    units: dict[str, dict[int, set[int]]] = {}
    for purpose in circuit.purposes:
        units.setdefault(purpose.kind, {}).setdefault(purpose.node, set()).update(purpose.units)
    parts = [
        f"{len(set[int]().union(*words.values())):,} {kind} {', '.join(schedule.nodes[node].name for node in words)}"
        for kind in ("compute", "move", "drain", "clear")
        if (words := units.get(kind))
    ]
    return f"{circuit.num_hidden:,}: {'; '.join(parts)}"


def _field_name(schedule: Schedule, f: Field) -> str:
    bits = len(f.coordinates)
    return f"{schedule.nodes[f.node].name} ({bits} bit{'s' if bits != 1 else ''})"


def _value_name(schedule: Schedule, read: int) -> str:
    return schedule.nodes[schedule.nodes[read].args[0]].name


def _target_name(schedule: Schedule, read: int) -> str:
    return schedule.nodes[read].name


def _formula(schedule: Schedule, index: int) -> str:
    node = schedule.nodes[index]
    if node.op == "union":
        assert node.match is not None
        return f"{describe_match(schedule.nodes, node.match)}: all of {schedule.nodes[node.args[0]].name}"
    if node.op == "decode":
        assert node.match is not None
        described = describe_match(schedule.nodes, node.match)
        values = node.info
        shifts = {value - i for i, value in enumerate(values)}
        if shifts == {0}:
            return described
        return f"{described} + {shifts.pop()}" if len(shifts) == 1 else f"f({described})"
    names = [schedule.nodes[arg].name for arg in node.args]
    if node.op == "total":
        return _weighed(node.info, names)
    if node.op == "quotient":
        factors, parts = node.info
        divisor = names[len(factors)]
        return f"({_weighed(factors, names)}) / {f'({parts} {divisor})' if parts > 1 else divisor}, rounded down"
    if node.op == "masked":
        return f"{node.info[0]}({', '.join(names[1:])}), known at the start token"
    return f"{node.op}({', '.join(names)})"


def _weighed(factors: tuple[int, ...], names: list[str]) -> str:
    """A sum of words times their factors, as text."""
    text = " + ".join(
        f"{name}" if factor == 1 else f"{factor} {name}" for factor, name in zip(factors, names, strict=False)
    )
    return text.replace("+ -", "- ")
