"""The program language: a program speaks about one token, in words, look-ups and counts.

    from logdepth.lang import Position, Symbol, at, last, program

    @program
    def previous(x: Symbol, position: Position):
        return at(position - 1).read(x)

A program is a plain Python function that is traced once per (length, alphabet). See `words.py` for word
arithmetic, `matches.py` and `conditions.py` for look-ups, `program.py` for tracing, `interpreter.py` to run it.
"""

from logdepth.lang.averages import Ratio, mean, ratio, total
from logdepth.lang.bits import Bits, one_hot
from logdepth.lang.bundles import Bundle
from logdepth.lang.casts import nothing, symbol
from logdepth.lang.conditions import theirs
from logdepth.lang.graph import MatchSpec, Node, ProgramGraph
from logdepth.lang.interpreter import interpret
from logdepth.lang.loops import loop
from logdepth.lang.matches import Match, at, count, exists, first, highest, last, lowest, the, union
from logdepth.lang.parameters import AtLeast, AtMost
from logdepth.lang.program import Header, Pointer, Position, Program, Symbol, program
from logdepth.lang.reals import Real
from logdepth.lang.thinking import point, say, think
from logdepth.lang.wide import Wide
from logdepth.lang.words import Word, choose, maximum, minimum, select, table

__all__ = [
    "AtLeast",
    "AtMost",
    "Bits",
    "Bundle",
    "Header",
    "Match",
    "MatchSpec",
    "Node",
    "Pointer",
    "Position",
    "Program",
    "ProgramGraph",
    "Ratio",
    "Real",
    "Symbol",
    "Wide",
    "Word",
    "at",
    "choose",
    "count",
    "exists",
    "first",
    "highest",
    "interpret",
    "last",
    "loop",
    "lowest",
    "maximum",
    "mean",
    "minimum",
    "nothing",
    "one_hot",
    "point",
    "program",
    "ratio",
    "say",
    "select",
    "symbol",
    "table",
    "the",
    "theirs",
    "think",
    "total",
    "union",
]
