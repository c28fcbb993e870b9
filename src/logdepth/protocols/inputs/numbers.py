"""Numbers as inputs, one after another."""

from __future__ import annotations

from logdepth.mpc.table import Array
from logdepth.protocols.inputs.input import Input, Source
from logdepth.protocols.inputs.whole_numbers import whole_numbers


def _read(source: Source) -> Array:
    from logdepth.protocols.inputs.number_files import read_numbers  # loads what compiles

    return read_numbers(source.path)


NUMBERS = Input(
    name="numbers",
    option="input",
    measures=("size",),
    read=_read,
    sample=lambda rng, size: rng.integers(-(2**20), 2**20, size.rows),
    config=lambda values: {"size": len(whole_numbers("values", values))},
    sized=lambda size: {"size": size.rows},
    words=lambda config: config["size"],
)
