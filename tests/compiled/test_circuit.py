"""The circuit as data says what is in the weights, no more and no less, and what hangs on what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import logdepth
from logdepth.compiled.circuit import broken_look_ups, downstream, edges, numbers_of, spans
from logdepth.compiled.explain import layout
from logdepth.compiled.pointers import head_powers
from logdepth.compiler.compile import Compilation, compile_program
from logdepth.compiler.schedule import Schedule
from logdepth.errors import ProgramError
from logdepth.programs import khop_doubling, khop_doubling_any, khop_rank, khop_rank_any
from logdepth.tasks.khop import Khop
from logdepth.transformer import Affine, Circuit, Layer, Transformer
from tests.compiler.test_random_programs import Case, cases, written

CONSTANTS = {Schedule.START, Schedule.REST}
KHOP: list[tuple[Any, dict[str, int]]] = [
    (khop_rank, {"alphabet_size": 4, "k": 13}),
    (khop_doubling, {"alphabet_size": 3, "k": 9}),
    (khop_rank_any, {"alphabet_size": 5, "header_size": 8, "max_k": 7}),
]


def check(found: Compilation) -> int:
    """Compare the data with the exact transformer's matrices and with the stock model's; how many ids there are."""
    data, model = layout(found.schedule, found.transformer), found.transformer
    fields = {field["id"]: field for field in data["fields"]}
    ids = [*fields, *(part["id"] for layer in data["layers"] for part in (*layer["heads"], *layer["hidden"]))]
    assert len(set(ids)) == len(ids)
    assert {end for edge in edges(data) for end in edge[:2]} <= {*ids, "tokens", "positions", "logits"}
    stock = found.export().tensors

    def homes(layer: int, ready: Callable[[int], bool]) -> list[str]:
        return [
            name
            for name, field in fields.items()
            if (field["kind"] == "home" and field["from_layer"] < layer <= field["to_layer"])
            or (field["kind"] != "home" and ready(field["from_layer"]))
        ]

    def agree(named: list[str], nonzero: np.ndarray, standing: list[str]) -> None:
        """Exactly the named fields among those standing have a weight that is not 0, and nothing else has."""
        touched = set(np.flatnonzero(nonzero).tolist()) - CONSTANTS
        assert touched <= {c for name in named for c in fields[name]["coordinates"]}
        assert all(name in standing and touched.intersection(fields[name]["coordinates"]) for name in named)

    def pairs(rows: np.ndarray) -> np.ndarray:
        """A stock matrix (dimensions, ..) as which coordinates it touches: pairs of dimensions, opposite in sign."""
        assert (rows[0::2] == -rows[1::2]).all()
        return rows[0::2].any(1)

    for name, table in (("tokens", model.embedding.tokens), ("positions", model.embedding.positions)):
        agree(data["embedding"][name], table.any(0), [f for f in fields if fields[f]["from_layer"] == 0])
    for entry, layer in zip(data["layers"], model.layers, strict=True):
        number = entry["layer"]
        before = homes(number, lambda born: False)
        during = homes(number, lambda born, number=number: born == number)
        prefix, width, size = f"transformer.h.{number - 1}.", found.shape.width, found.shape.head_dim
        attention = stock[prefix + "attn.c_attn.weight"]
        project = stock[prefix + "attn.c_proj.weight"]
        assert len(entry["heads"]) == len(layer.heads)
        for index, (listed, head) in enumerate(zip(entry["heads"], layer.heads, strict=True)):
            for offset, part in enumerate(("query", "key", "value")):
                form = getattr(head, part)
                assert isinstance(form, Affine)
                agree(listed[part], form.weight.any(0), before)
                first = offset * width + index * size
                agree(listed[part], pairs(attention[:, first : first + size]), before)
            assert isinstance(head.value, Affine)
            agree(list(listed["copies"]), head.value.weight.any(1), during)
            agree(list(listed["copies"]), pairs(project[index * size : (index + 1) * size].T), during)
            for written_field, sources in listed["copies"].items():
                rows = head.value.weight[fields[written_field]["coordinates"]]
                agree(sources, rows.any(0), before)
        check_hidden(entry["hidden"], layer.map, fields)
        for group in entry["hidden"]:
            units = [unit for text in group["units"] for unit in numbers_of(text)]
            assert isinstance(layer.map, Circuit)
            agree(group["reads"], layer.map.read[units].any(0), during)
            agree(group["reads"], pairs(stock[prefix + "mlp.c_fc.weight"][:, units]), during)
        if isinstance(layer.map, Circuit):
            outer = stock[prefix + "mlp.c_proj.weight"]
            assert (outer[: layer.map.num_hidden, 0 : 2 * model.embed_dim : 2] != 0).T.tolist() == (
                layer.map.write != 0
            ).tolist()
            assert not outer[layer.map.num_hidden :].any() and not outer[:, 2 * model.embed_dim :].any()
    last = homes(model.depth + 1, lambda born: False)
    output = [name for name in fields if fields[name]["to_layer"] == model.depth and fields[name]["kind"] == "home"]
    agree(data["readout"], model.readout.map.weight.any(0), [*last, *output])
    return len(ids)


def check_hidden(groups: list[dict[str, Any]], circuit: Any, fields: dict[str, Any]) -> None:
    """Every hidden unit has a purpose; every weight into a bit is listed; thresholds are those of the weights."""
    if not isinstance(circuit, Circuit):
        assert not groups
        return
    listed: dict[tuple[int, int], set[str]] = {}
    for group in groups:
        field, counts = fields[group["field"]], any(fields[name]["kind"] == "count" for name in group["reads"])
        assert len(group["units"]) == len(field["coordinates"])
        for bit, (text, coordinate) in enumerate(zip(group["units"], field["coordinates"], strict=True)):
            units = numbers_of(text)
            for unit in units:
                listed.setdefault((coordinate, unit), set()).add(group["does"])
            if group["does"] == "compute":
                thresholds = numbers_of(group["thresholds"][bit])
                assert len(thresholds) == len(units)
                for unit, threshold in zip(units, thresholds, strict=True):
                    check_threshold(circuit, unit, threshold, counts)
    nonzero = {(int(c), int(unit)) for c, unit in zip(*np.nonzero(circuit.write), strict=True)}
    assert nonzero <= set(listed)
    for pair in set(listed) - nonzero:  # a bit that stays where it is, from one word to the next
        assert listed[pair] == {"clear", "compute"} or listed[pair] == {"clear", "move"}
    assert {unit for _, unit in listed} == set(range(circuit.num_hidden))


def check_threshold(circuit: Circuit, unit: int, threshold: int, counts: bool) -> None:
    """A gate is [form >= threshold]: 2 (form - threshold) + 3/2 in front of the ramp, bits b = (1 + x) / 2."""
    row, bias = circuit.read[unit], circuit.bias[unit]
    if counts:  # a count's gate is off at one less, on at the threshold; x = 2^-6 / (1 + count)
        averages = 2.0**-6 / (1 + np.array([threshold - 1, threshold]))
        off, on = np.outer(averages, row[row != 0])[:, 0] + bias
        assert off == pytest.approx(-3.5) and on == pytest.approx(4.5)
    else:
        assert (row.sum() - bias + 1.5) / 2 == threshold


@pytest.mark.parametrize(("program", "sizes"), KHOP)
def test_the_data_is_what_the_weights_are(program: Any, sizes: dict[str, int]) -> None:
    assert check(compile_program(program, length=20, **sizes)) > 20


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(cases)
def test_so_it_is_for_any_program(case: Case) -> None:
    try:
        sizes = {"alphabet_size": case.alphabet_size, "header_size": case.header_size}
        found = compile_program(written(case), length=case.length, certified=False, **sizes)
    except ProgramError:
        return
    check(found)


@given(st.lists(st.integers(-20, 20)))
def test_spans_hold_their_numbers(numbers: list[int]) -> None:
    assert numbers_of(spans(numbers)) == numbers


@pytest.mark.parametrize("text", ["1..", "a", "1,,2", "1..5:0", "1-3"])
def test_no_spans(text: str) -> None:
    with pytest.raises(ValueError, match="no span"):
        numbers_of(text)


def without_head(model: Transformer, layer: int, head: int) -> Transformer:
    old = model.layers[layer].heads
    value = old[head].value
    assert isinstance(value, Affine)
    silent = replace(old[head], value=Affine(np.zeros_like(value.weight), np.zeros_like(value.bias)))
    return with_layer(model, layer, replace(model.layers[layer], heads=(*old[:head], silent, *old[head + 1 :])))


def without_units(model: Transformer, layer: int, coordinates: list[int]) -> Transformer:
    circuit = model.layers[layer].map
    assert isinstance(circuit, Circuit)
    write, constant = circuit.write.copy(), circuit.constant.copy()
    write[coordinates], constant[coordinates] = 0.0, 0.0
    return with_layer(model, layer, replace(model.layers[layer], map=replace(circuit, write=write, constant=constant)))


def with_layer(model: Transformer, number: int, layer: Layer) -> Transformer:
    return replace(model, layers=(*model.layers[:number], layer, *model.layers[number + 1 :]))


@pytest.mark.parametrize(
    ("program", "sizes"),
    [
        (khop_rank, {"k": 15}),
        (khop_doubling, {"k": 8}),
        (khop_rank_any, {"header_size": 8, "max_k": 7}),
        (khop_doubling_any, {"header_size": 8, "max_k": 7}),
    ],
)
def test_what_the_circuit_says_breaks_is_what_breaks(program: Any, sizes: dict[str, int]) -> None:
    """Take out every head, and every word that hidden units make: the look-ups that go astray are those told, find^j
    among them by their j, and no others."""
    length, size = 40, 3
    model = logdepth.compile(program, length=length, alphabet=size, **sizes)
    data, exact, rng = layout(model.schedule, model.transformer), model.transformer, np.random.default_rng(5)
    strings = rng.integers(0, size, (20, length))
    first = rng.integers(0, sizes["header_size"], 20) if "header_size" in sizes else None
    tokens = model.vocabulary.encode(strings, first)
    names = {(layer["layer"] - 1, head["index"] - 1): head["id"] for layer in data["layers"] for head in layer["heads"]}
    powers = head_powers(model.compilation.graph, model.schedule, Khop(length, size, max_k=16))
    hops = {
        names[layer, index]: powers[head]
        for layer, each in enumerate(model.schedule.layers)
        for index, head in enumerate(each.heads)
        if head in powers
    }
    whole = exact.trace(tokens, "hard").attention

    def broken(other: Transformer) -> set[str]:
        found = other.trace(tokens, "hard").attention
        return {name for (layer, head), name in names.items() if (found[layer] != whole[layer])[:, head].any()}

    fields = {field["id"]: field for field in data["fields"]}
    told = {names[where]: broken_look_ups(data, names[where]) for where in names}
    assert {name: broken(without_head(exact, *where)) for where, name in names.items()} == told
    follow = max(hops, key=lambda name: hops[name])  # the last hop hangs on every hop before it, by way of its pointer
    assert len({hops[name] for name in told if follow in told[name] and name in hops}) >= 2
    for layer in data["layers"]:
        for group in layer["hidden"]:
            if group["does"] in ("compute", "move"):
                taken = without_units(exact, layer["layer"] - 1, fields[group["field"]]["coordinates"])
                assert broken(taken) == broken_look_ups(data, group["id"]), group["id"]


def test_what_hangs_on_a_head() -> None:
    model = logdepth.compile(khop_doubling, length=20, alphabet=3, k=4)
    data = layout(model.schedule, model.transformer)
    heads = {head["id"]: head for layer in data["layers"] for head in layer["heads"]}
    assert {"before", "found", "logits", *heads} - {"layer1.head1"} <= downstream(data, "layer1.head1")
    assert broken_look_ups(data, "layer1.head1") == set(heads) - {"layer1.head1"}
    last = max(heads)
    assert broken_look_ups(data, last) == set() and "logits" in downstream(data, last)
