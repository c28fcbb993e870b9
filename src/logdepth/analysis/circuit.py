"""A compiled model against its own circuit: what each head looks up, where it writes, what breaks without it.

The circuit (`compiled/circuit.py`) tells which look-ups hang on a head; taking the head out of the stock model shows
which do. The two must agree, head by head. Taken out, a head says at every slot what it says at the start token: that
nothing was found. Zeros would be no bits, and LayerNorm, whose factor hangs on all words, would spread them to all.
"""

from __future__ import annotations

from typing import Any

from jaxtyping import Int
from numpy import ndarray
from torch import Tensor

from logdepth.analysis.page import Section
from logdepth.analysis.pointers import SLOTS_SQUARED
from logdepth.compiled.circuit import broken_look_ups
from logdepth.errors import InputError
from logdepth.models.inside import Edit, attention_of, edited
from logdepth.train.subject import Subject

_CELLS = {"writes": "writes", "told": "look elsewhere without it: told", "seen": "seen"}
LEAST_CHANGE = 0.25  # of an attention weight: rounding does far less, another key or a tie does more


def circuit_rows(subject: Subject, k: int, strings: Int[ndarray, "batch n"]) -> list[dict[str, Any]]:
    """For every head of the circuit: layer and head (from 1), id, match, the coordinates it writes (field by field),
    and the ids of the heads that look elsewhere without it, as the circuit tells (`told`) and as these strings show
    (`seen`, at most all of `told`).

    Raises `InputError` for a model that has no circuit: a trained one.
    """
    circuit = subject.circuit
    if circuit is None:
        raise InputError(f"{subject.name} was trained, not compiled: it has no circuit")
    coordinates = {field["id"]: field["coordinates"] for field in circuit["fields"]}
    ids = subject.encode(strings[: max(1, SLOTS_SQUARED // (strings.shape[1] + 1) ** 2)], k)
    whole = attention_of(subject.model, ids)
    heads = [(layer["layer"], head) for layer in circuit["layers"] for head in layer["heads"]]
    rows = []
    for layer, head in heads:
        with edited(subject.model, [Edit(layer, head["index"] - 1, _nothing_found)]):
            without = attention_of(subject.model, ids)
        seen = [
            other["id"]
            for number, other in heads
            if _differs(without[number - 1][:, other["index"] - 1], whole[number - 1][:, other["index"] - 1])
        ]
        rows.append(
            {
                "layer": layer,
                "head": head["index"],
                "id": head["id"],
                "match": head["match"],
                "writes": {name: coordinates[name] for name in head["copies"]},
                "told": sorted(broken_look_ups(circuit, head["id"])),
                "seen": sorted(seen),
            }
        )
    return rows


def circuit_section(rows: list[dict[str, Any]]) -> Section:
    """The rows as a table of the page."""
    wrong = [row["id"] for row in rows if not set(row["seen"]) <= set(row["told"])]
    text = "What every head was compiled to look up, and which heads look elsewhere once it is taken out."
    text += f" Not as the circuit tells: {', '.join(wrong)}." if wrong else " It is as the circuit tells."
    lines = [[row["id"], row["match"], *(", ".join(row[cell]) or "-" for cell in _CELLS)] for row in rows]
    note = (
        "Told: the heads whose query or key hangs on this head's output, by the edges of the circuit. Seen: those "
        "whose attention changed on the strings when it found nothing at any slot."
    )
    return Section("Circuit", text, None, ["head", "look-up", *_CELLS.values()], lines, note)


def _nothing_found(output: Tensor) -> Tensor:
    return output[:, :1].expand_as(output)


def _differs(one: Tensor, other: Tensor) -> bool:
    return bool((one - other).abs().max() > LEAST_CHANGE)
