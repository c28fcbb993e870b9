"""Which columns of a table are the edges: one rule for text with a header, and for Parquet."""

from __future__ import annotations

from collections.abc import Sequence

from logdepth.errors import InputError

# Compared without case, spaces, "_" and "-". A table in which one of these pairs occurs names its edges.
PAIRS = (
    ("source", "target"),
    ("from", "to"),
    ("src", "dst"),
    ("tail", "head"),
    ("u", "v"),
    ("fromnode", "tonode"),
    ("fromnodeid", "tonodeid"),
    ("fromid", "toid"),
    ("sourceid", "targetid"),
    ("node1", "node2"),
    ("vertex1", "vertex2"),
)


def plain_name(name: str) -> str:
    """A column's name as it is compared."""
    return "".join(letter for letter in name.casefold() if letter not in " _-\t")


def find_pair(names: Sequence[str]) -> tuple[int, int] | None:
    """The columns of the one known pair among the names, or None. `InputError` if there are several.

    >>> find_pair(["Id", "Source", "Target"]), find_pair(["a", "b"])
    ((1, 2), None)
    """
    plain = [plain_name(name) for name in names]
    pairs = [pair for pair in PAIRS if pair[0] in plain and pair[1] in plain]
    if len(pairs) > 1 or any(plain.count(name) > 1 for pair in pairs for name in pair):
        raise InputError(
            f"columns {', '.join(map(repr, names))}: more than one pair could be the edges; drop the others"
        )
    return (plain.index(pairs[0][0]), plain.index(pairs[0][1])) if pairs else None


def choose_columns(names: Sequence[str], weighted: bool) -> tuple[int, int, int]:
    """Columns of tail, head and weight (-1 unless `weighted`) in a table with these column names.

    The edges: a pair of `PAIRS`, else the first two columns. The weight: the column "weight", else the third
    if the edges are the first two. Raises `InputError` if that leaves no column for one of them.

    >>> choose_columns(["Id", "Source", "Target", "Weight"], weighted=True)
    (1, 2, 3)
    """
    listed = f"columns {', '.join(map(repr, names))}"
    tail, head = find_pair(names) or (0, 1)
    if len(names) < 2:
        raise InputError(f"{listed}: an edge needs two")
    if not weighted:
        return tail, head, -1
    plain = [plain_name(name) for name in names]
    if plain.count("weight") > 1:
        raise InputError(f"{listed}: more than one is called weight")
    if "weight" in plain and plain.index("weight") not in (tail, head):
        return tail, head, plain.index("weight")
    if {tail, head} != {0, 1} or len(names) < 3:
        raise InputError(f"{listed}: none is the weight (one called weight, or the third after the two ids)")
    return tail, head, 2
