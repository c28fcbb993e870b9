"""The words of a report, defined on its page."""

from __future__ import annotations

from logdepth.analysis.page import Section


def words(pointer: str) -> Section:
    """What every term on the page means, for a task whose pointer has that name.

    >>> words("find").lines[0][0]
    'find, find^j'
    """
    lines = [
        (
            f"{pointer}, {pointer}^j",
            f"the task's pointer: the position that one hop leads to from another; {pointer}^j is where j hops lead. "
            "The answer for k is the symbol at the k-th",
        ),
        ("slot", "a place in the input: slot 0 is the header token, which asks for k, slot i the i-th symbol"),
        (
            "residual stream",
            "what the model holds at a slot after a layer: one vector, which every later layer reads and adds to",
        ),
        ("head", "a part of a layer that reads other slots, with weights that sum to 1 (its attention)"),
        ("score", f"how nearly a head's attention is {pointer}^j and nothing else: a cosine, 1 is exactly"),
        ("previous, start, itself", "heads that look at the slot before, at slot 0, at their own slot"),
        ("probe", "a linear map, fitted on some strings, that reads something off the residual stream of others"),
        (
            "symbol, position, rank, distance",
            f"what probes ask about {pointer}^j: the symbol there; its position; the how-manieth of its symbol it is; "
            "how far back it is",
        ),
        (
            "hops in hand",
            "the largest j whose symbol or position a probe reads in enough slots, .90 to .999 of them: the cutoff",
        ),
        ("hop prefix", "the largest J such that the symbols of all hops 1..J can be read"),
        (
            "rank",
            "an exact construction of k-hop: after layer l a slot knows symbol and rank of find^p, p = 2^(l-1) - 1, "
            "and looks that symbol and rank up; p hops become 2 p + 1",
        ),
        (
            "doubling",
            "another: after layer l a slot knows the position of find^p, p = 2^(l-2), and reads what is there; p hops "
            "become 2 p",
        ),
        (
            "ablation",
            "running the model with one head's output replaced, by zero or by its mean: what it then gets wrong, it "
            "needs that head for",
        ),
        (
            "patching",
            "running the model on one string with one activation taken from another string: where that brings the "
            "other answer, the answer passes",
        ),
    ]
    return Section("Words on this page", "", None, ("word", "meaning"), [list(line) for line in lines], words=True)
