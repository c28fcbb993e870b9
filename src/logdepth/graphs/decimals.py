"""Numbers in text as float64, and never two different ones as one: what is ordered by them stays in order.

A decimal is read as the nearest float64. Rounding keeps order, so whatever compares these numbers is right as long as
no two different ones become one float64; and a whole number stays itself or is refused. Texts of at most `SHORT`
characters need no look unless they are tiny: decimals of up to 15 digits are all different as float64.
"""

from __future__ import annotations

import re
from decimal import Decimal

import numpy as np

WHOLE = re.compile(rb"[+-]?[0-9]+")
DECIMAL = re.compile(rb"[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,15})?|inf|infinity)", re.IGNORECASE)
_PLAIN = re.compile(rb"[+-]?[0-9]{0,15}\.[0-9]{1,200}(e[+-]?[0-9]{1,2})?|[+-]?[0-9]{1,15}")  # nothing to refuse
SHORT = 15
_MOST_CHARACTERS = 4000
_LEAST_NORMAL = float(np.finfo(np.float64).smallest_normal)


def parse_float(text: bytes) -> float:
    """The float64 nearest to a decimal, or the whole number itself.

    Raises `ValueError` with what is wrong: no number (1_000, 0x1, full-width digits, NaN), too large, or a whole number
    that no float64 is.

    >>> parse_float(b"0.5"), parse_float(b"9007199254740992"), parse_float(b"-inf")
    (0.5, 9007199254740992.0, -inf)
    """
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"has {len(text):,} characters; a number has {_MOST_CHARACTERS:,} at most")
    if not DECIMAL.fullmatch(text):
        raise ValueError("is not a number")
    value = float(text)
    if value in (np.inf, -np.inf) and b"n" not in text.lower():
        raise ValueError("is not within float64, at most 1.797e308 either way")
    if WHOLE.fullmatch(text) and int(value) != int(text):
        raise ValueError(f"is not exactly a float64; whole numbers up to 2^53 = {2**53} are")
    return value


def parse_floats(texts: list[bytes]) -> np.ndarray:
    """`parse_float` of each, (n,), quickly where all are plain decimals of a common size.

    >>> parse_floats([b"0.5", b"2"]).tolist()
    [0.5, 2.0]
    """
    if all(map(_PLAIN.fullmatch, texts)):
        return np.fromiter(map(float, texts), np.float64, len(texts))
    return np.fromiter(map(parse_float, texts), np.float64, len(texts))


class Texts:
    """The texts of those numbers of a file that float64 may have merged with another one, by row."""

    def __init__(self) -> None:
        self.num_rows = 0
        self._rows: list[np.ndarray] = [np.empty(0, np.int64)]
        self._texts: list[np.ndarray] = [np.empty(0, "S1")]

    def add(self, num_rows: int, rows: np.ndarray, texts: list[bytes]) -> None:
        """So many more rows; of these, `rows` (counted from the first of them, ascending) have such texts."""
        if texts:
            self._rows.append(rows + self.num_rows)
            self._texts.append(np.array(texts))
        self.num_rows += num_rows

    def add_all(self, values: np.ndarray, texts: list[bytes]) -> None:
        """More rows, whose texts are all known."""
        chosen = [i for i, text in enumerate(texts) if len(text) > SHORT or abs(values[i]) < _LEAST_NORMAL]
        self.add(len(texts), np.array(chosen, np.int64), [texts[i] for i in chosen])

    def merged(self, values: np.ndarray) -> tuple[tuple[int, bytes], tuple[int, bytes]] | None:
        """Two rows, with their texts, that are different numbers but one float64 in `values` (num_rows,); or None.

        >>> texts, read = Texts(), [b"0.1", b"2", b"0.1000000000000000055"]
        >>> texts.add_all(np.array([0.1, 2.0, 0.1]), read)
        >>> texts.merged(np.array([0.1, 2.0, 0.1]))
        ((0, b'0.1'), (2, b'0.1000000000000000055'))
        """
        rows = np.concatenate(self._rows)
        if not len(rows):
            return None
        order = np.argsort(values, kind="stable")
        same = values[order[1:]] == values[order[:-1]]
        tied = np.zeros(len(values), bool)
        tied[order[1:][same]] = tied[order[:-1][same]] = True
        tied &= np.isfinite(values)
        known = {row: text for part, texts in zip(self._rows, self._texts, strict=True)
                 for row, text in zip(part[tied[part]].tolist(), texts[tied[part]].tolist(), strict=True)}  # fmt: skip
        tied &= np.isin(values, values[list(known)])  # a tie among short texts is a tie of equal numbers
        firsts: dict[float, tuple[int, bytes, Decimal]] = {}
        looked_at: set[bytes] = set()
        for row in np.flatnonzero(tied).tolist():
            value = float(values[row])
            text = known.get(row) or b"%.15g" % value
            if text not in looked_at:
                looked_at.add(text)
                exact = Decimal(text.decode())
                first = firsts.setdefault(value, (row, text, exact))
                if first[2] != exact:
                    return first[:2], (row, text)
        return None
