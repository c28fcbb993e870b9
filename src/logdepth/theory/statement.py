"""What a bound is: a statement of a paper, or of ours, that can be asked at sizes; and what it then says.

A statement *needs* (no model without so much does the task) or *suffices* (a model with so much does it). Where its
source leaves a constant open, the constant is the asker's to give (`Asked.constants`); without it a statement gives its
figure, and what the constant would have to be, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from logdepth.errors import InputError
from logdepth.theory.asked import Asked

Number = int | Fraction
SUFFICES, IMPOSSIBLE = "suffices", "impossible"
PAPER = "arXiv 2402.09268"
CYCLES = "one-versus-two-cycle conjecture"
CIRCUITS = "TC0 is smaller than NC1 (and than L)"
OURS = "ours"


@dataclass(frozen=True)
class Finding:
    """What a statement says at sizes: a figure and its unit, what it decides (if anything), whether it is vacuous, why.

    depth: the layers with which it suffices. `why` is one clause.
    """

    value: Number | None
    unit: str
    decides: str | None
    why: str
    vacuous: bool = False
    depth: int | None = None


@dataclass(frozen=True)
class Statement:
    """One bound. name: short and unique, what its constant is given under. archs: of whom it speaks.

    condition: what it assumes besides, in words. conjecture: what it rests on, if anything. open_constant: whether its
    source leaves one open. construction: what does it, where it suffices, and is in this library.
    ask: its figure at sizes. figure: the same in symbols, for tables.
    """

    name: str
    source: str
    task: str
    archs: tuple[str, ...]
    says: str
    figure: str
    condition: str
    ask: Callable[[Asked], Finding]
    conjecture: str | None = None
    open_constant: bool = False
    construction: str | None = None

    def at(self, asked: Asked) -> Bound:
        """What it says at sizes."""
        return Bound(self, self.ask(asked))


@dataclass(frozen=True)
class Bound:
    """A statement with what it says at the sizes asked for."""

    statement: Statement
    finding: Finding

    def to_json(self) -> dict[str, Any]:
        """Plain data. The value is null where the statement is vacuous: it bounds nothing then."""
        made, found = self.statement, self.finding
        return {
            "theorem": made.name,
            "source": made.source,
            "says": made.says,
            "figure": made.figure,
            "value": None if found.vacuous else plain(found.value),
            "unit": found.unit,
            "condition": made.condition,
            "vacuous": found.vacuous,
            "decides": found.decides,
            "why": found.why,
            "conjecture": made.conjecture,
            "open_constant": made.open_constant,
            "construction": made.construction,
        }


def plain(value: Number | None) -> int | float | None:
    """A number that JSON holds.

    >>> plain(Fraction(8, 2)), plain(Fraction(1, 4)), plain(None)
    (4, 0.25, None)
    """
    if value is None or isinstance(value, int):
        return value
    return value.numerator if value.denominator == 1 else float(value)


def shown(value: Number) -> str:
    """A number to read: whole, or three significant digits.

    >>> shown(12345), shown(Fraction(100, 64)), shown(Fraction(10**20, 3))
    ('12,345', '1.56', '3.33e+19')
    """
    if isinstance(value, int) or value.denominator == 1:
        return f"{int(value):,}" if abs(value) < 10**12 else f"{float(value):.3g}"
    return f"{float(value):.3g}"


def at_least(value: Number, have: Number, unit: str, constant: Fraction | None = Fraction(1)) -> Finding:
    """A model needs `constant * value` of something, and has `have`. A need of less than one is none: vacuous.

    constant: 1 where the source says it all; None where it is open and was not given.

    >>> at_least(10, 4, "bits").decides, at_least(Fraction(1, 2), 4, "bits").vacuous
    ('impossible', True)
    >>> at_least(10, 4, "bits", None).why
    'a constant of 0.4 or less leaves it open, a greater one makes it impossible; the model has 4 bits'
    """
    need = value if constant is None else constant * value
    if need < 1:
        return Finding(value, unit, None, f"less than one ({shown(need)}): any model has as much", vacuous=True)
    if constant is None:
        edge = shown(Fraction(have) / Fraction(value))
        why = f"a constant of {edge} or less leaves it open, a greater one makes it impossible; the model has"
        return Finding(value, unit, None, f"{why} {shown(have)} {unit}")
    if have < need:
        return Finding(value, unit, IMPOSSIBLE, f"{shown(need)} {unit} are needed, the model has {shown(have)}")
    return Finding(value, unit, None, f"the model has {shown(have)} {unit} of the {shown(need)} needed")


def enough(depth: int, asked: Asked, how: str) -> Finding:
    """So many layers do it."""
    layers = f"{depth} layer{'s' * (depth != 1)}"
    if asked.layers is None or asked.layers >= depth:
        return Finding(depth, "layers", SUFFICES, f"{how}, in {layers}", depth=depth)
    return Finding(depth, "layers", None, f"{how}: it takes {layers}, the model has {asked.layers}", depth=depth)


def silent(unit: str, why: str) -> Finding:
    """A statement whose condition does not hold at these sizes: vacuous."""
    return Finding(None, unit, None, why, vacuous=True)


def check_names(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The same; names are distinct within a task and an architecture."""
    seen = set()
    for made in statements:
        for arch in made.archs:
            assert (made.name, made.task, arch) not in seen, made.name
            seen.add((made.name, made.task, arch))
    return statements


def constant_of(asked: Asked, name: str) -> Fraction | None:
    """What the asker takes for a statement's open constant, if anything."""
    return asked.constants.get(name)


def parse_constant(text: str) -> tuple[str, Fraction]:
    """`NAME=NUMBER`. Raises `InputError` for anything else.

    >>> parse_constant("Corollary 5.2=1/8")
    ('Corollary 5.2', Fraction(1, 8))
    """
    name, _, number = text.rpartition("=")
    try:
        return name.strip(), Fraction(number.strip()[:40])
    except (ValueError, ZeroDivisionError):
        raise InputError(f"--constant {text!r:.60}: write NAME=NUMBER, as in 'Corollary 5.2=1/8'") from None
