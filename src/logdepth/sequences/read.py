"""Sequences from a file of any kind, or from standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from logdepth.errors import InputError
from logdepth.sequences.alphabet import Alphabet
from logdepth.sequences.record import NamedSequence
from logdepth.sequences.text import guess_alphabet, read_text
from logdepth.sequences.token_ids import read_ids
from logdepth.vocabulary import Vocabulary


def read_input(
    path: str, alphabet: Alphabet | None, vocabulary: Vocabulary | None = None
) -> tuple[list[NamedSequence], Alphabet]:
    """Sequences from a file, or from standard input for `-`: text, FASTA, or `.npy`. No alphabet: guess it. vocabulary:
    what token ids mean (without it: symbols, and a start token after them).

    Raises `InputError` for a file that is missing, empty or not of these kinds.
    """
    if path != "-" and not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    if path.endswith(".npy"):
        if alphabet is None:
            raise InputError(f"{path}: give --alphabet for a .npy file")
        return read_ids(path, vocabulary or Vocabulary(alphabet.size)), alphabet
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text (byte {error.start})") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    name = "standard input" if path == "-" else path
    if alphabet is None:
        alphabet = guess_alphabet(name, text)
    return read_text(name, text, alphabet), alphabet
