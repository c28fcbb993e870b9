"""The construction that a judgement names, compiled: what it really takes, beside what the theory says."""

from __future__ import annotations

from typing import Any

from logdepth.compiler.compile import compile_program
from logdepth.errors import CertificateError, InputError
from logdepth.programs import BUILT_IN
from logdepth.theory.judgement import Judgement


def compile_construction(found: Judgement) -> dict[str, Any]:
    """Compile the program that suffices, exactly: its layers, width in coordinates, and its widest layer's heads.

    In float32, or where that does not hold the length, float64.

    Raises `InputError` if none is named or the sizes cannot be compiled.

    >>> from logdepth.theory import Asked
    >>> from logdepth.theory.judgement import judge_sizes
    >>> compile_construction(judge_sizes(Asked("khop", "transformer", length=100, k=16, alphabet=4)))["layers"]
    6
    """
    name = found.by.statement.construction if found.by is not None else None
    if name not in BUILT_IN:
        raise InputError(
            f"--compile: {found.asked.task} by {found.asked.arch} is {found.verdict} here, by nothing that compiles"
        )
    asked = found.asked
    sizes: dict[str, Any] = {"length": asked.needed("length"), "alphabet_size": asked.symbols, "k": asked.needed("k")}
    try:
        dtype, made = "float32", compile_program(BUILT_IN[name], **sizes, dtype="float32")
    except CertificateError:  # too long for it
        dtype, made = "float64", compile_program(BUILT_IN[name], **sizes, dtype="float64")
    return {
        "dtype": dtype,
        "program": name,
        "layers": made.transformer.depth,
        "width": made.transformer.embed_dim,
        "heads": max((len(layer.heads) for layer in made.transformer.layers), default=0),
    }
