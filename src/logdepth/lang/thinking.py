"""Chains of thought: the tokens that a thinking program returns, and the loop that feeds them back.

A program marked `@program(thinks=True)` is asked at every token for the next one. `think` is the reference for what a
model's `generate` writes: ask at the last token, append the answer, ask again, until the answer is "nothing".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from logdepth.errors import InputError, ProgramError
from logdepth.lang.graph import ProgramGraph
from logdepth.lang.interpreter import interpret
from logdepth.lang.lines import here
from logdepth.lang.words import Word, current_setting, table
from logdepth.sequences.chain import ChainTokens


def point(position: Word | int) -> Word:
    """The token that points to a position of the text; "nothing", the end, for one outside it.

    Raises `ProgramError` in a program that does not think.
    """
    return table(_tokens().pointer, position)


def say(letter: Word | int) -> Word:
    """The token that is a letter; "nothing", the end, for what is none. Raises `ProgramError` as `point` does."""
    ids = _tokens()
    return table(lambda value: value if 0 <= value < ids.letters else ids.nothing, letter)


def _tokens() -> ChainTokens:
    ids = current_setting().chain
    if ids is None:
        raise ProgramError(f"{here()}: only a program that is marked @program(thinks=True) returns tokens")
    return ids


def think(
    graph: ProgramGraph, prompts: Sequence[Sequence[int]], headers: Sequence[int] | None = None
) -> list[list[int]]:
    """What is written after each prompt (symbols after the header token), without the end.

    Raises `InputError` for the graph of a program that does not think, for prompts that `interpret` does not take, and
    for a chain that does not end within the positions that there are.

    >>> from logdepth.programs import khop_cot
    >>> graph = khop_cot.trace(length=12, alphabet_size=7, header_size=6, text=5, steps=5)
    >>> think(graph, [[0, 1, 0, 1, 5]], headers=[1])
    [[4, 0]]
    """
    ids = graph.setting.chain
    if ids is None:
        raise InputError(f"program {graph.name} does not think")
    lengths = np.array([len(prompt) for prompt in prompts], np.int64)
    starts = lengths.copy()
    strings = np.zeros((len(prompts), ids.length), np.int64)
    if lengths.max(initial=0) > ids.length:
        raise InputError(f"a prompt of {lengths.max():,} symbols; the program was traced for {ids.length:,} at most")
    for row, prompt in enumerate(prompts):
        strings[row, : len(prompt)] = prompt
    thinking = np.arange(len(prompts))
    while thinking.size:
        now = lengths[thinking]
        first = None if headers is None else np.asarray(headers)[thinking]
        words = interpret(graph, strings[thinking, : now.max()], lengths=now, header=first)
        assert isinstance(words, np.ndarray)
        said = words[np.arange(len(now)), now]
        goes_on = said != ids.nothing
        if (now[goes_on] == ids.length).any():
            row = int(thinking[goes_on][np.argmax(now[goes_on] == ids.length)])
            raise InputError(
                f"chain {row + 1} does not end within {ids.length + 1:,} positions; trace the program with more steps"
            )
        thinking = thinking[goes_on]
        strings[thinking, lengths[thinking]] = said[goes_on]
        lengths[thinking] += 1
    return [strings[row, starts[row] : lengths[row]].tolist() for row in range(len(prompts))]
