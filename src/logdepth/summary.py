"""Two lines about a large object, for prompts and notebooks, instead of all of its fields."""

from __future__ import annotations

from abc import abstractmethod
from html import escape
from typing import Any


def in_short(value: Any) -> str:
    """A value for a line of print: on one line, and no longer than 60 characters.

    >>> in_short("one\\ntwo"), in_short(16)
    ('one two', '16')
    """
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


class TwoLines:
    """An object that shows itself in two lines: what it is, and its sizes.

    >>> class Pair(TwoLines):
    ...     def summary(self) -> tuple[str, str]:
    ...         return "a pair", "2 parts"
    >>> Pair()
    a pair
      2 parts
    >>> Pair()._repr_html_()
    '<b>a pair</b><br>2 parts'
    """

    @abstractmethod
    def summary(self) -> tuple[str, str]:
        """What it is, and its sizes."""

    def __repr__(self) -> str:
        return "\n  ".join(self.summary())

    def _repr_html_(self) -> str:
        title, sizes = map(escape, self.summary())
        return f"<b>{title}</b><br>{sizes}"
