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
    if asked.vertices is None:
        return silent("layers", "say how many states the automaton has: --vertices")
    bits = (asked.vertices - 1).bit_length()
    if asked.state < bits:
        return Finding(1, "layers", None, f"a state takes {bits} bits, the model's has {asked.state:,}", depth=1)
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
        condition="state updates are arbitrary",
        ask=_state,
    ),
    Statement(
        name="fixed depth, languages",
        source="arXiv 2503.03961; for state-space models arXiv 2404.08819",
        task="regular-language",
        archs=("transformer", "looped", "ssm", "cot"),
        says="no model of fixed depth, nor with O(log n) thoughts, recognises the words of A_5 or S_5 at every length",
        figure="L not constant, at any polynomial width",
        condition="precision O(log n); state-space models with diagonal or fixed transitions",
        ask=_fixed,
        conjecture=CIRCUITS,
    ),
)
