"""A folder against what its own graph compiles to. Compilation is deterministic, so every tensor, file and field can be
made again and compared; no code out of the folder is run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from logdepth.compiled.contents import DESCRIPTION, FILES, WEIGHTS, contents, to_json
from logdepth.compiled.folder import Folder, changed_parts, other_files, weights_entry
from logdepth.compiled.model import CompiledModel
from logdepth.compiled.schema import read_json
from logdepth.compiled.weights import weight_differences
from logdepth.compiler.compile import compile_graph
from logdepth.errors import FolderError, InputError
from logdepth.lang.graph import ProgramGraph
from logdepth.lang.program import Program
from logdepth.programs import BUILT_IN

_SHOWN = 3  # differences of one file
_ROUNDING = 1e-9  # a proof's bounds may round otherwise on another machine; its checksum stands for the rest


def differences(found: Folder) -> list[str]:
    """What a folder holds that is not what its graph compiles to, each named by file and field, tensor or line.

    Empty if every file is, byte for byte, what is written now by `save` (but for the version that is named in it, and
    bounds in the certificate within 1e-9). Raises `FolderError` if the graph does not compile at all.

    >>> import tempfile, logdepth
    >>> from logdepth.programs import khop_rank
    >>> folder = logdepth.compile(khop_rank, length=9, alphabet=2, k=1).save(tempfile.mkdtemp() + "/model")
    >>> differences(logdepth.load(folder))
    []
    """
    model = recompile(found)
    origin = {"program": found.description["program"], "version": found.description["logdepth"]}
    expected = contents(model, weights_entry(found.path), **origin, named="target" in found.description)
    unnamed = set(changed_parts(found))
    stated, files = [], []
    for section, difference in _description(found, json.loads(expected[DESCRIPTION])):
        file = f"{WEIGHTS}, as {DESCRIPTION} says" if section == "weights" else DESCRIPTION
        stated.append(f"{file}: {difference}")
        unnamed.discard(section)
    for name in sorted(expected.keys() - {DESCRIPTION}):
        for difference in islice(_file(found.path / name, expected[name]), _SHOWN):
            files.append(f"{name}: {difference}")
            unnamed.discard(name)
    for part in sorted(unnamed):
        what = (
            f"checksums.{part} is not the file's" if part in FILES else f"{part} was changed: its checksum is another"
        )
        stated.append(f"{DESCRIPTION}: {what}")
    if not model.certificate.holds:
        stated.append(f"{DESCRIPTION}: the certificate does not hold: {model.certificate.failure}")
    beside, _ = other_files(found.path)
    files += [f"{name}: not one of the folder's files, and transformers would read it" for name in beside]
    return [*stated, *files, *islice(weight_differences(found.path / WEIGHTS, model.checkpoint), _SHOWN)]


def recompile(found: Folder) -> CompiledModel:
    """The model of a folder's graph, compiled again. Raises `FolderError` if it does not compile."""
    graph = found.graph
    program = Program(_known_by_its_graph, graph.name, graph.causal)
    try:
        parameters = found.description["program"]["parameters"]
        made = CompiledModel(compile_graph(program, parameters, graph, found.dtype, found.target.name), found.alphabet)
        _ = made.checkpoint
    except Exception as error:  # a graph that was not traced from a program may fail anywhere
        raise FolderError(
            f"{found.path / DESCRIPTION}: its graph does not compile: {' '.join(str(error).split())}"
        ) from error
    return made


def _known_by_its_graph() -> None:
    raise AssertionError("the program of a folder is its graph; there is no function")


def _description(found: Folder, expected: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(section, difference) of `logdepth.json`."""
    stated = found.description
    for section in expected.keys() | stated.keys():
        if section == "checksums":
            continue
        slack = _ROUNDING if section == "certificate" else 0.0
        for difference in islice(compare(stated.get(section), expected.get(section), section, slack), _SHOWN):
            yield section, difference
    yield from (("program", difference) for difference in _program(found))
    if to_json(stated).encode() != (found.path / DESCRIPTION).read_bytes():
        yield "", "the same fields, but not the same bytes (spacing, or a field written twice)"
    if list(stated) != list(expected):
        yield "", "its sections are in another order"


def _program(found: Folder) -> Iterator[str]:
    """Whether the program that is named gives the graph: by its title, and for a built-in one by tracing it again."""
    entry, graph = found.description["program"], found.graph
    if entry["name"] != graph.name:
        yield f"program.name is {entry['name']!r}, should be {graph.name!r} (the graph's)"
    if not entry["built_in"]:
        return
    if entry["name"] not in BUILT_IN:
        yield f"program.name: there is no built-in program {entry['name']!r}"
        return
    setting = graph.setting
    sizes = {"length": setting.length, "alphabet_size": setting.alphabet_size, "header_size": setting.header_size}
    try:
        again = BUILT_IN[entry["name"]].trace(**sizes, **entry["parameters"])
    except (InputError, TypeError) as error:  # TypeError: a parameter that is called length
        yield f"program.parameters: {error}"
        return
    same = [node.key for node in again.nodes] == [node.key for node in graph.nodes]
    if not same or _answers(again) != _answers(graph):
        yield f"graph is not that of {entry['name']} ({found.parameters})"


def _answers(graph: ProgramGraph) -> tuple[Any, ...]:
    return graph.output, graph.causal, graph.grid, graph.error


def _file(path: Path, expected: bytes) -> Iterator[str]:
    found = path.read_bytes()
    if found == expected:
        return
    if path.suffix == ".json":
        before = None
        for before in compare(read_json(path), json.loads(expected), ""):
            yield before
        if before is None:
            yield "the same fields, but not the same bytes (spacing, order, or a field written twice)"
        return
    lines, wanted = (text.decode(errors="replace").splitlines() for text in (found, expected))
    for number, (line, should) in enumerate(zip(lines, wanted, strict=False), 1):
        if line != should:
            yield f"line {number} is {_shown(line)}, should be {_shown(should)}"
            return
    if len(lines) != len(wanted):
        yield f"{len(lines)} lines, should be {len(wanted)}"
    else:
        yield "not the same bytes (ends of lines)"


def compare(found: Any, expected: Any, path: str, slack: float = 0.0) -> Iterator[str]:
    """Every field in which JSON data differ, named by its path; numbers within `slack` (relative) are the same.

    >>> list(compare({"a": [1, True]}, {"a": [1, 1]}, "top"))
    ['top.a.1 is true, should be 1']
    """
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted(found.keys() | expected.keys()):
            inner = f"{path}.{key}" if path else str(key)
            if key not in expected:
                yield f"{inner} is {_shown(found[key])}, should not be there"
            elif key not in found:
                yield f"{inner} is missing, should be {_shown(expected[key])}"
            else:
                yield from compare(found[key], expected[key], inner, slack)
        if found.keys() == expected.keys() and list(found) != list(expected):
            yield f"{path or 'the whole'}: its fields are in another order"
    elif isinstance(found, list) and isinstance(expected, list):
        for i, (left, right) in enumerate(zip(found, expected, strict=False)):
            yield from compare(left, right, f"{path}.{i}", slack)
        if len(found) != len(expected):
            yield f"{path} has {len(found):,} entries, should have {len(expected):,}"
    elif type(found) is not type(expected) or found != expected:
        close = type(found) is type(expected) is float and abs(found - expected) <= slack * abs(expected)
        if not close and not (found != found and expected != expected):
            yield f"{path} is {_shown(found)}, should be {_shown(expected)}"


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
