"""How tight the certificate is: the largest certified length beside the smallest at which an error is found.

Compiled with the proof left out, beyond its limit, run by stock Hugging Face code on strings meant to break it
(all-equal, two-symbol and periodic ones for counts and look-backs), at lengths that grow by about a fifth.
Prefixes of one long string stand for all shorter ones, so an error is placed to the position.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from measure import save

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.gpt2 import hugging_face, logits

from logdepth.compiled.verify import random_string
from logdepth.compiler.compile import compile_program, largest_certified_length
from logdepth.programs import khop_doubling, khop_rank
from logdepth.records import Record
from logdepth.rng import rng_for
from logdepth.tasks.khop import solve

CASES = [
    (khop_rank, 4, 3, "float32", 9000),
    (khop_rank, 26, 15, "float32", 9000),
    (khop_rank, 4, 3, "bfloat16", 300),
    (khop_doubling, 4, 8, "bfloat16", 120),
]


def first_error(program, alphabet: int, k: int, dtype: str, length: int) -> int | None:
    """The first position at which a model compiled for `length` is wrong on any string tried, or none."""
    found = compile_program(program, length=length, alphabet_size=alphabet, k=k, dtype=dtype, certified=False)
    model = hugging_face(found, "eager")
    rng = rng_for(0, "tightness", length)
    strings = np.stack(
        [
            random_string(rng, length, alphabet, kind)
            for kind in range(16 if length < 2000 and dtype != "bfloat16" else 8)
        ]
    )
    strings[0] = 0
    answers = solve(strings, k, alphabet)
    first = None
    for row, string in enumerate(strings):
        got = logits(model, np.concatenate([[alphabet], string])[None]).argmax(-1)[0, 1:]
        wrong = np.flatnonzero(got != answers[row])
        if wrong.size:
            first = min(first or length, int(wrong[0]) + 1)
    return first


def main() -> None:
    records = []
    for program, alphabet, k, dtype, most in CASES:
        sizes = {"alphabet_size": alphabet, "k": k, "dtype": dtype}
        certified = largest_certified_length(program, below=20_000, **sizes)
        length, failing = certified, None
        while failing is None and length < most:
            length = length * 6 // 5 + 1
            if first_error(program, alphabet, k, dtype, length) is not None:
                failing = length
        right = certified  # no error was found up to here; halve what is left a few times
        for _ in range(8):
            if failing is None or failing - right < 2:
                break
            middle = (right + failing) // 2
            if first_error(program, alphabet, k, dtype, middle) is None:
                right = middle
            else:
                failing = middle
        values = {
            "largest_certified_length": certified,
            "smallest_length_with_an_error": failing,
            "searched_to": length,
        }
        records.append(
            Record("tightness", {"program": program.name, "alphabet": alphabet, "k": k, "dtype": dtype}, values)
        )
        print(records[-1].row(), flush=True)
    save("tightness", records)


if __name__ == "__main__":
    main()
