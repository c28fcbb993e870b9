"""The proof against stock Hugging Face code: nothing that a real run has in its layers passes its bound."""

from __future__ import annotations

import numpy as np
import pytest

from logdepth.compiler.floats import FLOATS
from tests.compiler.observed import observe
from tests.compiler.quantities import compare
from tests.compiler.test_khop import strings_of_every_kind
from tests.compiler.test_worst_case import compiled

LENGTHS = {
    "float32": {"rank": 60, "doubling": 60, "walk": 40},
    "bfloat16": {"rank": 9, "doubling": 60, "walk": 9},
    "float64": {"rank": 30},
}


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize(("dtype", "name"), [(dtype, name) for dtype, names in LENGTHS.items() for name in names])
def test_what_is_seen_stays_within_every_bound(dtype: str, name: str, attention: str) -> None:
    floats = FLOATS[dtype]
    compilation = compiled(name, LENGTHS[dtype][name], floats)
    assert compilation.certificate.holds
    setting = compilation.graph.setting
    strings = strings_of_every_kind(setting.length, setting.alphabet_size, 24)
    tokens = np.concatenate([np.full((24, 1), setting.alphabet_size), strings], 1)
    found = compare(compilation, compilation.certificate, tokens, observe(compilation, tokens, attention), floats)
    print(dtype, name, attention, {k: round(v, 4) for k, v in found.worst.items()})
    assert max(found.worst.values()) <= 1, {k: (v, found.where[k]) for k, v in found.worst.items() if v > 1}
