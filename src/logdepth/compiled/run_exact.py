"""The exact transformer of a program on a user's own input: of a compiled folder, or compiled here for the input's size.

No stock architecture is run and no weights are read. What runs is the exact object that a folder's weights were made
from, in float64, so that there is no certificate to ask for, and by hash attention a million tokens take seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from logdepth.compiled.folder import Folder
from logdepth.compiled.graphs import answers_in, graph_task
from logdepth.compiled.predict import Prediction, headers_of
from logdepth.compiler.exact import compile_exact, exact_transformer
from logdepth.compiler.limits import WORKING_MEMORY
from logdepth.errors import InputError
from logdepth.graphs import Graph
from logdepth.lang.graph import ProgramGraph
from logdepth.lang.program import Program
from logdepth.sequences import Alphabet, NamedSequence
from logdepth.summary import TwoLines
from logdepth.tasks.graphs import GraphTask
from logdepth.transformer import Transformer

ATTENTIONS = ("hash", "hard", "soft")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False, repr=False)
class ExactModel(TwoLines):
    """A program's graph and exact transformer; what its symbols are called; the task about graphs that it computes."""

    graph: ProgramGraph
    transformer: Transformer
    alphabet: Alphabet
    task: GraphTask | None = None

    def summary(self) -> tuple[str, str]:
        return self.transformer.summary()

    @staticmethod
    def of_folder(folder: Folder) -> ExactModel:
        """The exact transformer that a folder's weights were made from, made again from its graph."""
        return ExactModel(folder.graph, exact_transformer(folder.graph), folder.alphabet, graph_task(folder))

    @staticmethod
    def of_program(
        program: Program, records: list[NamedSequence], alphabet: Alphabet, header_size: int = 0, **parameters: Any
    ) -> ExactModel:
        """For sequences as long as the longest record. Raises `InputError`, `ProgramError` as compiling does."""
        length = max(1, *(len(record.symbols) for record in records))
        sizes = {"length": length, "alphabet_size": alphabet.size, "header_size": header_size}
        return ExactModel(*compile_exact(program, **sizes, **parameters), alphabet)

    @staticmethod
    def of_graph(program: Program, task: GraphTask, **parameters: Any) -> ExactModel:
        """Of a program that reads graphs, for a task's sizes."""
        ids = task.ids
        sizes = {"length": ids.length, "alphabet_size": ids.alphabet_size, "vertices": ids.vertices, "edges": ids.edges}
        return ExactModel(*compile_exact(program, **sizes, **parameters), Alphabet(ids.names), task)


def run_exact(
    model: ExactModel,
    records: list[NamedSequence],
    *,
    header: int | None = None,
    attention: str = "hash",
    progress: Progress | None = None,
) -> list[Prediction]:
    """The exact transformer's answers on sequences; `header` as `predict` takes it.

    Raises `InputError` for what `predict` refuses, for a head that hash attention cannot run, naming it, and for more
    tokens than soft or hard attention has memory for.

    >>> from logdepth.programs import khop_doubling
    >>> abc = Alphabet.of("abc")
    >>> records = [NamedSequence("line 1", abc.parse("abcabca", "line 1"))]
    >>> run_exact(ExactModel.of_program(khop_doubling, records, abc, k=1), records)[0].text
    '___bcab'
    """
    headers = headers_of(records, model.graph.setting, header)
    vocabulary = model.graph.vocabulary
    found = []
    for number, (record, own) in enumerate(zip(records, headers, strict=True)):
        first = np.array([own]) if model.graph.setting.header_size else None
        strings = np.asarray(record.symbols, np.int64).reshape(1, -1)
        ids = _answers(model, vocabulary.encode(strings, first), attention, _part(progress, number, len(records)))
        words = vocabulary.answers(ids[1:])
        text = (
            model.alphabet.text(words.tolist()) if model.graph.output_is_symbol else " ".join(map(str, words.tolist()))
        )
        found.append(Prediction(record.name, words.tolist(), text))
    return found


def run_exact_graph(
    model: ExactModel, graph: Graph, *, attention: str = "hash", progress: Progress | None = None
) -> dict[str, np.ndarray]:
    """The exact transformer's answers on a graph, as columns in the names of its file.

    Raises `InputError` for a model of sequences, a graph larger than the model, and what `run_exact` refuses.
    """
    ids, vocabulary = model.graph.setting.graph, model.graph.vocabulary
    if ids is None:
        raise InputError(f"{model.graph.name} is a program on sequences; it takes no graph")
    if model.task is not None:
        model.task.check_graph(graph)
    symbols, order = ids.encode(graph)
    answers = _answers(model, vocabulary.encode(symbols[None]), attention, progress)
    columns = answers_in(ids, model.task, graph, vocabulary.answers(answers), order)
    assert columns is not None, "an exact transformer's label is a vertex of the graph"
    return columns


def _answers(model: ExactModel, tokens: np.ndarray, attention: str, progress: Progress | None) -> np.ndarray:
    """The ids said at every slot of one row of tokens."""
    if attention not in ATTENTIONS:
        raise InputError(f"attention is {attention!r}; it must be one of {', '.join(ATTENTIONS)}")
    if attention == "hash":
        return model.transformer.sparse_trace(tokens, progress=progress).answers[0]
    heads = sum(len(layer.heads) for layer in model.transformer.layers)
    needed = (heads + 4) * 8 * tokens.shape[1] ** 2
    if needed > WORKING_MEMORY:
        raise InputError(
            f"{attention} attention holds all pairs of {tokens.shape[1]:,} tokens in {heads} heads: "
            f"{needed / (1 << 30):,.1f} GiB; the limit is {WORKING_MEMORY >> 30} GiB: use --attention hash"
        )
    return model.transformer.run(tokens, attention)[0]


def _part(progress: Progress | None, number: int, count: int) -> Progress | None:
    """Progress of one sequence as that of all."""
    return None if progress is None else lambda done, total: progress(number * total + done, count * total)
