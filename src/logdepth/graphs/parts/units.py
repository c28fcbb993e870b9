"""The pieces that are read by themselves, and ids as words: whole numbers as they are, names as 8 bytes a word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from logdepth.errors import InputError
from logdepth.graphs.dialect import Dialect
from logdepth.graphs.parts.listing import PartFile

MOST_NAME_WORDS = 32  # of 8 bytes: every id of a run takes as many words as its longest one


@dataclass(frozen=True)
class EdgeUnit:
    """A piece of a part: rows `start` to `stop` of a table, or the lines that start in those bytes of a text.

    kind: parquet, npy or text. rows: edges in it. line: lines before it. columns: of a Parquet file, tail and head.
    names: whether ids are names. first: the number of its first edge among all units'.
    """

    file: PartFile
    kind: str
    start: int
    stop: int
    rows: int = 0
    line: int = 0
    columns: tuple[str, str] = ("", "")
    dialect: Dialect | None = None
    names: bool = False
    first: int = 0


def pack_names(where: str, text: np.ndarray, starts: np.ndarray, ends: np.ndarray, width: int) -> np.ndarray:
    """Names, bytes `starts` to `ends` of `text` (uint8), as words, int64 (width, rows).

    8 bytes a word, the first one highest, its top bit flipped; shorter names are filled up with zeros. So names compare
    word by word as their UTF-8 does, byte by byte, which is by code point. No name holds a zero byte. Raises
    `InputError`, naming `where`, if one does, or is longer than so many words.

    >>> words = pack_names("here", np.frombuffer(b"abBerlin", np.uint8), np.array([0, 2]), np.array([2, 8]), 1)
    >>> unpack_names(words), bool(words[0, 0] > words[0, 1])
    (['ab', 'Berlin'], True)
    """
    from logdepth.graphs.parts.kernels import pack_words  # compiled

    words = np.zeros((width, len(starts)), np.int64)
    fine = pack_words(text, starts, ends, words)
    if fine < len(starts):
        name = text[starts[fine] : ends[fine]].tobytes()
        what = "holds a zero byte" if b"\0" in name else f"has {len(name):,} bytes; names have {8 * width:,} at most"
        raise InputError(f"{where}: the name {name.decode('utf-8', 'backslashreplace')[:80]!r} {what}")
    return words


def unpack_names(words: np.ndarray) -> list[str]:
    """The names that `pack_names` made words of: (width, rows)."""
    bits = (words ^ np.int64(-(2**63))).astype(">i8")
    width, rows = bits.shape
    flat = np.ascontiguousarray(bits.T).view(f"S{8 * width}").reshape(rows)
    return [name.decode("utf-8") for name in flat.tolist()]


def name_words(longest: int, where: str) -> int:
    """Words of an id whose longest has so many bytes. Raises `InputError` beyond `MOST_NAME_WORDS`.

    >>> name_words(9, "edges")
    2
    """
    width = max(1, -(-longest // 8))
    if width > MOST_NAME_WORDS:
        raise InputError(
            f"{where}: a name has {longest:,} bytes; in parts names have {8 * MOST_NAME_WORDS} at most, since every id "
            "takes as many words as the longest: number the vertices first"
        )
    return width
