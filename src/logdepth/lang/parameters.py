"""What a program's parameters may be: types and limits, stated as annotations and checked by every trace.

k: Annotated[int, AtLeast(0)]
hops: Annotated[Header, AtMost("max_k")]      # a first token names 0..max_k, another parameter
"""

from __future__ import annotations

import operator
import types
import typing
from dataclasses import dataclass
from typing import Any, Literal, Union

from logdepth.errors import InputError
from logdepth.lang.lines import shown

_NAMES = {int: "a whole number", float: "a number", str: "text", bool: "true or false", type(None): "None"}


@dataclass(frozen=True)
class AtLeast:
    """A parameter's least value."""

    least: int


@dataclass(frozen=True)
class AtMost:
    """A parameter's greatest value, or the parameter whose value is that."""

    most: int | str


def checked(name: str, value: Any, hint: Any) -> Any:
    """The value of a parameter, whole numbers as Python's. Raises `InputError` if its annotation rules it out.

    >>> checked("k", 3, int)
    3
    """
    limits = getattr(hint, "__metadata__", ())
    kind = hint.__origin__ if limits else hint
    allowed = typing.get_args(kind) if typing.get_origin(kind) in (Union, types.UnionType) else (kind,)
    if int in allowed and not isinstance(value, bool) and hasattr(value, "__index__"):
        value = operator.index(value)
    if not any(_is(value, each) for each in allowed):
        wanted = " or ".join(_NAMES.get(each, shown(each)) for each in allowed)
        raise InputError(f"{name} is {shown(value)}; it must be {wanted}")
    for limit in limits:
        if isinstance(limit, AtLeast) and value < limit.least:
            raise InputError(f"{name} is {value}; it must be at least {limit.least}")
        if isinstance(limit, AtMost) and isinstance(limit.most, int) and value > limit.most:
            raise InputError(f"{name} is {value}; it must be at most {limit.most}")
    return value


def _is(value: Any, kind: Any) -> bool:
    if typing.get_origin(kind) is Literal:
        return any(value == each and type(value) is type(each) for each in typing.get_args(kind))
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) if isinstance(kind, type) else True  # what else an annotation says is not ours


def check_header(program: str, header_size: int, hint: Any, parameters: dict[str, Any]) -> None:
    """Raises `InputError` if a header's values 0..header_size-1 go beyond what its annotation allows."""
    for limit in getattr(hint, "__metadata__", ()):
        if not isinstance(limit, AtMost):
            continue
        most = parameters[limit.most] if isinstance(limit.most, str) else limit.most
        if header_size - 1 > most:
            given, way_out = "", ""
            if isinstance(limit.most, str):
                given, way_out = f" with {limit.most} = {most}", f", or {limit.most} = {header_size - 1}"
            raise InputError(
                f"{header_size:,} values of the first token (header_size, --headers) are too many: program {program}"
                f"{given} serves 0..{most}; give {most + 1}{way_out}"
            )
