"""Several words that go together: read, chosen and matched on as one.

place = Bundle(symbol=x, rank=rank)
found = last(where=theirs(before) == place).read(place)      # found.symbol, found.rank
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from logdepth.errors import ProgramError
from logdepth.lang.lines import here, shown
from logdepth.lang.refusals import Opaque
from logdepth.lang.words import Word, as_word


class Bundle(Opaque):
    """Named words, sets, wide numbers or bundles. `bundle.name` is one of them, `match.read(bundle)` a bundle of what
    stands there, `theirs(bundle) == bundle` the condition that all are equal, `select(flag, bundle, bundle)` the one or
    the other. It costs what its words cost.

    >>> Bundle(symbol=Word("symbol", (), 0, 4), rank=3)
    <bundle of symbol, rank>
    """

    __slots__ = ("fields",)
    way_out = "a bundle is not one word: take one of its words by its name, bundle.name"

    def __init__(self, **fields: Any) -> None:
        if not fields:
            raise ProgramError(f"{here()}: a bundle of nothing; give its words by name: Bundle(symbol=x, rank=rank)")
        self.fields = {
            name: value if isinstance(value, Opaque) and value.parts() is not None else as_word(value)
            for name, value in fields.items()
        }

    def __repr__(self) -> str:
        return f"<bundle of {', '.join(self.fields)}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "fields":
            raise AttributeError(name)
        if name not in self.fields:
            raise ProgramError(f"{here()}: {self!r} has no {name}")
        return self.fields[name]

    def changed(self, **fields: Any) -> Bundle:
        """The same bundle with some of its words, or further ones, given anew."""
        return Bundle(**{**self.fields, **fields})

    def parts(self) -> tuple[Any, ...]:
        return tuple(self.fields.values())

    def mapped(self, function: Callable[[Word], Word]) -> Bundle:
        return Bundle(
            **{
                name: function(value) if isinstance(value, Word) else value.mapped(function)
                for name, value in self.fields.items()
            }
        )

    def paired(self, other: Any) -> tuple[tuple[Word, Word], ...]:
        if not isinstance(other, Bundle) or list(other.fields) != list(self.fields):
            raise ProgramError(f"{here()}: {self!r} and {shown(other)}, which has not the same words")
        found: list[tuple[Word, Word]] = []
        for name, mine in self.fields.items():
            its = other.fields[name]
            if isinstance(mine, Word) and isinstance(its, Word):
                found.append((mine, its))
            elif isinstance(mine, Opaque) and isinstance(its, Opaque):
                found += mine.paired(its)
            else:
                raise ProgramError(f"{here()}: {name} is {shown(mine)} in one bundle and {shown(its)} in the other")
        return tuple(found)

    def combined(self, other: Any, function: Callable[[Word, Word], Word]) -> Bundle:
        self.paired(other)
        return Bundle(
            **{
                name: function(value, other.fields[name])
                if isinstance(value, Word)
                else value.combined(other.fields[name], function)
                for name, value in self.fields.items()
            }
        )

    def __eq__(self, other: Any) -> Word:  # type: ignore[override]
        pairs = self.paired(other)
        flags = [a == b for a, b in pairs]
        if len(flags) == 1:
            return flags[0]
        return Word("total", tuple(flags), 0, len(flags), info=(1,) * len(flags)) == len(flags)

    def __ne__(self, other: Any) -> Word:  # type: ignore[override]
        return ~(self == other)

    __hash__ = Opaque.__hash__
