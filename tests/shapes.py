"""The check that stands behind array annotations in tests: beartype, on parameters and results that are arrays.

What is no array is not checked: public functions refuse wrong arguments themselves, and tests hand them some.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from beartype import beartype

_ARRAY = re.compile(r"\b(Bool|Float\d*|Inexact|Int\d*|Integer|Num|Real|Shaped|UInt\d*)\[|\bScores\b")


def check_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its array annotations checked, and no others."""
    kept = {name: hint for name, hint in function.__annotations__.items() if _ARRAY.search(str(hint))}
    if not kept:
        return function
    function.__annotations__ = kept
    return beartype(function)
