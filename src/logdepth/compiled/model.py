"""`compile`: a program and sizes in, a compiled model out; `.save` writes it as a stock Hugging Face folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from logdepth.compiler.certificate import Certificate
from logdepth.compiler.compile import Compilation, compile_program
from logdepth.compiler.limits import check_sizes
from logdepth.compiler.schedule import Schedule
from logdepth.compiler.target import Checkpoint
from logdepth.compiler.targets import find_target
from logdepth.errors import InputError
from logdepth.lang.interpreter import interpret
from logdepth.lang.program import Program
from logdepth.lang.words import Setting
from logdepth.sequences import Alphabet
from logdepth.summary import TwoLines
from logdepth.transformer import Trace, Transformer
from logdepth.vocabulary import Vocabulary

if TYPE_CHECKING:
    from logdepth.compiled.costs import Costs
    from logdepth.compiled.verify import Verification


@dataclass(frozen=True, eq=False, repr=False)
class CompiledModel(TwoLines):
    """A program compiled for a length and an alphabet, with its proof. Nothing is on disk until `save`."""

    compilation: Compilation
    alphabet: Alphabet

    def summary(self) -> tuple[str, str]:
        return self.compilation.summary()

    @property
    def depth(self) -> int:
        """The number of blocks."""
        return self.transformer.depth

    @property
    def transformer(self) -> Transformer:
        return self.compilation.transformer

    @property
    def schedule(self) -> Schedule:
        return self.compilation.schedule

    @property
    def certificate(self) -> Certificate:
        return self.compilation.certificate

    @cached_property
    def checkpoint(self) -> Checkpoint:
        return self.compilation.export()

    @property
    def vocabulary(self) -> Vocabulary:
        """Which token id means what."""
        return self.compilation.graph.vocabulary

    @cached_property
    def costs(self) -> Costs:
        """What each line of the program costs, and warnings where one costs most of it."""
        from logdepth.compiled.costs import costs

        return costs(self.compilation, self.checkpoint.num_parameters)

    def encode(self, strings: np.ndarray, header: np.ndarray | None = None) -> np.ndarray:
        """Symbols `(batch, n)` as token ids `(batch, n + 1)`, the start token in front."""
        return self.vocabulary.encode(strings, header)

    def interpret(self, strings: np.ndarray, header: np.ndarray | None = None) -> np.ndarray:
        """What the program says, by the interpreter: words at slots 0..n."""
        result = interpret(self.compilation.graph, strings, header=header)
        assert isinstance(result, np.ndarray)
        return result

    def trace(self, text: str, attention: str = "soft", header: int | None = None) -> Trace:
        """The exact transformer on one text, everything kept."""
        strings = np.array([self.alphabet.parse(text, "text")]).reshape(1, -1)
        head = None if header is None else np.array([header])
        return self.transformer.trace(self.encode(strings, head), attention)

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write the folder (whole or not at all). Raises `InputError` if it exists and is not empty."""
        from logdepth.compiled.folder import write_folder

        return write_folder(self, Path(folder), force=force)

    def verify(self, folder: str | Path, **options: Any) -> Verification:
        """`verify` a folder this was saved to: reload from disk, compare with the reference."""
        from logdepth.compiled.verify import verify

        return verify(folder, **options)


def compile(
    program: Program,
    *,
    length: int | None = None,
    alphabet: int | str | Sequence[str] | None = None,
    header_size: int = 0,
    dtype: str = "float32",
    target: str = "gpt2",
    **parameters: Any,
) -> CompiledModel:
    """Compile a program, exactly, into the weights of a stock architecture for sequences up to `length`.

    `alphabet`: how many symbols, or the symbols themselves. `parameters` are the program's own (k, say); where it reads
    a graph, `vertices` and `edges` say length and alphabet, too. Of a program that thinks, length and alphabet are the
    text's; `steps` is how many thoughts there is room for (default: as many as letters). For
    `dtype` "float32", "float64" or "bfloat16" the certificate is proved first; where it fails nothing comes out.
    `target` names the architecture (`compiler/targets`).

    Raises `ProgramError` for a program that is wrong or not for this target, `InputError` for wrong sizes,
    `CertificateError` (with the largest length that holds) where the number format cannot hold it.

    >>> from logdepth.programs import khop_rank
    >>> model = compile(khop_rank, length=100, alphabet="ACGT", k=16)
    >>> model.depth, model.certificate.holds, model.checkpoint.num_parameters < 400_000
    (6, True, True)
    """
    if not isinstance(program, Program):
        raise InputError(f"{program!r} is not a program; mark it with @program (from logdepth.lang)")
    length, alphabet = program.sizes(length, alphabet, parameters)
    if length is None or alphabet is None:
        raise InputError(f"program {program.name}: give length and alphabet")
    size = alphabet if isinstance(alphabet, int) else max(1, len(alphabet))
    find_target(target)
    ids = None
    if program.thinks:
        ids, header_size, parameters = program.chain(length, size, header_size, parameters)
        length, size = ids.length, ids.alphabet_size
    found = program.check(length, size, header_size, parameters)
    check_sizes(Setting(length, size, header_size))  # before there are names for that many tokens
    parameters = {name: found[name] for name in parameters}
    symbols = Alphabet.of(alphabet) if ids is None else ids.alphabet(Alphabet.of(alphabet))
    compilation = compile_program(
        program,
        length=length,
        alphabet_size=symbols.size,
        header_size=header_size,
        dtype=dtype,
        target=target,
        **parameters,
    )
    return CompiledModel(compilation, symbols)
