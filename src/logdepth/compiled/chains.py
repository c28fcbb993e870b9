"""A compiled model that thinks, on prompts: `generate` as anybody would call it, and its chains read back."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.compiled.folder import Folder, read_folder
from logdepth.compiled.hub import load_model
from logdepth.compiled.running import MEMORY, Sizes, room
from logdepth.compiled.task import task_of
from logdepth.errors import FolderError, InputError
from logdepth.lang.thinking import think
from logdepth.rng import rng_for
from logdepth.sequences import NamedSequence
from logdepth.sequences.chain import ChainTokens
from logdepth.tasks.chains import ChainQuestion, ChainTask

_ROWS = 256


@dataclass(frozen=True)
class Chain:
    """What a model wrote for one question, without the end: symbols, and their names. answer: a letter's number, as
    many as there are letters for "nothing"."""

    name: str
    at: int
    header: int | None
    written: list[int]
    names: list[str]
    answer: int
    said: str

    @property
    def text(self) -> str:
        """The answer, and the chain that led to it."""
        return "\t".join((self.said, " ".join(self.names)))

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"name": self.name, "at": self.at, "header": self.header, "chain": self.names, "answer": self.said}


def generate(
    model: Any,
    found: Folder,
    prompts: Sequence[Sequence[int]],
    headers: Sequence[int] | None,
    *,
    use_cache: bool = True,
    memory: int = MEMORY,
    progress: Callable[[int, int], None] | None = None,
) -> list[list[int]]:
    """What stock `generate` writes after each prompt (symbols after the header token), without the end, as symbols.

    Prompts of one length run together, so that none is padded. Raises `FolderError` for a chain that is cut off by the
    end of the table of positions, or holds what is no symbol.
    """
    import torch

    ids, vocabulary = chain_tokens(found), found.vocabulary
    sizes, weight = Sizes.of(model.config, found.target.stock), next(model.parameters())
    written: list[list[int]] = [[] for _ in prompts]
    by_length: dict[int, list[int]] = {}
    for row, prompt in enumerate(prompts):
        by_length.setdefault(len(prompt), []).append(row)
    fit = room(sizes, ids.length + 1, weight.element_size(), memory, _ROWS, whole=True).rows
    done = 0
    for rows in by_length.values():
        for first in range(0, len(rows), fit):
            chosen = rows[first : first + fit]
            strings = np.array([prompts[row] for row in chosen]).reshape(len(chosen), -1)
            head = None if headers is None else np.array([headers[row] for row in chosen])
            tokens = torch.as_tensor(vocabulary.encode(strings, head), device=weight.device)
            with torch.no_grad(), _silence():
                out = model.generate(
                    tokens, attention_mask=torch.ones_like(tokens), do_sample=False, num_beams=1, use_cache=use_cache
                )
            for row, line in zip(chosen, out[:, tokens.shape[1] :].tolist(), strict=True):
                written[row] = _symbols(line, found, row)
            done += len(chosen)
            if progress:
                progress(done, len(prompts))
    return written


@contextmanager
def _silence() -> Iterator[None]:
    """Nothing is said about padding: rows whose chain has ended are padded by `generate`, and nobody reads them."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)


def _symbols(line: list[int], found: Folder, row: int) -> list[int]:
    ids, vocabulary = chain_tokens(found), found.vocabulary
    if vocabulary.nothing not in line:
        raise FolderError(f"{found.path}: chain {row + 1} has no end; `logdepth verify` names what is wrong")
    symbols = [token - vocabulary.first_symbol for token in line[: line.index(vocabulary.nothing)]]
    if not all(0 <= symbol < ids.alphabet_size for symbol in symbols):
        raise FolderError(
            f"{found.path}: chain {row + 1} holds what is no symbol; `logdepth verify` names what is wrong"
        )
    return symbols


def predict_chains(
    folder: str | Path | Folder,
    records: list[NamedSequence] | list[str],
    *,
    header: int | None = None,
    at: int | str | None = None,
    letters: Sequence[str] | None = None,
    use_cache: bool = True,
    device: str | None = None,
    memory: int = MEMORY,
    progress: Callable[[int, int], None] | None = None,
) -> list[Chain]:
    """Chains for texts of letters, given as texts or records. `header`: what the header token says (k, a goal; a
    record's own comes first); `at`: the position asked for, counted from 1, "all" of them, or the last (default).
    `letters`: what the first letters are called in the answers, if not as in the folder.

    Raises `InputError` for a text, header or position that the model does not take, or k beyond its table of
    positions; `FolderError` for a folder that is not a compiled model, or not one that thinks.
    """
    found = folder if isinstance(folder, Folder) else read_folder(folder)
    ids = chain_tokens(found)
    alphabet = ids.letters_of(found.alphabet)
    questions: list[tuple[str, ChainQuestion]] = []
    for number, record in enumerate(records, 1):
        if isinstance(record, str):
            record = NamedSequence(f"sequence {number}", alphabet.parse(record, f"sequence {number}"))
        try:
            asked = header if record.header is None else record.header
            _check_header(found, ids, asked)
            string = list(map(int, record.symbols))
            places = range(1, len(string) + 1) if at == "all" else [len(string) if at is None else int(at)]
            for place in places:
                ids.prompt(string, place)
                questions.append((record.name, ChainQuestion(string, place, asked or 0)))
            if not string:
                ids.prompt(string, 0)
        except InputError as error:
            raise InputError(f"{record.name}: {error}") from None
    model = load_model(found.path, device=device, target=found.target.name)
    options = {"use_cache": use_cache, "memory": memory, "progress": progress}
    written = ask(model, found, [question for _, question in questions], **options)
    chains = []
    called = [*(letters or ()), *alphabet.symbols[len(letters or ()) :], *found.alphabet.symbols[ids.letters :]]
    for (name, question), symbols in zip(questions, written, strict=True):
        answer = ids.answer(symbols)
        said = alphabet.nothing if answer == ids.letters else called[answer]
        names = [called[symbol] for symbol in symbols]
        asked = question.header if found.graph.setting.header_size else None
        chains.append(Chain(name, question.at, asked, symbols, names, answer, said))
    return chains


def ask(model: Any, found: Folder, questions: Sequence[ChainQuestion], **options: Any) -> list[list[int]]:
    """What `generate` writes, for questions that are known to be fit."""
    ids = chain_tokens(found)
    prompts = [ids.prompt(question.string, question.at) for question in questions]
    headers = [question.header for question in questions] if found.graph.setting.header_size else None
    return generate(model, found, prompts, headers, **options)


def chain_tokens(found: Folder) -> ChainTokens:
    """The symbols of a model that thinks. Raises `InputError` for another."""
    ids = found.graph.setting.chain
    if ids is None:
        raise InputError(f"{found.path} is no model that thinks; its answers stand at every position")
    return ids


def chain_task(found: Folder) -> ChainTask | None:
    """The task that a model computes by thinking, if any."""
    task = task_of(found)
    return task if isinstance(task, ChainTask) else None


def questions_of(found: Folder, count: int, seed: int, *, task: ChainTask | None) -> list[ChainQuestion]:
    """What `verify` asks: the task's own questions, or any at all."""
    if task is not None:
        return task.questions(count, seed, "verify")
    ids, rng = chain_tokens(found), rng_for(seed, "verify", "questions")
    found_questions = []
    for number in range(count):
        n = ids.text if number % 2 else int(rng.integers(1, ids.text + 1))
        string = rng.integers(0, ids.letters, n).tolist()
        header = int(rng.integers(max(1, found.graph.setting.header_size)))
        found_questions.append(ChainQuestion(string, int(rng.integers(1, n + 1)), header))
    return found_questions


def right_chains(found: Folder, questions: Sequence[ChainQuestion], task: ChainTask | None) -> list[list[int]]:
    """The chains that the program writes, by the interpreter, checked against the task's definition and its solver."""
    ids = chain_tokens(found)
    prompts = [ids.prompt(question.string, question.at) for question in questions]
    headers = [question.header for question in questions] if found.graph.setting.header_size else None
    chains = think(found.graph, prompts, headers)
    for question, chain in zip(questions, chains, strict=True):
        if task is not None and (chain != task.chain(question) or ids.answer(chain) != task.answer(question)):
            raise AssertionError(
                f"the program, the definition and the reference solver of {task.name} differ: {question}"
            )
    return chains


def _check_header(found: Folder, ids: ChainTokens, header: int | None) -> None:
    size, task = found.graph.setting.header_size, chain_task(found)
    name = task.header if task else "the header"
    if not size:
        if header is not None:
            raise InputError("the model takes no header")
        return
    if header is None:
        raise InputError(f"give {name} (--k), or begin the line with it, as <2>")
    allowed = task.headers if task else range(size)
    if header in allowed:
        return
    if header >= 0 and len(allowed) == ids.steps + 1:
        raise InputError(
            f"{name} is {header:,}; the model's table of {ids.length + 1:,} positions holds a text of {ids.text:,} and "
            f"{ids.steps:,} thoughts (compile one with --max-k {header})"
        )
    raise InputError(f"{name} is {header:,}; it must be in {allowed.start}..{allowed.stop - 1:,}")
