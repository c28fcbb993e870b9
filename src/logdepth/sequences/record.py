"""One sequence as it was read: its name and its symbols' numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NamedSequence:
    """One input: a name (a FASTA header, or its line), its symbols, its header if it states one."""

    name: str
    symbols: list[int]
    header: int | None = None
