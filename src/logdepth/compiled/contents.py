"""What a compiled model's folder holds, file by file, before anything is written: `write_folder` writes it, and
`verify` makes it again out of the stored graph and compares."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from logdepth.compiled.card import card
from logdepth.compiled.explain import layout
from logdepth.compiled.graph_json import graph_to_json
from logdepth.compiled.tokenizer import tokenizer_files
from logdepth.compiler.floats import STATEMENT
from logdepth.lang.graph import ProgramGraph
from logdepth.lang.words import Setting
from logdepth.programs import BUILT_IN
from logdepth.tasks.chains import ChainTask
from logdepth.tasks.graphs import GraphTask, PromisedTask
from logdepth.tasks.registry import task_of_program

if TYPE_CHECKING:
    from logdepth.compiled.model import CompiledModel

FORMAT = 3  # 1 had no checksums, 2 no hidden units in its layout
WEIGHTS = "model.safetensors"
DESCRIPTION = "logdepth.json"
FILES = (
    *("config.json", WEIGHTS, "generation_config.json", "tokenizer.json", "tokenizer_config.json"),
    *("special_tokens_map.json", "README.md", DESCRIPTION),
)


def contents(
    model: CompiledModel,
    weights: dict[str, Any],
    *,
    program: dict[str, Any] | None = None,
    version: str | None = None,
    named: bool = True,
) -> dict[str, bytes]:
    """Every file but the weights, by name. `weights`: the weight file's sha256 and bytes.

    `program` and `version`: what is written about where the model came from, if it is not this process. `named`:
    whether the target is named; the first folders did not, and are GPT-2's.
    """
    checkpoint, graph = model.checkpoint, model.compilation.graph
    marks = {name: checkpoint.config[name] for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    description = describe(model, weights, program=program, version=version)
    if not named:
        del description["target"]
    found = {
        "config.json": to_json(checkpoint.config),
        "generation_config.json": to_json(_generation(graph.setting, marks)),
        **tokenizer_files(model.vocabulary, model.alphabet, graph.setting.length),
        "README.md": card(description),
    }
    files = {name: text.encode() for name, text in found.items()}
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    sums |= {section: section_checksum(entry) for section, entry in description.items()}
    return {**files, DESCRIPTION: to_json({**description, "checksums": sums}).encode()}


def _generation(setting: Setting, marks: dict[str, Any]) -> dict[str, Any]:
    """How `generate` goes on if nothing else is said: a chain of thought is the argmax at every step, up to its end."""
    if setting.chain is None:
        return {"_from_model_config": True, **marks}
    return {**marks, "do_sample": False, "num_beams": 1, "use_cache": True, "max_length": setting.length + 2}


def describe(
    model: CompiledModel,
    weights: dict[str, Any] | None = None,
    *,
    program: dict[str, Any] | None = None,
    version: str | None = None,
) -> dict[str, Any]:
    """What `logdepth.json` holds (and `compile --json` prints)."""
    from logdepth import __version__

    compilation, graph = model.compilation, model.compilation.graph
    setting = graph.setting
    if program is None:
        program = {
            "name": compilation.program.name,
            "built_in": BUILT_IN.get(compilation.program.name) is compilation.program,
            "parameters": dict(compilation.parameters),
        }
    return {
        "format": FORMAT,
        "logdepth": version or __version__,
        "program": program,
        "target": compilation.target,
        "depth": model.depth,
        "domain": {
            "length": setting.length,
            "symbols": list(model.alphabet.symbols),
            "starts_with": f"header token 0..{setting.header_size - 1}" if setting.header_size else "start token",
            "statement": statement(setting),
        },
        "ids": {
            **model.vocabulary.as_dict(),
            **graph_ids(program, setting),
            **chain_ids(program, setting),
            **_real(graph),
        },
        "sizes": {
            "parameters": model.checkpoint.num_parameters,
            "width": compilation.shape.width,
            "heads": compilation.shape.num_heads,
            "hidden": compilation.shape.inner,
            "coordinates": model.transformer.embed_dim,
        },
        "weights": weights or {},
        "certificate": {**model.certificate.as_dict(), "floating_point": STATEMENT},
        "layout": layout(model.schedule, model.transformer),
        "graph": graph_to_json(graph),
    }


def _real(graph: ProgramGraph) -> dict[str, Any]:
    """How far answers that are no whole numbers may be off."""
    return {} if graph.grid is None else {"error": str(graph.error)}


def statement(setting: Setting) -> str:
    """Of which inputs the certificate is."""
    if ids := setting.graph:
        return f"every graph of at most {ids.vertices:,} vertices and {ids.edges:,} edges, as {ids.length + 1:,} tokens"
    first = "a header token" if setting.header_size else "the start token"
    if ids := setting.chain:
        return (
            f"every sequence of at most {setting.length} letters and pointers, {ids.letters} and {ids.text} of them, "
            f"after {first}: so for every prompt and whatever is written after it"
        )
    return f"every sequence of at most {setting.length} symbols out of {setting.alphabet_size}, after {first}"


def graph_ids(program: dict[str, Any], setting: Setting) -> dict[str, Any]:
    """The ids of a model of graphs, and what its answers are of, if a task says so."""
    if setting.graph is None:
        return {}
    kind = task_of_program(program["name"]) if program["built_in"] else None
    if kind is None or not issubclass(kind, GraphTask):
        return {"graph": setting.graph.as_dict()}
    said: dict[str, Any] = {"answers_of": kind.of, "question": kind.summary}
    task = kind.of_program(setting.length, setting.alphabet_size, setting.header_size, program["parameters"])
    if isinstance(task, PromisedTask) and task.nothing is not None:
        said |= {"diameter": task.kept, "nothing": task.nothing}
    return {"graph": {**setting.graph.as_dict(), **said}}


def chain_ids(program: dict[str, Any], setting: Setting) -> dict[str, Any]:
    """The ids of a model that thinks, and the question, if a task says it."""
    if setting.chain is None:
        return {}
    kind = task_of_program(program["name"]) if program["built_in"] else None
    said = {"question": kind.summary} if kind and issubclass(kind, ChainTask) else {}
    first = setting.header_size + setting.chain.letters
    return {"chain": {**setting.chain.as_dict(), "first_pointer": first, **said}}


def section_checksum(section: Any) -> str:
    """SHA-256 of one section of `logdepth.json`, whatever its spacing."""
    text = json.dumps(section, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def to_json(data: dict[str, Any]) -> str:
    """JSON as it is written into a folder."""
    return json.dumps(data, indent=1, default=_plain) + "\n"


def _plain(value: Any) -> Any:
    return value.item()  # NumPy scalars
