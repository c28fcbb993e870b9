"""`predict`: run a compiled model's folder on a user's own sequences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.compiled.folder import Folder, read_folder
from logdepth.compiled.graphs import check_sequences
from logdepth.compiled.hub import load_model
from logdepth.compiled.running import MEMORY, Sizes, logits_by_pieces, room
from logdepth.errors import FolderError, InputError
from logdepth.lang.words import Setting
from logdepth.sequences import NamedSequence
from logdepth.vocabulary import number_text


@dataclass(frozen=True)
class Prediction:
    """One sequence's answers: words (symbol numbers, the alphabet's size for "nothing"; or numbers, as multiples of
    1/grid) and text."""

    name: str
    words: list[int]
    text: str
    grid: int = 1

    @staticmethod
    def of_numbers(name: str, words: list[int], grid: int) -> Prediction:
        """Answers that are multiples of 1/grid."""
        return Prediction(name, words, " ".join(number_text(word, grid) for word in words), grid)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        answers = self.words if self.grid == 1 else [word / self.grid for word in self.words]
        return {"name": self.name, "answers": answers, "text": self.text}


def load(folder: str | Path) -> Folder:
    """A compiled model's folder, read and checked (without its weights). Raises `FolderError`."""
    return read_folder(folder)


def predict(
    folder: str | Path | Folder,
    records: list[NamedSequence] | list[str],
    *,
    header: int | None = None,
    device: str | None = None,
    memory: int = MEMORY,
    progress: Callable[[int, int], None] | None = None,
) -> list[Prediction]:
    """The model's answers on sequences, given as texts or records; `header` is for models that take one (a
    record's own comes first), `memory` the bytes to work in, beside the weights.

    Raises `InputError` for a sequence longer than the model (naming it), a symbol outside the alphabet, a
    missing or superfluous header; `FolderError` for a folder that is not a compiled model. Of a model that thinks use
    `predict_chains`.
    """
    found = folder if isinstance(folder, Folder) else read_folder(folder)
    if found.graph.setting.chain is not None:
        raise InputError(f"{found.path} is a model that thinks: predict_chains (or `logdepth predict`) asks it")
    setting, vocabulary = found.graph.setting, found.vocabulary
    sequences = [
        NamedSequence(f"sequence {i}", found.alphabet.parse(r, f"sequence {i}")) if isinstance(r, str) else r
        for i, r in enumerate(records, 1)
    ]
    headers = headers_of(sequences, setting, header)
    model, stock = load_model(found.path, device=device, target=found.target.name), found.target.stock
    check_sequences(found, sequences)
    answers: list[Prediction | None] = [None] * len(sequences)
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i].symbols))  # little padding
    longest = max((len(record.symbols) for record in sequences), default=0)
    sizes, itemsize = Sizes.of(model.config, stock), next(model.parameters()).element_size()
    fit = room(sizes, longest + 1, itemsize, memory, 256, whole=not stock.cached)
    first = 0
    while first < len(order):
        chosen = order[first : first + fit.rows]
        width = max(len(sequences[i].symbols) for i in chosen)
        strings = np.zeros((len(chosen), width), np.int64)
        mask = np.zeros((len(chosen), width + 1), np.int64)
        for row, i in enumerate(chosen):
            strings[row, : len(sequences[i].symbols)] = sequences[i].symbols
            mask[row, : len(sequences[i].symbols) + 1] = 1
        head = np.array([headers[i] for i in chosen]) if setting.header_size else None
        tokens = np.where(mask == 1, vocabulary.encode(strings, head), vocabulary.nothing)
        pieces = logits_by_pieces(model, tokens, fit.slots, mask)
        best = np.concatenate([scores.argmax(-1).cpu().numpy() for _, scores in pieces], 1)
        for row, i in enumerate(chosen):
            words = vocabulary.answers(best[row, 1 : len(sequences[i].symbols) + 1])
            answers[i] = _prediction(found, sequences[i].name, words)
        first += len(chosen)
        if progress:
            progress(first, len(order))
    return [answer for answer in answers if answer is not None]


def headers_of(sequences: list[NamedSequence], setting: Setting, header: int | None) -> list[int]:
    """The header of each sequence, its own or `header`; 0 for models without one.

    Raises `InputError` for a sequence longer than the model, for a header that is missing, superfluous or too large.
    """
    headers = []
    for record in sequences:
        if len(record.symbols) > setting.length:
            raise InputError(
                f"{record.name}: {len(record.symbols):,} symbols; the model takes {setting.length:,} at most "
                f"(compile one with --length {len(record.symbols)})"
            )
        given = header if record.header is None else record.header
        if setting.header_size and given is None:
            raise InputError(
                f"{record.name}: the model takes a header; give --header, or begin the line with it, as <0>"
            )
        if not setting.header_size and given is not None:
            raise InputError(f"{record.name}: the model takes no header")
        if given is not None and not 0 <= given < setting.header_size:
            raise InputError(f"{record.name}: the header is {given}; the model takes 0..{setting.header_size - 1}")
        headers.append(given or 0)
    return headers


def _prediction(found: Folder, name: str, words: np.ndarray) -> Prediction:
    if found.vocabulary.numbers is not None:
        return Prediction.of_numbers(name, words.tolist(), found.vocabulary.grid)
    if words.size and not 0 <= words.min() <= words.max() <= found.alphabet.size:
        raise FolderError(
            f"{found.path}: {name}: the model's answer is no symbol; `logdepth verify` names what is wrong"
        )
    return Prediction(name, words.tolist(), found.alphabet.text(words.tolist()))
