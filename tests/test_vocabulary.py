"""The layout of token ids: one number for everything, and back."""

from __future__ import annotations

import numpy as np
import pytest

from logdepth.errors import InputError
from logdepth.lang import Position, Symbol, program
from logdepth.programs import khop_rank, khop_rank_any
from logdepth.vocabulary import Vocabulary


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("headers", [0, 3])
@pytest.mark.parametrize("numbers", [None, range(-2, 5)])
def test_every_id_means_one_thing(size: int, headers: int, numbers: range | None) -> None:
    ids = Vocabulary(size, headers, numbers)
    names = ids.names("ABCD"[:size])
    assert len(set(names)) == len(names) == ids.size
    assert names[ids.first_symbol] == "A" and names[ids.nothing] == ("<none>" if headers else "<start>")
    assert names[ids.first_output] == ("A" if numbers is None else "<=-2>")
    words = np.array(numbers or range(size + 1))
    right = ids.answer_ids(np.stack([words, words]))
    assert (ids.answers(right[0, 1:]) == words[1:]).all()
    texts = [*"ABCD"[:size], names[ids.nothing]] if numbers is None else [f"<={value}>" for value in numbers]
    assert [names[i] for i in right[0, 1:]] == texts[1:]
    assert right[0, 0] == (ids.blank if headers else ids.first_output)


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("headers", [0, 1, 3])
@pytest.mark.parametrize("numbers", [None, range(-2, 5)])
def test_what_is_put_in_can_be_taken_out(size: int, headers: int, numbers: range | None) -> None:
    ids = Vocabulary(size, headers, numbers)
    strings = np.resize(np.arange(size), (max(1, headers), 5))
    header = np.arange(len(strings)) if headers else None
    tokens = ids.encode(strings, header)
    found, said = ids.decode(tokens)
    assert (found == strings).all() and (said is None if header is None else (said == header).all())
    symbols, values = ids.input_words()
    assert (symbols[tokens[:, 1:]] == strings).all() and (values[tokens[:, 1:]] == 0).all()
    assert (symbols[tokens[:, 0]] == size).all() and values[tokens[:, 0]].tolist() == list(range(len(strings)))
    assert tokens[:, 0].tolist() == list(ids.start_ids) and set(ids.start_ids).isdisjoint(tokens[:, 1:].ravel())
    texts = ids.names("ABCD"[:size])
    assert [texts[i] for i in ids.start_ids] == ([f"<{k}>" for k in range(headers)] or ["<start>"])
    assert texts[ids.unasked] == ("<blank>" if headers else "<start>")


def test_programs_have_their_vocabulary() -> None:
    assert khop_rank.trace(length=9, alphabet_size=4, k=2).vocabulary == Vocabulary(4)
    assert khop_rank_any.trace(length=9, alphabet_size=4, header_size=3, max_k=2).vocabulary == Vocabulary(4, 3)

    @program
    def where(x: Symbol, position: Position):
        return position - 1

    assert where.trace(length=9, alphabet_size=4).vocabulary == Vocabulary(4, 0, range(-1, 9))


def test_what_a_vocabulary_has_not() -> None:
    with pytest.raises(InputError, match="no blank"):
        _ = Vocabulary(4).blank
    with pytest.raises(InputError, match="takes a header; say which"):
        Vocabulary(4, 2).encode(np.array([[1]]))
