"""The exact transformer of a program on a user's own input: of a compiled folder, or compiled here for the input's
size.

No stock architecture is run and no weights are read. What runs is the exact object that a folder's weights were made
from, in float64, so that there is no certificate to ask for, and by hash attention a million tokens take seconds.
"""

from __future__ import annotations

import time
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
from logdepth.graphs.tokens import GraphTokens
from logdepth.lang.graph import ProgramGraph
from logdepth.lang.interpreter import interpret
from logdepth.lang.program import Program
from logdepth.programs import BUILT_IN
from logdepth.sequences import Alphabet, NamedSequence
from logdepth.summary import TwoLines
from logdepth.tasks.graphs import GraphTask
from logdepth.transformer import Transformer

ATTENTIONS = ("hash", "hard", "soft")
MOST_PAIRS = 1 << 32  # what the interpreter may compare one by one to check a run
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
    def of_folder(folder: Folder, length: int | None = None) -> ExactModel:
        """The exact transformer that a folder's weights were made from, made again from its graph.

        length: for sequences longer than the folder's, compiled anew. Raises `InputError` where that cannot be: a
        folder holds its program at its own length, so the program must be a built-in one, and not of graphs.
        """
        setting, named = folder.graph.setting, folder.description["program"]
        if length is None or length <= setting.length:
            return ExactModel(folder.graph, exact_transformer(folder.graph), folder.alphabet, graph_task(folder))
        if setting.graph is not None:
            raise InputError(
                f"{folder.path} is a model of graphs: its sizes are vertices and edges, not --length; name the program "
                "instead of the folder, and it is compiled for your graph"
            )
        program = BUILT_IN.get(named["name"]) if named["built_in"] else None
        if program is None:
            raise InputError(
                f"{folder.path} holds its program for {setting.length:,} symbols; for {length:,} give the program "
                "itself: FILE.py:program"
            )
        sizes = {"length": length, "alphabet_size": setting.alphabet_size, "header_size": setting.header_size}
        return ExactModel(*compile_exact(program, **sizes, **named["parameters"]), folder.alphabet)

    @staticmethod
    def of_program(
        program: Program,
        records: list[NamedSequence],
        alphabet: Alphabet,
        header_size: int = 0,
        length: int | None = None,
        **parameters: Any,
    ) -> ExactModel:
        """For sequences as long as the longest record, or `length`. Raises `InputError`, `ProgramError` as compiling
        does."""
        length = max(1, *(len(record.symbols) for record in records)) if length is None else length
        sizes = {"length": length, "alphabet_size": alphabet.size, "header_size": header_size}
        return ExactModel(*compile_exact(program, **sizes, **parameters), alphabet)

    @staticmethod
    def of_graph(program: Program, ids: GraphTokens, task: GraphTask | None = None, **parameters: Any) -> ExactModel:
        """Of a program that reads graphs, for graphs of that size."""
        sizes = {"length": ids.length, "alphabet_size": ids.alphabet_size, "vertices": ids.vertices, "edges": ids.edges}
        return ExactModel(*compile_exact(program, **sizes, **parameters), Alphabet(ids.names), task)


@dataclass(frozen=True)
class ExactRun:
    """What a run was: of what, on how many tokens, seconds of it without compiling and checking. wrong: answers that
    are not the interpreter's; None if it was not asked, and `unchecked` says why."""

    program: str
    depth: int
    heads: int
    embed_dim: int
    attention: str
    tokens: int
    seconds: float
    wrong: int | None
    unchecked: str = ""


@dataclass(frozen=True, eq=False)
class _Answers:
    """The ids said at every slot of one row of tokens, and how that came to be."""

    ids: np.ndarray
    seconds: float
    wrong: int | None


def run_exact(
    model: ExactModel,
    records: list[NamedSequence],
    *,
    header: int | None = None,
    attention: str = "hash",
    check: bool = True,
    progress: Progress | None = None,
) -> tuple[list[Prediction], ExactRun]:
    """The exact transformer's answers on sequences, and an account; `header` as `predict` takes it. check: ask the
    interpreter, too.

    Raises `InputError` for what `predict` refuses, for a head that hash attention cannot run, naming it, and for more
    tokens than soft or hard attention has memory for.

    >>> from logdepth.programs import khop_doubling
    >>> abc = Alphabet.of("abc")
    >>> records = [NamedSequence("line 1", abc.parse("abcabca", "line 1"))]
    >>> answers, account = run_exact(ExactModel.of_program(khop_doubling, records, abc, k=1), records)
    >>> answers[0].text, account.tokens, account.wrong
    ('___bcab', 8, 0)
    """
    headers = headers_of(records, model.graph.setting, header)
    vocabulary = model.graph.vocabulary
    unchecked = _unchecked(model, max(len(record.symbols) for record in records)) if check else "not asked"
    found, runs = [], []
    for number, (record, own) in enumerate(zip(records, headers, strict=True)):
        strings = np.asarray(record.symbols, np.int64).reshape(1, -1)
        size = model.alphabet.size
        if strings.size and not 0 <= strings.min() <= strings.max() < size:
            raise InputError(f"{record.name}: a symbol is outside 0..{size - 1}")
        first = np.array([own]) if model.graph.setting.header_size else None
        each = _answers(model, strings, first, attention, not unchecked, _part(progress, number, len(records)))
        words = vocabulary.answers(each.ids[1:])
        if model.graph.output_is_symbol:
            found.append(Prediction(record.name, words.tolist(), model.alphabet.text(words.tolist())))
        else:
            found.append(Prediction.of_numbers(record.name, words.tolist(), vocabulary.grid))
        runs.append(each)
    return found, _account(model, attention, runs, unchecked)


def run_exact_graph(
    model: ExactModel,
    graph: Graph,
    *,
    attention: str = "hash",
    check: bool = True,
    progress: Progress | None = None,
) -> tuple[dict[str, np.ndarray], ExactRun]:
    """The exact transformer's answers on a graph, as columns in the names of its file, and an account.

    Raises `InputError` for a model of sequences, a graph larger than the model, and what `run_exact` refuses.
    """
    ids, vocabulary = model.graph.setting.graph, model.graph.vocabulary
    if ids is None:
        raise InputError(f"{model.graph.name} is a program on sequences; it takes no graph")
    if model.task is not None:
        model.task.check_graph(graph)
    symbols, order = ids.encode(graph)
    unchecked = _unchecked(model, len(symbols)) if check else "not asked"
    run = _answers(model, symbols[None], None, attention, not unchecked, progress)
    columns = answers_in(ids, model.task, graph, vocabulary.answers(run.ids), order)
    assert columns is not None, "an exact transformer's label is a vertex of the graph"
    return columns, _account(model, attention, [run], unchecked)


def _answers(
    model: ExactModel,
    strings: np.ndarray,
    first: np.ndarray | None,
    attention: str,
    check: bool,
    progress: Progress | None,
) -> _Answers:
    if attention not in ATTENTIONS:
        raise InputError(f"attention is {attention!r}; it must be one of {', '.join(ATTENTIONS)}")
    tokens = model.graph.vocabulary.encode(strings, first)
    if attention != "hash":
        heads = max((len(layer.heads) for layer in model.transformer.layers), default=0)
        per_slot = model.transformer.embed_dim * (model.transformer.depth + 2)
        all_heads = sum(len(layer.heads) for layer in model.transformer.layers)
        needed = 8 * tokens.shape[1] * ((all_heads + heads + 3) * tokens.shape[1] + per_slot)
        if needed > WORKING_MEMORY:
            raise InputError(
                f"{attention} attention holds all pairs of {tokens.shape[1]:,} tokens in {all_heads} heads: "
                f"{needed / (1 << 30):,.1f} GiB; the limit is {WORKING_MEMORY >> 30} GiB: use --attention hash"
            )
    began = time.perf_counter()
    ids = model.transformer.run(tokens, attention, progress=progress)[0]
    seconds = time.perf_counter() - began
    if not check:
        return _Answers(ids, seconds, None)
    words = interpret(model.graph, strings, header=first)
    assert isinstance(words, np.ndarray)
    return _Answers(ids, seconds, int((ids != model.graph.vocabulary.answer_ids(words)[0]).sum()))


def _unchecked(model: ExactModel, length: int) -> str:
    """Why the interpreter is not asked: it compares all pairs where a look-up is by more than equality."""
    related = sum(bool(node.match and node.match.relations) for node in model.graph.nodes)
    if related * length**2 <= MOST_PAIRS:
        return ""
    return f"the interpreter compares all pairs of {length:,} tokens in {related} look-ups by order or sets"


def _account(model: ExactModel, attention: str, runs: list[_Answers], unchecked: str) -> ExactRun:
    return ExactRun(
        program=model.graph.name,
        depth=model.transformer.depth,
        heads=sum(len(layer.heads) for layer in model.transformer.layers),
        embed_dim=model.transformer.embed_dim,
        attention=attention,
        tokens=sum(len(run.ids) for run in runs),
        seconds=sum(run.seconds for run in runs),
        wrong=None if unchecked else sum(run.wrong or 0 for run in runs),
        unchecked=unchecked,
    )


def _part(progress: Progress | None, number: int, count: int) -> Progress | None:
    """Progress of one sequence as that of all."""
    return None if progress is None else lambda done, total: progress(number * total + done, count * total)
