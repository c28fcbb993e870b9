"""Sequences out of text: one a line, or FASTA."""

from __future__ import annotations

from logdepth.errors import InputError
from logdepth.sequences.alphabet import Alphabet
from logdepth.sequences.record import NamedSequence


def guess_alphabet(path: str, text: str) -> Alphabet:
    """The distinct characters of a text's sequences, sorted: what `solve` uses when none is given."""
    characters = sorted({c for _, _, pieces in _records(text) for _, piece in pieces for c in piece})
    if not characters:
        raise InputError(f"{path}: no sequences in it")
    return Alphabet(tuple(characters))


def read_text(path: str, text: str, alphabet: Alphabet) -> list[NamedSequence]:
    """Sequences out of text: one a line, or FASTA (records may span lines). Blank lines are skipped.

    A line may begin with `<k>`: the header of models that take one. Raises `InputError`, naming
    file, line and column, for what is not a symbol, and for a file without sequences.

    >>> read_text("x", ">one\\nGAT\\nTACA\\n", Alphabet.of("ACGT"))
    [NamedSequence(name='one', symbols=[2, 0, 3, 3, 0, 1, 0], header=None)]
    """
    records = []
    for name, header, pieces in _records(text):
        symbols: list[int] = []
        for (line, column), piece in pieces:
            symbols += alphabet.parse(piece, f"{path}, line {line}", column)
        records.append(NamedSequence(name, symbols, header))
    if not records:
        raise InputError(f"{path}: no sequences in it")
    return records


_Pieces = list[tuple[tuple[int, int], str]]  # ((line, first column), text)


def _records(text: str) -> list[tuple[str, int | None, _Pieces]]:
    records: list[tuple[str, int | None, _Pieces]] = []
    fasta = next((line for line in text.splitlines() if line.strip()), "").startswith(">")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        if fasta and line.startswith(">"):
            records.append((line[1:].strip() or f"record {len(records) + 1}", None, []))
            continue
        header, rest = None, line.rstrip()
        if rest.startswith("<") and ">" in rest and rest[1 : rest.index(">")].isdigit():
            header = int(rest[1 : rest.index(">")])
            rest = rest[rest.index(">") + 1 :]
        column = 1 + len(line.rstrip()) - len(rest) + len(rest) - len(rest.lstrip())
        piece = ((number, column), rest.strip())
        if fasta:
            records[-1][2].append(piece)
        else:
            records.append((f"line {number}", header, [piece]))
    return records
