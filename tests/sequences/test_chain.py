"""The contract of a chain of thought."""

from __future__ import annotations

import pytest

from logdepth.errors import InputError
from logdepth.sequences import Alphabet
from logdepth.sequences.chain import ChainTokens

IDS = ChainTokens(letters=4, text=3, steps=2)


def test_pointers_and_positions_are_each_others_reverse() -> None:
    assert [IDS.position(IDS.pointer(p)) for p in range(5)] == [0, 1, 2, 3, 0]
    assert IDS.alphabet(Alphabet.of("ACGT")).symbols == ("A", "C", "G", "T", "@1", "@2", "@3")


def test_the_longest_prompt_and_chain_fill_the_table_of_positions() -> None:
    prompt = IDS.prompt([0, 1, 2], at=3)
    assert len(prompt) + IDS.steps + 1 == IDS.length


@pytest.mark.parametrize(
    ("string", "at", "message"),
    [
        ([], 1, "the text is empty"),
        ([0, 0, 0, 0], 1, r"4 letters; the model takes 3 at most \(compile one with --length 4\)"),
        ([0, 4], 1, r"position 2: symbol 4 is no letter, 0\.\.3"),
        ([0, 1], 0, r"position 0 is asked for; the text has positions 1\.\.2"),
        ([0, 1], 3, r"position 3 is asked for"),
    ],
)
def test_what_is_no_prompt_is_refused(string: list[int], at: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        IDS.prompt(string, at)


@pytest.mark.parametrize("sizes", [(0, 3, 2), (4, 0, 2), (4, 3, -1)])
def test_sizes_that_cannot_be(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(InputError, match="it must be at least"):
        ChainTokens(*sizes)


def test_a_letter_may_not_look_like_a_pointer() -> None:
    with pytest.raises(InputError, match="marks the pointers"):
        IDS.alphabet(Alphabet.of("ab@c"))


def test_what_begins_as_a_prompt() -> None:
    assert IDS.parsed([0, 1, 6, 4]) is None  # position 3 of a text of 2
    assert IDS.parsed([0, 5]) is None
    assert IDS.parsed([0, 1, 5, 4, 0, 4]) == (2, 2)
    assert IDS.parsed([0, 0, 0, 0, 4]) is None  # longer than the text may be
