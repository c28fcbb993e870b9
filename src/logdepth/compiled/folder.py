"""A compiled model on disk: written whole or not at all, read back with every file checked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logdepth.compiled.contents import DESCRIPTION, FILES, FORMAT, WEIGHTS, contents, section_checksum
from logdepth.compiled.graph_json import graph_from_json
from logdepth.compiled.weights import write_weights
from logdepth.compiler.target import Target
from logdepth.compiler.targets import TARGETS, find_target, target_for
from logdepth.errors import FolderError
from logdepth.files import new_folder, sha256
from logdepth.lang.graph import ProgramGraph
from logdepth.sequences import Alphabet
from logdepth.summary import TwoLines, in_short
from logdepth.vocabulary import Vocabulary

if TYPE_CHECKING:
    from logdepth.compiled.model import CompiledModel

# transformers, or what it calls, reads files of these kinds if it finds them
_READ = (".py", ".json", ".bin", ".pt", ".pth", ".safetensors", ".jinja", ".txt", ".model", ".h5", ".msgpack", ".gguf")
_READ_FOLDERS = ("additional_chat_templates", "custom_generate")


@dataclass(frozen=True, eq=False, repr=False)
class Folder(TwoLines):
    """A compiled model's folder, read: its description and its program's graph.

    What tokens mean (`vocabulary`) is derived from the graph, not read.
    """

    path: Path
    description: dict[str, Any]
    graph: ProgramGraph
    alphabet: Alphabet

    @property
    def dtype(self) -> str:
        return self.description["certificate"]["dtype"]

    @property
    def target(self) -> Target:
        """The architecture that it was compiled to; folders that name none are GPT-2's."""
        return find_target(self.description.get("target", "gpt2"))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return self.graph.vocabulary

    @property
    def weights_intact(self) -> bool:
        """Whether the weight file has the SHA-256 that was written down."""
        return sha256(self.path / WEIGHTS) == self.description["weights"]["sha256"]

    @property
    def parameters(self) -> str:
        """The program's parameters as text: `k = 16`."""
        return ", ".join(
            f"{name} = {in_short(value)}" for name, value in self.description["program"]["parameters"].items()
        )

    def summary(self) -> tuple[str, str]:
        setting, given = self.graph.setting, f" ({self.parameters})" if self.parameters else ""
        return (
            f"Folder {str(self.path)!r}: {self.description['program']['name']}{given}",
            f"{self.description['depth']} layers, {self.dtype}, up to {setting.length:,} symbols out of "
            f"{setting.alphabet_size:,}; written by logdepth {self.description['logdepth']}",
        )


def write_folder(model: CompiledModel, path: Path, *, force: bool = False) -> Path:
    """Write config, weights, tokenizer, model card and `logdepth.json`.

    Raises `InputError` if `path` is occupied (unless `force`) or cannot be written.
    """
    with new_folder(path, force=force) as folder:
        write_weights(folder / WEIGHTS, model.checkpoint)
        for name, data in contents(model, weights_entry(folder)).items():
            (folder / name).write_bytes(data)
        assert sorted(file.name for file in folder.iterdir()) == sorted(FILES)
    return path


def weights_entry(folder: Path) -> dict[str, Any]:
    """What `logdepth.json` says about the weight file."""
    file = folder / WEIGHTS
    return {"sha256": sha256(file), "bytes": file.stat().st_size}


def read_folder(path: str | Path, *, changed: bool = False) -> Folder:
    """Read and check a folder: every file is there, and has the checksum that was written down.

    `changed`: do not look at checksums and other files beside (`verify` finds out what they are). Raises `FolderError`
    if it is not a compiled model, or a file is missing, truncated, damaged or changed.
    """
    from logdepth.compiled.schema import check_description, read_json  # pydantic: only where a folder is read

    path = Path(path)
    if not path.is_dir():
        raise FolderError(f"{path} is not a folder")
    file = path / DESCRIPTION
    if not file.is_file():
        raise FolderError(f"{path} is not a compiled model: it has no {DESCRIPTION}")
    data = read_json(file)
    version = data.get("format") if isinstance(data, dict) else None
    if isinstance(version, int) and version not in range(1, FORMAT + 1):
        raise FolderError(f"{file}: format {version}; this version of logdepth reads formats 1 to {FORMAT}")
    description = check_description(data, file)
    target = description.get("target", "gpt2")
    if target not in TARGETS:
        raise FolderError(f"{file}: target {target!r:.60}; this version of logdepth knows {', '.join(TARGETS)}")
    try:
        graph = graph_from_json(description["graph"])
        alphabet = Alphabet.of(description["domain"]["symbols"])
        if alphabet.size != graph.setting.alphabet_size:
            raise ValueError(f"{alphabet.size:,} symbols; the graph is of {graph.setting.alphabet_size:,}")
        target_for(target, graph)
    except ValueError as error:
        raise FolderError(f"{file} is damaged: {error}") from error
    for name in FILES:
        if not (path / name).is_file():
            raise FolderError(f"{path} is incomplete: {name} is missing")
        if not os.access(path / name, os.R_OK):
            raise FolderError(f"{path / name} cannot be read: no permission")
        if name.endswith(".json"):
            read_json(path / name)
    found, size = (path / WEIGHTS).stat().st_size, description["weights"]["bytes"]
    if found != size:
        raise FolderError(f"{path / WEIGHTS} has {found:,} bytes, {DESCRIPTION} says {size:,}: truncated or replaced")
    if graph.setting.length + graph.setting.alphabet_size > size:
        raise FolderError(
            f"{file} is damaged: graph.length {graph.setting.length:,} and alphabet_size "
            f"{graph.setting.alphabet_size:,} are more than {size:,} bytes of weights have room for"
        )
    folder = Folder(path, description, graph, alphabet)
    if not changed:
        _check_unchanged(folder)
    return folder


def other_files(path: Path) -> tuple[list[str], list[str]]:
    """What lies in a folder beside its own files: what transformers would read, and the rest."""
    others = sorted(entry.name for entry in path.iterdir() if entry.name not in FILES)
    read = [name for name in others if name.endswith(_READ) or name in _READ_FOLDERS]
    return read, [name for name in others if name not in read]


def changed_parts(folder: Folder) -> list[str]:
    """Files, and sections of `logdepth.json`, that have not the checksum that was written down."""
    sums = folder.description.get("checksums", {})
    found = {section: section_checksum(entry) for section, entry in folder.description.items()}
    del found["checksums"]
    found |= {name: sha256(folder.path / name) for name in FILES if name not in (WEIGHTS, DESCRIPTION)}
    return sorted(name for name in found.keys() | sums.keys() if found.get(name) != sums.get(name))


def _check_unchanged(folder: Folder) -> None:
    beside, _ = other_files(folder.path)
    if beside:
        raise FolderError(f"{folder.path} holds {beside[0]}, which logdepth did not write and transformers would read")
    changed = [] if folder.weights_intact else [WEIGHTS]
    if folder.description["format"] > 1:
        changed += [name if name in FILES else f"{DESCRIPTION} ({name})" for name in changed_parts(folder)]
    if changed:
        raise FolderError(
            f"{folder.path}: {changed[0]} was changed since it was written (its checksum differs); "
            "`logdepth verify` names what"
        )
