"""Numbers as symbols: what a program computes, answered as a letter, or as "nothing"."""

from __future__ import annotations

from logdepth.lang.words import MAX_TABLE, Word, as_word, current_setting, maximum, minimum, select, table


def symbol(word: Word | int) -> Word:
    """The symbol of that number: 0 is the alphabet's first. What is outside of 0..A-1 is "nothing", the number A.

    A program whose answers are all symbols (mine, read ones, casts, choices between them) is printed and compiled as
    one that answers with symbols. Within the program the word stays a number like any other.

    >>> from logdepth.lang import Position, Symbol, program
    >>> @program
    ... def next_letter(x: Symbol):
    ...     return symbol(x + 1)
    >>> next_letter.run("abcab", symbols="abc")
    'bc_bc'
    """
    nothing_is = current_setting().alphabet_size
    word = as_word(word)
    if word.lo >= 0:
        word = minimum(word, nothing_is) if word.hi > nothing_is else word
    elif word.size <= MAX_TABLE:
        word = table(lambda value: value if 0 <= value < nothing_is else nothing_is, word)
    else:
        word = minimum(maximum(select(word < 0, nothing_is, word), 0), nothing_is)
    return Word("cast", (word,), word.lo, word.hi)


def nothing() -> Word:
    """The answer "nothing", printed `_`.

    >>> from logdepth.lang import Symbol, program, select
    >>> @program
    ... def vowels(x: Symbol):
    ...     return select(x == 0, x, nothing())
    >>> vowels.run("banana")
    '_a_a_a'
    """
    return symbol(current_setting().alphabet_size)
