"""Regular languages: logarithmic depth is enough, and no fixed one is, if circuit classes are what they are thought."""

from __future__ import annotations

from logdepth.theory.asked import Asked
from logdepth.theory.connectivity import unrolled_depth
from logdepth.theory.statement import CIRCUITS, Finding, Statement, constant_of, enough, silent


def _doubling(asked: Asked) -> Finding:
    value = unrolled_depth(max(asked.needed("length"), 2))
    constant = constant_of(asked, "regular languages by loops")
    if constant is None:
        return Finding(value, "repeats", None, "times a constant that was not to be found in the source read")
    return enough(-(-value * constant.numerator // constant.denominator), asked, "one block repeated")


def _state(asked: Asked) -> Finding:
    return enough(1, asked, "the automaton's state is the model's")


def _fixed(asked: Asked) -> Finding:
    return silent("layers", "it speaks of all lengths at once: a fixed depth, and strings that grow")


STATEMENTS = (
    Statement(
        name="regular languages by loops",
        source="arXiv 2503.03961 (Theorem 1)",
        task="regular-language",
        archs=("looped", "transformer"),
        says="one block of constant size, repeated, recognises a regular language",
        figure="Theta(log n) repeats",
        condition="averaging hard attention, precision O(log n)",
        ask=_doubling,
        open_constant=True,
    ),
    Statement(
        name="one layer of state",
        source="Merrill (2019) and others; by definition",
        task="regular-language",
        archs=("rnn",),
        says="a recurrent layer whose state is the automaton's recognises it",
        figure="L = 1, ceil(log2 of the automaton's states) bits",
        condition="state bits for the automaton",
        ask=_state,
    ),
    Statement(
        name="fixed depth, languages",
        source="arXiv 2503.03961; for state-space models arXiv 2404.08819",
        task="regular-language",
        archs=("transformer", "looped", "ssm"),
        says="no model of fixed depth recognises the word problem of A_5 or S_5 at every length",
        figure="L not constant, at any polynomial width",
        condition="precision O(log n); state-space models with diagonal or fixed transitions",
        ask=_fixed,
        conjecture=CIRCUITS,
    ),
)
