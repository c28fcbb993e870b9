"""Numbers with units as people type them: counts, memory, bandwidth, time. Read exactly, or refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from logdepth.errors import InputError

GREATEST = 2**63 - 1
# Commas stand between thousands only: "1,5GiB" may mean 1.5 or 15.
_NUMBER = r"(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:_[0-9]+)*)(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?"
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_SECONDS = {"": Fraction(1), "s": Fraction(1), "ms": Fraction(1, 10**3), "us": Fraction(1, 10**6)}
_LONGEST = 100  # characters
WORD_BYTES = 8


def parse_count(text: str) -> int:
    """A whole number from 0 to 2^63 - 1: `5e6`, `5_000_000` and `5,000,000` too.

    >>> parse_count("1.5e3"), parse_count("9007199254740993")
    (1500, 9007199254740993)
    """
    found = _match(_NUMBER, text)
    value = _number(found[0].strip()) if found else None
    if value is None or value.denominator != 1:
        raise InputError(f"{text!r:.60} is not a whole number from 0; write 5000000, 5_000_000 or 5e6")
    _check_limit(text, value)
    return value.numerator


@dataclass(frozen=True)
class Memory:
    """Memory of a machine: `amount` words, or bytes if a unit says so."""

    amount: int
    in_bytes: bool

    def words(self, word_bytes: int = WORD_BYTES) -> int:
        """As whole words of so many bytes. Raises `InputError` if not even one fits."""
        words = self.amount // word_bytes if self.in_bytes else self.amount
        if words < 1:
            raise InputError(f"the memory of {self} holds no word of {word_bytes} bytes; give more")
        return words

    def __str__(self) -> str:
        return f"{self.amount:,} {'bytes' if self.in_bytes else 'words'}"


def parse_memory(text: str) -> Memory:
    """`50_000`: words. `64GiB`, `500 MB`, `8G`: bytes.

    >>> parse_memory("5e4"), parse_memory("1.5 kB"), parse_memory("64GiB").words()
    (Memory(amount=50000, in_bytes=False), Memory(amount=1500, in_bytes=True), 8589934592)
    """
    value, unit = _split(text, "B|byte|bytes|", "64GiB, or words as a plain number")
    _check_limit(text, value)
    return Memory(int(value), bool(unit))


def parse_bandwidth(text: str) -> float:
    """`10Gbit`, `1.25GB` (a second): bytes a second, a bit a second at least.

    >>> parse_bandwidth("10Gbit"), parse_bandwidth("100MB/s")
    (1250000000.0, 100000000.0)
    """
    plain = re.sub(r"(/s|ps)$", "", text.strip(), flags=re.IGNORECASE)
    bits = re.search(r"(bits?|b)$", plain, re.IGNORECASE) and not plain.endswith("B")
    value = _split(plain, "bits?|b" if bits else "B|byte|bytes|", "10Gbit", shown=text)[0] / (8 if bits else 1)
    if value < Fraction(1, 8):
        raise InputError(f"{text!r:.60} is less than a bit a second: nothing would ever arrive; write 10Gbit, say")
    _check_limit(text, value)
    return float(value)


def parse_seconds(text: str) -> float:
    """`1ms`, `20us`, `0.5s`: seconds, 0 or more.

    >>> parse_seconds("1ms"), parse_seconds("2")
    (0.001, 2.0)
    """
    found = _match(rf"({_NUMBER})\s*(us|ms|s|)", text)
    if not found:
        raise InputError(f"{text!r:.60} is no time; write 1ms, 20us or 0.5s")
    value = _number(found[1]) * _SECONDS[found[2].lower()]
    _check_limit(text, value)
    return float(value)


def _split(text: str, unit: str, example: str, shown: str | None = None) -> tuple[Fraction, str]:
    """(the value, its unit as written: empty for a plain number)."""
    found = _match(rf"({_NUMBER})\s*(([kmgt]i?|)(?:{unit}))", text)
    if not found:
        raise InputError(f"{shown or text!r:.60} cannot be read; write {example}")
    return _number(found[1]) * _UNITS[found[3].lower()], found[2]


def _match(pattern: str, text: str) -> re.Match[str] | None:
    return re.fullmatch(rf"\s*{pattern}\s*", text, re.IGNORECASE | re.ASCII) if len(text) <= _LONGEST else None


def _number(text: str) -> Fraction:
    return Fraction(text.replace("_", "").replace(",", ""))


def _check_limit(text: str, value: Fraction) -> None:
    if value > GREATEST:
        raise InputError(f"{text!r:.60} is too large; the limit is {GREATEST:,}")
