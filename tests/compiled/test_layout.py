"""The layout as data: what every head reads, where every word stands, each with an id of its own."""

from __future__ import annotations

import json

import numpy as np
import pytest

import logdepth
from logdepth.compiled.explain import layout
from logdepth.programs import khop_doubling, khop_rank, khop_rank_any
from logdepth.transformer import Affine

CASES = [
    (khop_rank, {"alphabet": 4, "k": 16}),
    (khop_doubling, {"alphabet": 3, "k": 9}),
    (khop_rank_any, {"alphabet": 5, "header_size": 8, "max_k": 7}),
]


@pytest.mark.parametrize(("program", "sizes"), CASES)
def test_what_heads_read_is_what_their_weights_read(program, sizes) -> None:
    model = logdepth.compile(program, length=50, **sizes)
    found = layout(model.schedule, model.transformer)
    fields = {entry["id"]: entry for entry in found["fields"]}
    heads = [head for layer in found["layers"] for head in layer["heads"]]
    assert len(fields) == len(found["fields"]) and len({head["id"] for head in heads}) == len(heads)
    for layer, exact in zip(found["layers"], model.transformer.layers, strict=True):
        for index, (head, weights) in enumerate(zip(layer["heads"], exact.heads, strict=True), 1):
            assert head["id"] == f"layer{layer['layer']}.head{index}" and head["index"] == index
            for part in ("query", "key", "value"):
                form = getattr(weights, part)
                assert isinstance(form, Affine)
                read = set(np.flatnonzero((form.weight != 0).any(0)).tolist()) - {0, 1}
                named = [fields[name] for name in head[part]]
                assert read <= {c for entry in named for c in entry["coordinates"]}
                for entry in named:
                    assert entry["from_layer"] < layer["layer"] <= entry["to_layer"]
                    assert read.intersection(entry["coordinates"])
    assert len(json.dumps(found, indent=1)) < 100_000


def test_the_heads_of_one_hop() -> None:
    model = logdepth.compile(khop_doubling, length=9, alphabet=3, k=1)
    first, second = (layer["heads"][0] for layer in layout(model.schedule, model.transformer)["layers"])
    assert (first["query"], first["key"], first["value"]) == (["position-1"], ["position"], ["x"])
    assert (second["query"], second["key"], second["value"]) == (["x"], ["before", "position"], ["x"])
