"""What a program's parameters may be: types and limits, stated as annotations and checked by every trace.

k: Annotated[int, AtLeast(0)]
hops: Annotated[Header, AtMost("max_k")]      # the header says 0..max_k, another parameter
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
    if typing.get_origin(hint) in (Union, types.UnionType):
        wanted = []
        for each in typing.get_args(hint):
            try:
                return checked(name, value, each)
            except InputError as error:
                wanted.append(str(error).rpartition("it must be ")[2])
        raise InputError(f"{name} is {shown(value)}; it must be {' or '.join(wanted)}")
    limits = getattr(hint, "__metadata__", ())
    kind = hint.__origin__ if limits else hint
    number = whole(value)
    if kind is int and number is not None:
        value = number
    if not _is(value, kind):
        raise InputError(f"{name} is {shown(value)}; it must be {_NAMES.get(kind, shown(kind))}")
    for limit in limits:
        if isinstance(limit, AtLeast) and value < limit.least:
            raise InputError(f"{name} is {value}; it must be at least {limit.least}")
        if isinstance(limit, AtMost) and isinstance(limit.most, int) and value > limit.most:
            raise InputError(f"{name} is {value}; it must be at most {limit.most}")
    return value


def whole(value: Any) -> int | None:
    """A whole number of whatever library as Python's; None for what is none, and for bools."""
    try:
        return None if isinstance(value, bool) else int(operator.index(value))
    except (TypeError, InputError):  # a word refuses to be a number
        return None


def _is(value: Any, kind: Any) -> bool:
    if typing.get_origin(kind) is Literal:
        return any(value == each and type(value) is type(each) for each in typing.get_args(kind))
    if kind in (int, float):
        return isinstance(value, (int, kind)) and not isinstance(value, bool)
    return isinstance(value, kind) if isinstance(kind, type) else True  # what else an annotation says is not ours


def check_named_limits(program: str, name: str, value: int, hint: Any, found: dict[str, Any], *, header: bool) -> None:
    """Raises `InputError` if a value (of a header: its largest) is beyond what its annotation names."""
    for limit in getattr(hint, "__metadata__", ()):
        if not isinstance(limit, AtMost) or not (header or isinstance(limit.most, str)):
            continue
        named, most = isinstance(limit.most, str), limit.most
        if isinstance(most, str):
            if most not in found:
                raise InputError(f"program {program}: {name} is limited by {limit}, which is no parameter of it")
            most = found[most]
        if value <= most:
            continue
        if not header:
            raise InputError(f"{name} is {value}; it must be at most {limit.most}, which is {most}")
        given, way_out = (f" with {limit.most} = {most}", f", or {limit.most} = {value}") if named else ("", "")
        raise InputError(
            f"{value + 1:,} headers (header_size, --headers) are too many: program {program}"
            f"{given} serves 0..{most}; give {most + 1}{way_out}"
        )
