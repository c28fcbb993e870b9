"""A compiled model on disk: written whole or not at all, read back with every file checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logdepth.compiled.card import card
from logdepth.compiled.explain import layout
from logdepth.compiled.graph_json import graph_from_json, graph_to_json
from logdepth.compiled.symbols import Alphabet
from logdepth.compiled.tokenizer import write_tokenizer
from logdepth.compiled.weights import write_weights
from logdepth.compiler.floats import STATEMENT
from logdepth.errors import FolderError
from logdepth.files import new_folder, sha256
from logdepth.lang.graph import Graph
from logdepth.programs import BUILT_IN

if TYPE_CHECKING:
    from logdepth.compiled.model import CompiledModel

FORMAT = 1
WEIGHTS = "model.safetensors"
FILES = (
    *("config.json", WEIGHTS, "generation_config.json", "tokenizer.json", "tokenizer_config.json"),
    *("special_tokens_map.json", "README.md", "logdepth.json"),
)


@dataclass(frozen=True, eq=False)
class Folder:
    """A compiled model's folder, read: its description and its program's graph."""

    path: Path
    description: dict[str, Any]
    graph: Graph
    alphabet: Alphabet

    @property
    def dtype(self) -> str:
        return self.description["certificate"]["dtype"]

    @property
    def weights_intact(self) -> bool:
        """Whether the weight file has the SHA-256 that was written down."""
        return sha256(self.path / WEIGHTS) == self.description["weights"]["sha256"]


def write_folder(model: CompiledModel, path: Path, *, force: bool = False) -> Path:
    """Write config, weights, tokenizer, model card and `logdepth.json`.

    Raises `InputError` if `path` is occupied (unless `force`) or cannot be written.
    """
    with new_folder(path, force=force) as folder:
        gpt2, graph = model.gpt2, model.compilation.graph
        write_weights(folder / WEIGHTS, gpt2)
        _write_json(folder / "config.json", gpt2.config)
        marks = {name: gpt2.config[name] for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
        _write_json(folder / "generation_config.json", {"_from_model_config": True, **marks})
        write_tokenizer(folder, model.token_names, model.alphabet, graph.setting.header_size, graph.setting.length)
        description = describe(model, folder / WEIGHTS)
        _write_json(folder / "logdepth.json", description)
        (folder / "README.md").write_text(card(description), encoding="utf-8")
        assert sorted(file.name for file in folder.iterdir()) == sorted(FILES)
    return path


def describe(model: CompiledModel, weights: Path | None) -> dict[str, Any]:
    """What `logdepth.json` holds (and `compile --json` prints)."""
    from logdepth import __version__
    from logdepth.compiler.program_to_transformer import vocabulary

    compilation, graph = model.compilation, model.compilation.graph
    setting = graph.setting
    size, first = vocabulary(graph)
    output = graph.nodes[graph.output]
    program = compilation.program
    built_in = BUILT_IN.get(program.name) is program
    parameters = dict(compilation.parameters)
    ids: dict[str, Any] = {
        "vocabulary": size,
        "first_symbol": setting.header_size,
        "nothing": compilation.start_id,
        "first_output": first,
        "output": "symbol" if graph.output_is_symbol else "number",
        "least_output": output.lo,
    }
    if setting.header_size:
        ids |= {
            "hop_tokens": [0, setting.header_size - 1],
            "blank": setting.header_size + setting.alphabet_size + 1,
        }
    else:
        ids["start"] = compilation.start_id
    return {
        "format": FORMAT,
        "logdepth": __version__,
        "program": {"name": program.name, "built_in": built_in, "parameters": parameters},
        "depth": model.depth,
        "domain": {
            "length": setting.length,
            "symbols": list(model.alphabet.symbols),
            "first_token": f"hop token 0..{setting.header_size - 1}" if setting.header_size else "start token",
            "statement": f"every sequence of at most {setting.length} symbols out of {setting.alphabet_size}, after "
            + ("a hop token" if setting.header_size else "the start token"),
        },
        "ids": ids,
        "sizes": {
            "parameters": model.gpt2.num_parameters,
            "width": compilation.shape.width,
            "heads": compilation.shape.num_heads,
            "hidden": compilation.shape.inner,
            "coordinates": model.transformer.embed_dim,
        },
        "weights": {} if weights is None else {"sha256": sha256(weights), "bytes": weights.stat().st_size},
        "certificate": {**model.certificate.as_dict(), "floating_point": STATEMENT},
        "layout": layout(model.plan),
        "graph": graph_to_json(graph),
    }


def read_folder(path: str | Path) -> Folder:
    """Read and check a folder. Raises `FolderError` if it is not a compiled model, or a file is missing, truncated
    or damaged (the weights' SHA-256 is left to `verify`)."""
    path = Path(path)
    if not path.is_dir():
        raise FolderError(f"{path} is not a folder")
    file = path / "logdepth.json"
    if not file.is_file():
        raise FolderError(f"{path} is not a compiled model: it has no logdepth.json")
    try:
        description = json.loads(file.read_text(encoding="utf-8"))
        version = description["format"]
        if version != FORMAT:
            raise FolderError(f"{file}: format {version}; this version of logdepth reads format {FORMAT}")
        graph = graph_from_json(description["graph"])
        alphabet = Alphabet(tuple(description["domain"]["symbols"]))
        size = description["weights"]["bytes"]
        _ = description["ids"], description["certificate"]["margin"], description["weights"]["sha256"]
    except FolderError:
        raise
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, UnicodeDecodeError) as error:
        raise FolderError(f"{file} is damaged: {type(error).__name__}: {error}") from error
    for name in FILES:
        if not (path / name).is_file():
            raise FolderError(f"{path} is incomplete: {name} is missing")
        if name.endswith(".json"):
            try:
                json.loads((path / name).read_text(encoding="utf-8"))
            except ValueError as error:
                raise FolderError(f"{path / name} is damaged: {error}") from error
    found = (path / WEIGHTS).stat().st_size
    if found != size:
        raise FolderError(f"{path / WEIGHTS} has {found:,} bytes, {size:,} were written: truncated or replaced")
    return Folder(path, description, graph, alphabet)


def _write_json(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=1, default=_plain) + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    return value.item()  # NumPy scalars
