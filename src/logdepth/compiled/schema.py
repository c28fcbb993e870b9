"""The shape of `logdepth.json`: which fields there are, and of what type. What the graph means: `graph_json.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from logdepth.errors import FolderError

_DEEPEST = 60  # levels of nesting; what is written has about 8


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", protected_namespaces=())


class _Program(_Part):
    name: str = Field(min_length=1)
    built_in: bool
    parameters: dict[str, Any]


class _Domain(_Part):
    length: int
    symbols: list[str]
    starts_with: str = ""
    first_token: str = ""  # what formats 1 and 2 call starts_with
    statement: str


class _Weights(_Part):
    sha256: str
    bytes: int


class _Certificate(BaseModel):
    """Only what is read here; `verify` derives the certificate again and compares all of it."""

    model_config = ConfigDict(strict=True, extra="allow")
    holds: bool
    dtype: Literal["float32", "float64", "bfloat16"]
    length: int
    margin: float


class _Node(_Part):
    op: str
    args: list[int]
    lo: int
    hi: int
    name: str
    origin: list[str | int] = Field(min_length=2, max_length=2)
    info: Any = None
    match: list[Any] | None = Field(default=None, min_length=4, max_length=5)


class _Graph(_Part):
    nodes: list[_Node] = Field(min_length=1)
    output: int
    length: int
    alphabet_size: int
    header_size: int
    causal: bool
    name: str
    num_edges: int | None = None
    num_letters: int | None = None
    grid: int | None = None
    loops: list[list[list[int | None]]] | None = None
    error: list[int] | None = Field(default=None, min_length=2, max_length=2)


class _Description(_Part):
    format: int
    logdepth: str
    program: _Program
    target: str = "gpt2"
    depth: int
    domain: _Domain
    ids: dict[str, Any]
    sizes: dict[str, int]
    weights: _Weights
    certificate: _Certificate
    layout: dict[str, Any]
    graph: _Graph
    checksums: dict[str, str] = {}


def read_json(file: Path) -> Any:
    """The file's JSON. Raises `FolderError` for what is not JSON, or nested too deeply to be anything of ours."""
    try:
        data = from_json(file.read_bytes(), allow_inf_nan=True)
    except OSError as error:
        raise FolderError(f"{file} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise FolderError(f"{file} is damaged: {error}") from error
    level, depth = [data], 0
    while level:
        depth += 1
        if depth > _DEEPEST:
            raise FolderError(f"{file} is damaged: nested more than {_DEEPEST} levels deep")
        level = [
            item
            for entry in level
            if isinstance(entry, dict | list)
            for item in (entry.values() if isinstance(entry, dict) else entry)
        ]
    return data


def check_description(data: Any, file: Path) -> dict[str, Any]:
    """The contents of a `logdepth.json` as they are, if they have its shape. Raises `FolderError`, naming the field."""
    try:
        _Description.model_validate(data)
    except ValidationError as error:
        first, *rest = error.errors(include_url=False, include_context=False)
        field = ".".join(map(str, first["loc"])) or "the whole"
        more = f" (and {len(rest)} more)" if rest else ""
        raise FolderError(f"{file} is damaged: {field}: {first['msg']}{more}") from error
    return data
