"""What Python would decide on its own while a program is traced (truth, hashes, lengths, order), refused.

A traced value stands for every value it may take, so an answer given now would be wrong for most of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, TypeVar

from logdepth.errors import ProgramError
from logdepth.lang.lines import here

Marked = TypeVar("Marked", bound=type)

ARITHMETIC = "add sub mul truediv floordiv mod divmod pow lshift rshift and or xor matmul"
UNARY = "neg pos abs invert"
ORDER = "eq ne lt le gt ge"
NUMBER = "index int float complex round trunc floor ceil"
SEQUENCE = "iter len getitem contains reversed"


def reflected(names: str) -> str:
    """The methods that Python calls on the right operand: `add` gives `radd`."""
    return " ".join(f"r{name}" for name in names.split())


def refuses(names: str, why: str) -> Callable[[Marked], Marked]:
    """Class decorator: these special methods raise `ProgramError` with the user's line."""

    def mark(cls: Marked) -> Marked:
        for name in names.split():
            setattr(cls, f"__{name}__", _refusal(why))
        return cls

    return mark


def _refusal(why: str) -> Callable[..., NoReturn]:
    def refuse(self: Any, *others: Any) -> NoReturn:
        raise ProgramError(f"{here()}: {why.format(self)}")

    return refuse


@refuses(f"{ARITHMETIC} {reflected(ARITHMETIC)} {UNARY} {ORDER} {NUMBER} {SEQUENCE} hash bool call", "{0.way_out}")
class Opaque:
    """Something of the language that is not a word. Used as one it is refused, and says its way out."""

    __slots__ = ()
    __array_ufunc__ = None  # NumPy's scalars leave operators to us
    way_out: ClassVar[str]

    def parts(self) -> tuple[Any, ...] | None:
        """Of several words that go together, those; None for what is none."""
        return None

    def mapped(self, function: Callable[[Any], Any]) -> Any:
        """The same of what a function gives for each of its words. Raises `ProgramError` for what has none."""
        raise ProgramError(f"{here()}: {self.way_out}")

    def paired(self, other: Any) -> tuple[tuple[Any, Any], ...]:
        """Its words beside another's, pairwise. Raises `ProgramError` for what has none, and for another kind."""
        raise ProgramError(f"{here()}: {self.way_out}")

    def combined(self, other: Any, function: Callable[[Any, Any], Any]) -> Any:
        """The same of what a function gives for each pair of words. Raises `ProgramError` as `paired` does."""
        raise ProgramError(f"{here()}: {self.way_out}")

    def within(self, members: Any) -> Any:
        """`members.contains(self)`, which only `theirs(..)` has an answer to. Raises `ProgramError`."""
        raise ProgramError(f"{here()}: {self.way_out}")
