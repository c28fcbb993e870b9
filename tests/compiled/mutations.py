"""One-field mutations of a compiled model's folder: every kind of change, at places drawn at random."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from logdepth.compiled.contents import FILES, WEIGHTS, section_checksum
from logdepth.files import sha256

KINDS = ("delete", "type", "value", "nest", "null")
OTHER_TYPES = {int: "7", str: 7, bool: "true", float: "1", list: {}, dict: [], type(None): 0}


def mutations(folder: Path, each: int, seed: int) -> Iterator[tuple[str, str, bytes]]:
    """(file, what was done, the file's new bytes): `each` fields of every JSON file, `each` bytes of the others, and a
    few bytes of the JSON files."""
    rng = random.Random(seed)
    for name in FILES:
        data = (folder / name).read_bytes()
        fields = each if name.endswith(".json") else 0
        for _ in range(fields):
            what, changed = _field(data, rng)
            if changed != data:
                yield name, what, changed
        for _ in range(each // 4 if fields else each):
            place, bit = rng.randrange(len(data)), rng.randrange(8)
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            yield name, f"byte {place}, bit {bit}", bytes(changed)


def reseal(folder: Path) -> None:
    """Give every changed part the checksum it should have: what somebody does who wants to hide a change."""
    file = folder / "logdepth.json"
    description = json.loads(file.read_text())
    weights = folder / WEIGHTS
    description["weights"] = {"sha256": sha256(weights), "bytes": weights.stat().st_size}
    for name in description["checksums"]:
        if name in FILES:
            description["checksums"][name] = sha256(folder / name)
        else:
            description["checksums"][name] = section_checksum(description[name])
    file.write_text(json.dumps(description, indent=1) + "\n")


def _field(data: bytes, rng: random.Random) -> tuple[str, bytes]:
    content = json.loads(data)
    path = rng.choice(list(_paths(content)))
    kind = rng.choice(KINDS)
    holder = content
    for step in path[:-1]:
        holder = holder[step]
    last, old = path[-1], holder[path[-1]]
    if kind == "delete":
        del holder[last]
    else:
        holder[last] = _other(kind, old, rng)
    return f"{kind} {'.'.join(map(str, path))}", (json.dumps(content, indent=1) + "\n").encode()


def _other(kind: str, old: Any, rng: random.Random) -> Any:
    if kind == "type":
        return OTHER_TYPES[type(old)]
    if kind == "null":
        return 0 if old is None else None
    if kind == "nest":
        nested: Any = 1
        for _ in range(rng.choice([1, 50, 200])):
            nested = [nested]
        return nested
    if isinstance(old, bool):
        return not old
    if isinstance(old, int):
        return old + rng.choice([1, -1, 10**6, -(10**6), 2**70, 10**30])
    if isinstance(old, float):
        return rng.choice([old + 1, float("inf"), float("nan"), -old - 1, old * (1 + 1e-12) + 1e-300])
    if isinstance(old, str):
        return rng.choice([old + "x", old[:-1] + "é", "khop_rank_", "../../etc"])
    if isinstance(old, list):
        return rng.choice([[*old, 1], [*old, *old, None], [None, *old[::-1]]])
    return {**(old or {}), "planted": 1}


def _paths(content: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if above:
        yield above
    inside = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in inside:
        yield from _paths(value, (*above, key))
