"""The words that a token holds of its own: what a program's annotated parameters are given."""

from __future__ import annotations

from logdepth.lang.words import Setting, Word, table


def own_words(setting: Setting, kinds: dict[str, str]) -> dict[str, Word]:
    """The words that every token holds, by the names of the parameters that they are given to. In a text to be thought
    about the token says two of them: its letter ("nothing" where it is none), and where it points to."""
    highs = {"symbol": setting.alphabet_size, "position": setting.length, "header": setting.header_size - 1}
    ids = setting.chain
    if ids is None:
        return {name: Word(kind, (), 0, highs[kind], label=name) for name, kind in kinds.items()}
    token = Word("symbol", (), 0, highs["symbol"])
    said = {"symbol": lambda value: min(value, ids.letters), "pointer": ids.position}
    found = {}
    for name, kind in kinds.items():
        found[name] = table(said[kind], token) if kind in said else Word(kind, (), 0, highs[kind])
        found[name].label = name
    return found
