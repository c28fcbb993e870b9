"""Sequences as people have them: an `Alphabet` of symbols, and readers of text, FASTA and `.npy`.

`read_input` reads. What is computed on sequences lives elsewhere.
"""

from logdepth.sequences.alphabet import Alphabet
from logdepth.sequences.read import read_input
from logdepth.sequences.record import NamedSequence

__all__ = ["Alphabet", "NamedSequence", "read_input"]
